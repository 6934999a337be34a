"""The states of a live event, and which may follow which."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from adrail import phrase

STATUSES = ("draft", "on_sale", "sold_out", "postponed", "cancelled", "ended")
NEXT: Mapping[str, tuple[str, ...]] = {
    "draft": ("on_sale", "cancelled"),
    "on_sale": ("draft", "sold_out", "postponed", "cancelled", "ended"),
    "sold_out": ("on_sale", "postponed", "cancelled", "ended"),
    "postponed": ("on_sale", "sold_out", "cancelled"),
    "cancelled": (),
    "ended": ("on_sale", "postponed"),
}
# In these nobody can buy, so nobody should pay for bringing buyers.
STOPPED = frozenset({"draft", "sold_out", "postponed", "cancelled", "ended"})
RUNNING = ("on_sale", "sold_out")
# How long a live event lasts when nobody said when it ends.
USUAL_LENGTH = timedelta(hours=12)


def end_of(starts_at: datetime, ends_at: datetime | None) -> datetime:
    """Return when a live event is over: its end, or twelve hours after its start."""
    return ends_at or starts_at + USUAL_LENGTH


def refusal(before: str, after: str, end: datetime, now: datetime | None = None) -> str | None:
    """Return why ``after`` may not follow ``before`` and what to do instead; None when it may."""
    now = now or datetime.now(UTC)
    if after not in NEXT[before]:
        if before == "cancelled":
            return phrase("a cancelled live event stays cancelled; make a new one for a new date")
        choices = ", ".join(NEXT[before])
        return phrase(
            "%(after)s cannot follow %(before)s; these can: %(choices)s", after=after, before=before, choices=choices
        )
    if before == "ended" and end <= now:
        return phrase("it is over; move starts_at and ends_at to the new date first, or in the same call")
    if after == "ended" and end > now:
        return phrase("it is not over before %(end)s; cancel it, or move its end", end=end.isoformat())
    return None
