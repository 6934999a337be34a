"""Accepting events: check each, apply consent, put the rest on the stream, and count."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import redis

from core.accounts.api import ScannerBinding
from core.errors import FieldProblem, InvalidInputError, UnavailableError
from core.events.api import Entry, StreamFullError, TooOftenError, append
from core.security.crypto import keyring
from core.token_buckets import Bucket
from tracking.collector import cookie, gate, rejects
from tracking.collector.caller import limit, too_often
from tracking.consenting import agreed
from tracking.live.telling import tell
from tracking.metrics import COLLECTED
from tracking.registry.check import Verdict, check_event, refusal
from tracking.registry.own import registry_of

MAX_EVENTS = 100
MAX_SKEW = timedelta(days=400)
NO_SKEW = timedelta(0)
COUNTERS = {name: COLLECTED.labels(name) for name in ("accepted", "duplicates", "blocked_by_consent", "rejected")}


@dataclass(slots=True)
class Sender:
    """Whose key sent this, what is known of the client, and the limits that its request is charged to.

    ``privacy_signal``: the browser asks for no marketing; ``no_tracking``: for none at all, and the site agrees.
    ``scanner``: the key is a device's at a gate. ``recognise``: the site wants its visitor's id kept in a cookie.
    ``bare_headers``: the request lacks what every browser sends.
    """

    tenant_id: int
    trusted: bool
    site_id: str | None
    address: str
    user_agent: str
    charged: tuple[Bucket, ...] = ()
    privacy_signal: bool = False
    no_tracking: bool = False
    scanner: ScannerBinding | None = None
    bare_headers: bool = False
    recognise: bool = False


@dataclass(slots=True)
class Answer:
    """The four counts sum to what was sent; ``errors`` explains each rejected one; ``visitor`` is to be recognised."""

    accepted: int = 0
    duplicates: int = 0
    blocked_by_consent: int = 0
    rejected: int = 0
    errors: list[dict[str, Any]] = field(default_factory=list)
    visitor: str | None = None

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


def collect(sender: Sender, events: list[Any], sent_at: str | None = None, *, plain: bool = False) -> Answer:
    """Accept what can be accepted; ``plain`` as in `check_event`.

    Raises `TooManyRequestsError`, or `UnavailableError` when nothing could be made durable.
    """
    now = datetime.now(UTC)
    skew = clock_skew(sent_at, now)
    known = registry_of(sender.tenant_id)
    answer, accepted, refused = Answer(), [], []
    for index, event in enumerate(events):
        verdict = gate.misplaced(event, sender) or check_event(
            known, event, trusted=sender.trusted, now=now, skew=skew, plain=plain
        )
        if verdict.spec is not None:
            verdict = _foreign(sender, event) or verdict
        if verdict.spec is None:
            answer.rejected += 1
            answer.errors.append(rejects.told(index, event, verdict))
            refused.append(rejects.kept(event, verdict))
        elif not agreed(verdict.spec.scope, event, no_tracking=sender.no_tracking):
            answer.blocked_by_consent += 1
        else:
            accepted.append(_stamped(sender, event, verdict))
    if accepted or refused:
        answer.duplicates = len(_append(sender, now, accepted, refused, skew))
        answer.accepted = len(accepted) - answer.duplicates
        if sender.recognise:
            answer.visitor = cookie.visitor_of(accepted)
    elif sender.charged:
        limit(sender.charged)
    for outcome, counter in COUNTERS.items():
        if count := getattr(answer, outcome):
            counter.inc(count)
    tell(sender, events, answer.errors)
    return answer


def clock_skew(sent_at: str | None, now: datetime) -> timedelta:
    """How far the sender's clock is behind ours, from the request's own time stamp; zero when it has none."""
    try:
        skew = now - datetime.fromisoformat(sent_at.upper()) if sent_at else NO_SKEW
    except (ValueError, TypeError, OverflowError):
        return NO_SKEW
    return skew if abs(skew) <= MAX_SKEW else NO_SKEW


def _foreign(sender: Sender, event: dict[str, Any]) -> Verdict | None:
    """The refusal of an event that names another marketplace or site than its key's."""
    tenant, site = event.get("tenant_id"), event.get("site_id")
    if tenant is not None and str(tenant) != str(sender.tenant_id):
        message = "this key belongs to another marketplace; leave tenant_id out to take it from the key"
        return refusal("wrong_tenant", "/tenant_id", "owner", message, tenant)
    if sender.site_id is not None and site not in {None, sender.site_id}:
        message = "this key belongs to another site; leave site_id out to take it from the key"
        return refusal("wrong_site", "/site_id", "owner", message, site)
    return None


def _stamped(sender: Sender, event: dict[str, Any], verdict: Verdict) -> dict[str, Any]:
    """The event with normal forms of id and times; ``claimed_at`` keeps what the sender's clock said if off."""
    event.pop("tenant_id", None)
    if not sender.trusted:
        # Anyone may hold the public key; only a backend can vouch for who its visitor is.
        event.pop("person_id", None)
    event["event_id"] = event["event_id"].lower()
    # The stream writes moments as texts, faster than they do it themselves.
    event["occurred_at"] = verdict.occurred_at
    event.pop("claimed_at", None)
    if verdict.claimed_at is not verdict.occurred_at:
        event["claimed_at"] = verdict.claimed_at
    if verdict.captured_at is not None:
        event["consent_snapshot"]["captured_at"] = verdict.captured_at
    return event


def _append(
    sender: Sender, now: datetime, accepted: list[dict[str, Any]], refused: list[dict[str, Any]], skew: timedelta
) -> list[int]:
    client = orjson.dumps({"ip": sender.address, "ua": sender.user_agent})
    flags: dict[str, Any] = {"privacy_signal": sender.privacy_signal}
    if sender.bare_headers:
        flags["bare_headers"] = True
    if refused:  # what it takes to judge them again
        flags |= {"no_tracking": sender.no_tracking, "skew_seconds": skew.total_seconds()}
        if sender.scanner is not None:
            flags[gate.BINDING] = asdict(sender.scanner)
    entry = Entry(
        sender.tenant_id,
        sender.trusted,
        now,
        accepted,
        sender.site_id,
        None if sender.trusted else keyring().seal(client, "client"),
        flags,
        refused,
    )
    try:
        return append(entry, sender.charged)
    except TooOftenError as exc:
        raise too_often(exc.retry_after) from None
    except StreamFullError:
        raise UnavailableError("events wait to be stored; send again later", retry_after=30) from None
    except redis.RedisError:
        raise UnavailableError("the event stream is away; send again", retry_after=5) from None
