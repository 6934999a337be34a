"""Messages that survive a redirect: what was done, and how to take it back."""

from __future__ import annotations

from flask import flash


def say(title: str, text: str = "", *, tone: str = "good", undo: str | None = None) -> None:
    """Show a message on the next page; ``undo`` is the address that takes the change back."""
    flash({"title": title, "text": text, "tone": tone, "undo": undo}, "page")  # type: ignore[arg-type]
