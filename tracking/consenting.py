"""Whether a visitor agreed to an event, as the event itself says: asked by whoever takes one."""

from __future__ import annotations

from typing import Any

NECESSARY = "necessary"


def agreed(scope: str, event: Any, *, no_tracking: bool) -> bool:
    """Whether an event of this consent scope may be kept; what is no event says nothing.

    ``no_tracking``: the browser asks for no tracking at all, and the site agrees.
    """
    if scope == NECESSARY:
        return True
    if no_tracking or not isinstance(event, dict):
        return False
    snapshot = event.get("consent_snapshot")
    return isinstance(snapshot, dict) and bool(snapshot.get(scope))
