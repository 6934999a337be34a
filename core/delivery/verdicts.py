"""The state machine: what an outcome does to a delivery. Pure.

    pending ──accepted──▶ accepted        pending ──ignored──▶ ignored        pending ──invalid, gave up──▶ dead
    pending ──retry, throttled, auth, submitted──▶ pending (later)            dead ──replay──▶ pending

Accepted and ignored are final.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from adrail import Accepted, Auth, Ignored, Invalid, Outcome, Retry, Submitted, Throttled
from core.delivery import reasons
from core.delivery.backoff import GIVE_UP_AFTER, pause, retry_delay

PENDING, ACCEPTED, IGNORED, DEAD = "pending", "accepted", "ignored", "dead"
STATES = (PENDING, ACCEPTED, IGNORED, DEAD)
FINAL = frozenset({ACCEPTED, IGNORED, DEAD})
FAILING = ("retry", "throttled")
"""Attempts that prolong a run of failures; any other attempt ends it."""

REPLAY = "replay"
"""The entry that a person's request for another try leaves in the log of attempts."""

CODE = re.compile(r"[a-z][a-z0-9_]{0,39}")


@dataclass(frozen=True, slots=True)
class Verdict:
    """A delivery's next state. ``attempt`` names the outcome in the log of attempts; ``wait`` is for pending ones."""

    state: str
    attempt: str
    reason: str | None = None
    detail: str | None = None
    code: str | None = None
    reference: str | None = None
    wait: timedelta | None = None


def judge(outcome: Outcome, *, attempts: int, failing_since: datetime | None, now: datetime) -> Verdict:  # noqa: PLR0911
    """Return what becomes of a delivery that was just tried for the ``attempts``-th time.

    ``failing_since`` is when its present, unbroken run of failures began. Texts must be masked already.
    """
    match outcome:
        case Accepted(ref=reference):
            return Verdict(ACCEPTED, "accepted", reference=reference or None)
        case Submitted(ref=reference, poll_after=seconds):
            # Asking again means sending again with the same id: a platform has no ability yet to be asked.
            return Verdict(PENDING, "submitted", reasons.SUBMITTED, reference=reference or None, wait=pause(seconds))
        case Ignored(reason=why):
            known = CODE.fullmatch(why) is not None
            return Verdict(IGNORED, "ignored", why if known else reasons.NOT_TAKEN, None if known else why)
        case Invalid(pointer=pointer, reason=why, code=code):
            return Verdict(DEAD, "invalid", reasons.INVALID, f"{pointer}: {why}" if pointer else why, code or None)
        case Auth(reason=why, code=code):
            # Due at once: the connection itself is what holds it back until somebody reconnects it.
            return Verdict(PENDING, "auth", reasons.NEEDS_RECONNECT, why, code or None, wait=timedelta(0))
        case Throttled(retry_after=seconds, reason=why):
            wait = pause(seconds)
            return _again("throttled", reasons.THROTTLED, why, "", wait, failing_since, now)
        case Retry(reason=why, code=code):
            return _again("retry", reasons.RETRYING, why, code, retry_delay(attempts), failing_since, now)


def _again(
    attempt: str, reason: str, why: str, code: str, wait: timedelta, failing_since: datetime | None, now: datetime
) -> Verdict:
    last = (failing_since or now) + GIVE_UP_AFTER
    if now >= last:
        return Verdict(DEAD, "gave_up", reasons.GAVE_UP, why or None, code or None)
    return Verdict(PENDING, attempt, reason, why or None, code or None, wait=min(wait, last - now))
