"""Data directories: an empty one, and one that was initialised once for all tests of the run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.embedded.postgres import EmbeddedPostgres
from tests.core.embedded.support import open_folder


@pytest.fixture
def empty_dir() -> Iterator[Path]:
    with open_folder() as folder:
        yield folder


@pytest.fixture(scope="session")
def initialised_dir() -> Iterator[Path]:
    with open_folder() as folder:
        with EmbeddedPostgres(folder):
            pass
        yield folder


@pytest.fixture
def data_dir(initialised_dir: Path) -> Iterator[Path]:
    """The shared directory, no server running; its small files are put back, its database is not."""
    small = {name: initialised_dir / name for name in ("secrets.json", "postgres/PG_VERSION")}
    before = {name: path.read_bytes() for name, path in small.items()}
    yield initialised_dir
    for name, path in small.items():
        path.write_bytes(before[name])
    small["secrets.json"].chmod(0o600)
    (initialised_dir / "config" / "postgresql.local.conf").unlink(missing_ok=True)
