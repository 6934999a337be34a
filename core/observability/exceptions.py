"""Telling which exception it was without its text: one from a plugin may quote tokens and people."""

from __future__ import annotations

import traceback


def type_and_place(exc: BaseException) -> str:
    """Return an exception's type and where it was raised, such as ``KeyError at client.py:42``."""
    frames = traceback.extract_tb(exc.__traceback__)
    last = frames[-1] if frames else None
    place = f" at {last.filename.rpartition('/')[2]}:{last.lineno}" if last else ""
    return f"{type(exc).__name__}{place}"
