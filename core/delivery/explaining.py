"""Why a delivery stands where it stands, in plain words: the platform's own where it has some, else ours."""

from __future__ import annotations

from core.delivery import reasons
from core.delivery.verdicts import ACCEPTED
from core.delivery.views import Explanation
from core.registry import UnknownPlatformError, registry


def explain(provider: str, state: str, reason: str | None, platform_code: str | None) -> Explanation | None:
    """Return what happened and what to do; None for an accepted delivery and for one that was not tried yet."""
    if state == ACCEPTED:
        return None
    theirs = _words_of(provider).get(platform_code or "")
    if theirs:
        return Explanation(*theirs, by="platform")
    ours = reasons.EXPLAIN.get(reason or "")
    return Explanation(*ours, by="adrail") if ours else None


def _words_of(provider: str) -> dict[str, tuple[str, str]]:
    try:
        return dict(registry().get(provider).explain)
    except UnknownPlatformError:
        return {}
