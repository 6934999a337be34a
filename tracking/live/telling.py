"""Tells watchers what became of the events of a request: the one place where the collector meets them."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

import orjson
import structlog

from core.valkey import client
from tracking.consenting import NECESSARY, agreed
from tracking.live.watches import LOOKOUT, Watch
from tracking.masking import Masked
from tracking.registry.own import registry_of
from tracking.rejected.reading import found_at, spec_of
from tracking.rejected.remedies import remedy

KEPT = 500
"""Entries of one watch; older ones make room."""
KEPT_SECONDS = 300
MOST_A_SECOND = 100
"""Events told to one watch by one process; of the others only their number."""

ACCEPTED, REJECTED, BLOCKED = "accepted", "rejected", "blocked_by_consent"

log = structlog.get_logger(__name__)
_told: dict[str, tuple[int, int]] = {}


class Sent(Protocol):
    """What is known of the sender."""

    @property
    def tenant_id(self) -> int:
        """Whose key it is."""

    @property
    def site_id(self) -> str | None:
        """The key's site."""

    @property
    def trusted(self) -> bool:
        """Whether a server key vouches for what is sent."""

    @property
    def no_tracking(self) -> bool:
        """Whether the browser asks for no tracking at all, and the site agrees."""


@dataclass(frozen=True, slots=True)
class FromBackend:
    """What this server itself says on behalf of a marketplace: orders, payments."""

    tenant_id: int
    site_id: str | None = None
    trusted: bool = True
    no_tracking: bool = False


def tell(sender: Sent, events: Sequence[Any], errors: Sequence[Mapping[str, Any]]) -> None:
    """Show a request's events to whoever watches them; never raises, and does nothing while nobody watches.

    ``errors`` are those of the collector's answer. Personal data is hidden before anything is written.
    """
    watches = LOOKOUT.watches(sender.tenant_id)
    if not watches:
        return
    try:
        _tell(sender, watches, events, {item["index"]: item for item in errors})
    except Exception as exc:  # noqa: BLE001 - what is taken is taken: its sender must not hear of a failure and resend
        log.warning("watchers could not be told", reason=type(exc).__name__)


def _tell(
    sender: Sent, watches: Sequence[Watch], events: Sequence[Any], errors: Mapping[int, Mapping[str, Any]]
) -> None:
    pipeline = client().pipeline(transaction=False)
    for watch in watches:
        meant = [index for index, event in enumerate(events) if watch.fits(event, _site(sender, event))]
        allowed = _allowed(watch.id, len(meant))
        for index in meant[:allowed]:
            pipeline.xadd(key_of(watch), {"e": _line(sender, events[index], errors.get(index))}, maxlen=KEPT)
        if allowed < len(meant):
            pipeline.xadd(key_of(watch), {"e": orjson.dumps({"left_out": len(meant) - allowed})}, maxlen=KEPT)
        if meant:
            pipeline.expire(key_of(watch), KEPT_SECONDS)
    pipeline.execute()


def key_of(watch: Watch) -> str:
    """The stream of a watch; its name holds the marketplace, so that an id alone opens nothing."""
    return f"adrail:live:{watch.tenant_id}:{watch.id}"


def _allowed(watch_id: str, wanted: int) -> int:
    second = int(time.monotonic())
    since, told = _told.get(watch_id, (second, 0))
    if since != second:
        told = 0
        if len(_told) > MOST_A_SECOND:
            _told.clear()
    allowed = max(0, min(wanted, MOST_A_SECOND - told))
    _told[watch_id] = (second, told + allowed)
    return allowed


def _site(sender: Sent, event: Any) -> str | None:
    named = event.get("site_id") if isinstance(event, dict) else None
    return sender.site_id or (named if isinstance(named, str) else None)


def _line(sender: Sent, event: Any, error: Mapping[str, Any] | None) -> bytes:
    spec = spec_of(registry_of(sender.tenant_id), event)
    masked = Masked(event, spec).event
    scope = spec.scope if spec else NECESSARY
    taken = agreed(scope, event, no_tracking=sender.no_tracking)
    return orjson.dumps(
        {
            "at": datetime.now(UTC),
            "outcome": REJECTED if error else ACCEPTED if taken else BLOCKED,
            "scope": scope,
            "trusted": sender.trusted,
            "site": _site(sender, event),
            "event": masked,
            "code": error["code"] if error else None,
            "problems": [_problem(error["code"], item, masked) for item in error["errors"]] if error else [],
        }
    )


def _problem(code: str, item: Mapping[str, Any], masked: Any) -> dict[str, Any]:
    # What was found is read from the masked event: the answer to the sender shows it in clear.
    told = {name: item[name] for name in ("pointer", "rule", "message")}
    return {**told, "found": found_at(masked, item["pointer"]), "remedy": remedy(code, item["rule"])}
