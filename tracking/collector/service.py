"""Accepting events: check each, apply consent, put the rest on the stream, and count."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import redis

from core.errors import FieldProblem, InvalidInputError, UnavailableError
from core.events.api import Entry, StreamFullError, append
from core.security.crypto import keyring
from tracking.metrics import COLLECTED
from tracking.registry import registry
from tracking.registry.check import Verdict, check_event

MAX_EVENTS = 100
MAX_SKEW = timedelta(days=400)


@dataclass(frozen=True, slots=True)
class Sender:
    """Whose key sent this, and what is known of the client. ``no_tracking``: the visitor asked for none at all."""

    tenant_id: int
    trusted: bool
    site_id: str | None
    address: str
    user_agent: str
    privacy_signal: bool = False
    no_tracking: bool = False


@dataclass(slots=True)
class Answer:
    """The four counts sum to what was sent; ``errors`` explains each rejected event."""

    accepted: int = 0
    duplicates: int = 0
    blocked_by_consent: int = 0
    rejected: int = 0
    errors: list[dict[str, Any]] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """The wire form."""
        return {
            "accepted": self.accepted,
            "duplicates": self.duplicates,
            "blocked_by_consent": self.blocked_by_consent,
            "rejected": self.rejected,
            "errors": self.errors,
        }


def batch_events(body: Any) -> tuple[list[Any], str | None]:
    """Return (events, sent_at) of a batch body; raises `InvalidInputError` when it is not a batch."""
    events = body.get("events") if isinstance(body, dict) else None
    if not isinstance(events, list):
        problem = FieldProblem("/events", "type", 'send {"sent_at": …, "events": [ … ]}')
        raise InvalidInputError("the body is not a batch", errors=[problem])
    if len(events) > MAX_EVENTS:
        problem = FieldProblem("/events", "maxItems", f"send at most {MAX_EVENTS} events in one batch")
        raise InvalidInputError(f"{len(events)} events are too many", errors=[problem])
    sent_at = body.get("sent_at")
    return events, sent_at if isinstance(sent_at, str) else None


def collect(sender: Sender, events: list[Any], sent_at: str | None = None) -> Answer:
    """Accept what can be accepted; raises `UnavailableError` when nothing could be made durable."""
    now = datetime.now(UTC)
    skew = clock_skew(sent_at, now)
    answer, accepted, rejects = Answer(), [], []
    for index, event in enumerate(events):
        verdict = check_event(registry(), event, trusted=sender.trusted, now=now, skew=skew)
        verdict = _check_owner(sender, event, verdict)
        if verdict.problems or verdict.spec is None or verdict.occurred_at is None:
            answer.rejected += 1
            answer.errors.append(_error(index, event, verdict))
            rejects.append(_reject(event, verdict))
        elif not _consented(sender, verdict.spec.scope, event):
            answer.blocked_by_consent += 1
        else:
            accepted.append(_stamped(sender, event, verdict))
    if accepted or rejects:
        seen = _append(sender, now, accepted, rejects)
        answer.duplicates = len(seen)
        answer.accepted = len(accepted) - len(seen)
    for outcome in ("accepted", "duplicates", "blocked_by_consent", "rejected"):
        COLLECTED.labels(outcome).inc(getattr(answer, outcome))
    return answer


def clock_skew(sent_at: str | None, now: datetime) -> timedelta:
    """How far the sender's clock is behind ours, from the batch's own time stamp; zero when it has none."""
    try:
        skew = now - datetime.fromisoformat(sent_at) if sent_at else timedelta(0)
    except (ValueError, TypeError, OverflowError):
        return timedelta(0)
    return skew if abs(skew) <= MAX_SKEW else timedelta(0)


def _check_owner(sender: Sender, event: Any, verdict: Verdict) -> Verdict:
    if verdict.problems or sender.site_id is None or event.get("site_id") in {None, sender.site_id}:
        return verdict
    message = "this key belongs to another site; leave site_id out to take it from the key"
    problem = {"pointer": "/site_id", "rule": "owner", "message": message, "found": str(event["site_id"])[:80]}
    return Verdict([problem], "wrong_site")


def _consented(sender: Sender, scope: str, event: dict[str, Any]) -> bool:
    if scope == "necessary":
        return True
    if sender.no_tracking:
        return False
    return bool(event.get("consent_snapshot", {}).get(scope))


def _stamped(sender: Sender, event: dict[str, Any], verdict: Verdict) -> dict[str, Any]:
    event.pop("tenant_id", None)
    if not sender.trusted:
        event.pop("person_id", None)
    assert verdict.occurred_at is not None  # noqa: S101 - narrows for the type checker
    assert verdict.claimed_at is not None  # noqa: S101
    event["event_id"] = event["event_id"].lower()
    event["occurred_at"] = verdict.occurred_at.isoformat()
    event["claimed_at"] = verdict.claimed_at.isoformat()
    return event


def _append(sender: Sender, now: datetime, accepted: list[dict[str, Any]], rejects: list[dict[str, Any]]) -> list[int]:
    client = orjson.dumps({"ip": sender.address, "ua": sender.user_agent})
    entry = Entry(
        sender.tenant_id,
        sender.trusted,
        now,
        accepted,
        sender.site_id,
        None if sender.trusted else keyring().seal(client, "client"),
        {"privacy_signal": sender.privacy_signal},
        rejects,
    )
    try:
        return append(entry)
    except StreamFullError:
        raise UnavailableError("events wait to be stored; send again later", retry_after=30) from None
    except redis.RedisError:
        raise UnavailableError("the event stream is away; send again", retry_after=5) from None


def _error(index: int, event: Any, verdict: Verdict) -> dict[str, Any]:
    event_id = event.get("event_id") if isinstance(event, dict) else None
    return {
        "index": index,
        "event_id": event_id if isinstance(event_id, str) else None,
        "code": verdict.code,
        "errors": verdict.problems,
    }


def _reject(event: Any, verdict: Verdict) -> dict[str, Any]:
    name = event.get("event_name") if isinstance(event, dict) else None
    return {
        "event_name": name[:100] if isinstance(name, str) else None,
        "code": verdict.code,
        # What was found may be personal; it stays in the sealed event only.
        "problems": [{key: value for key, value in item.items() if key != "found"} for item in verdict.problems],
        "sealed": keyring().seal(orjson.dumps(event), "reject").hex(),
    }
