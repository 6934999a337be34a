"""Where these tests keep what they archive."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.process_state import use_environment


@pytest.fixture
def place(database: str, tmp_path: Path) -> Iterator[Path]:
    """The archive of this test."""
    folder = tmp_path / "archive"
    with use_environment(ADRAIL_ARCHIVE_URL=str(folder)):
        yield folder
