"""Advisory locks: whoever takes one says which, so that no two things share a number unnoticed."""

from __future__ import annotations

import re
from pathlib import Path

import core

NUMBERED = re.compile(r"pg_\w*advisory\w*lock\w*\(\s*\d")


def test_nobody_takes_a_lock_by_a_number_of_their_own() -> None:
    (folder,) = core.__path__
    sources = {path: path.read_text("utf-8") for path in Path(folder).rglob("*.py")}
    assert len(sources) > 100
    assert [path.name for path, text in sources.items() if NUMBERED.search(text)] == []
