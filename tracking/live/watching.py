"""Reading a watch: what came since the last look, and where each event went afterwards."""

from __future__ import annotations

import re
import threading
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import orjson

from core.accounts.api import Actor
from core.db.session import tenant_session
from core.delivery.api import Destination, destinations_of
from core.errors import NotFoundError
from core.events.api import StoredView, known_ids, latest_of_visitor
from core.valkey import client
from tracking.live.telling import ACCEPTED, KEPT, key_of
from tracking.live.watches import WATCH_ID, Watch, end, new_watch, renew
from tracking.masking import Masked
from tracking.registry.own import registry_of
from tracking.rejected.reading import spec_of
from tracking.rights import VIEW, require

FIRST = "0-0"
PLACE = re.compile(r"[0-9]{1,19}-[0-9]{1,19}")
BLOCK_MS = 500
LOOKS_PER_RENEWAL = 4


@dataclass(frozen=True, slots=True)
class LiveEvent:
    """One event as it came, personal data hidden. ``outcome`` is accepted, rejected or blocked_by_consent.

    ``stored`` tells whether ingest has stored it, None when it never will; ``destinations`` what it became. An entry
    with ``left_out`` stands for so many events that came too fast to be shown.
    """

    place: str
    at: datetime | None
    outcome: str
    event: Any
    site: str | None = None
    scope: str = ""
    code: str | None = None
    problems: tuple[dict[str, Any], ...] = ()
    left_out: int = 0
    trusted: bool = False
    stored: bool | None = None
    destinations: tuple[Destination, ...] = ()

    @property
    def name(self) -> str:
        """Its name as far as it has one."""
        return str(self.event.get("event_name", "")) if isinstance(self.event, dict) else ""

    @property
    def event_id(self) -> uuid.UUID | None:
        """Its id as far as it has a usable one."""
        try:
            return uuid.UUID(self.event["event_id"])
        except (KeyError, TypeError, ValueError, AttributeError):
            return None


def open_watch(
    actor: Actor,
    *,
    name: str | None = None,
    visitor: str | None = None,
    site: str | None = None,
    watch_id: str | None = None,
) -> Watch:
    """Begin to watch, or go on under the id of a watch that was begun.

    Raises `ForbiddenError`, `InvalidInputError`, `NotFoundError` for what is no id, and `redis.RedisError`.
    """
    require(actor, VIEW)
    watch = new_watch(actor.tenant_id, name=name or None, visitor=visitor or None, site=site or None)
    if watch_id is not None:
        if not WATCH_ID.fullmatch(watch_id):
            raise NotFoundError("there is no such live view; open it again")
        watch = replace(watch, id=watch_id)
    renew(watch)
    return watch


def look(actor: Actor, watch: Watch, after: str = FIRST) -> list[LiveEvent]:
    """What came behind a place, oldest first, at most 500; raises `ForbiddenError`, `redis.RedisError`."""
    require(actor, VIEW)
    since = f"({after}" if PLACE.fullmatch(after) and after != FIRST else "-"
    entries: Any = client().xrange(key_of(watch), since, "+", count=KEPT)
    return [_read(place.decode(), fields) for place, fields in entries]


def follow(actor: Actor, watch: Watch, stop: threading.Event) -> Iterator[LiveEvent]:
    """Every event that comes, until stopped; the watch is renewed meanwhile and ended at last. Raises as `look`."""
    require(actor, VIEW)
    after, looks = FIRST, 0
    try:
        while not stop.is_set():
            if looks % LOOKS_PER_RENEWAL == 0:
                renew(watch)
            looks += 1
            answer: Any = client().xread({key_of(watch): after}, count=KEPT, block=BLOCK_MS)
            for place, fields in _entries(answer):
                after = place.decode()
                yield _read(after, fields)
    finally:
        end(watch)


def _entries(answer: Any) -> list[tuple[bytes, dict[bytes, bytes]]]:
    pairs = answer.items() if isinstance(answer, dict) else answer or []
    found: list[tuple[bytes, dict[bytes, bytes]]] = []
    for _, entries in pairs:
        found += entries[0] if entries and isinstance(entries[0], list) else entries
    return found


def _read(place: str, fields: dict[bytes, bytes]) -> LiveEvent:
    line = orjson.loads(fields[b"e"])
    if "left_out" in line:
        return LiveEvent(place, None, "", None, left_out=line["left_out"])
    return LiveEvent(
        place,
        datetime.fromisoformat(line["at"]),
        line["outcome"],
        line["event"],
        line["site"],
        line["scope"],
        line["code"],
        tuple(line["problems"]),
        trusted=line["trusted"],
    )


def traced(actor: Actor, events: Sequence[LiveEvent]) -> list[LiveEvent]:
    """The same events with whether they are stored by now, and what they became."""
    ids = {found for item in events if item.outcome == ACCEPTED and (found := item.event_id)}
    with tenant_session(actor.tenant_id) as session:
        stored = known_ids(session, actor.tenant_id, ids)
    became = destinations_of(actor, ids)
    return [
        replace(item, stored=item.event_id in stored, destinations=tuple(became.get(item.event_id, ())))
        if item.outcome == ACCEPTED and item.event_id
        else item
        for item in events
    ]


def earlier(actor: Actor, visitor: str, *, limit: int = 20) -> list[LiveEvent]:
    """A visitor's latest stored events, newest first, for whoever opens the view after they happened."""
    require(actor, VIEW)
    with tenant_session(actor.tenant_id) as session:
        found = latest_of_visitor(session, actor.tenant_id, visitor, limit=limit)
    return traced(actor, [_earlier(actor.tenant_id, item) for item in found])


def _earlier(tenant_id: int, item: StoredView) -> LiveEvent:
    spec = spec_of(registry_of(tenant_id), item.envelope)
    shown, scope = Masked(item.envelope, spec).event, spec.scope if spec else ""
    return LiveEvent("", item.received_at, ACCEPTED, shown, item.site_id, scope, trusted=item.trusted)
