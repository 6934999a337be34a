"""One batch of stream entries into the store, in one transaction."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import orjson
from sqlalchemy.orm import Session

from core.accounts.api import TenantView, tenant_view
from core.catalog.api import person_ids_by_external
from core.codes.api import BrowserHit, note_browser_hits
from core.db.partitions import make_room_for
from core.db.session import anonymous_session, set_tenant
from core.delivery.api import StoredEvent, plan, wanted_events
from core.events.api import (
    Entry,
    EventRow,
    Reject,
    store,
    store_rejects,
    update_links,
    update_sessions,
)
from core.json_input import parse_json
from core.registry import registry as plugins
from tracking.ingest.consent import apply_privacy_signals, record_snapshots
from tracking.ingest.rows import rows_of

OLDEST = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class Result:
    """How many events were new, and which connections of which tenant have something to send now."""

    received: int = 0
    stored: int = 0
    wake: dict[int, list[int]] = field(default_factory=dict)

    def add(self, other: Result) -> None:
        """Count another result in."""
        self.received += other.received
        self.stored += other.stored
        for tenant_id, connections in other.wake.items():
            self.wake[tenant_id] = sorted({*self.wake.get(tenant_id, ()), *connections})


@functools.lru_cache(maxsize=4096)
def _tenant(tenant_id: int) -> TenantView:
    # Name space and time zone of a marketplace never change while processes run.
    return tenant_view(tenant_id)


def ingest(entries: Sequence[Entry]) -> Result:
    """Store entries of any tenants exactly once; raises whatever the database says, then nothing was stored."""
    result = Result(received=sum(len(entry.events) for entry in entries))
    by_tenant: dict[int, list[Entry]] = {}
    for entry in entries:
        by_tenant.setdefault(entry.tenant_id, []).append(entry)
    made = {tenant_id: _rows(tenant_id, own) for tenant_id, own in by_tenant.items()}
    _make_room(rows for parts in made.values() for rows, _ in parts)
    # In id order, so that two ingest processes cannot wait for each other.
    with anonymous_session() as session:
        for tenant_id, own in sorted(by_tenant.items()):
            set_tenant(session, tenant_id)
            store_rejects(session, tenant_id, [reject for entry in own for reject in _rejects(entry)])
            stored, wake = _store(session, tenant_id, made[tenant_id])
            result.stored += stored
            if wake:
                result.wake[tenant_id] = wake
    return result


def ingest_history(session: Session, tenant_id: int, entries: Sequence[Entry]) -> int:
    """Store entries of one tenant without planning any delivery; returns how many events were new."""
    return _store(session, tenant_id, _rows(tenant_id, entries), deliver=False)[0]


def _make_room(made: Iterable[Sequence[EventRow]]) -> None:
    """Make the partitions of months that are not kept ready, before anything is written.

    A month before anybody sold tickets online, or one that has not come, is a mistake: such an event is set aside.
    """
    now = datetime.now(UTC)
    moments = {(row.occurred_at.year, row.occurred_at.month): row.occurred_at for rows in made for row in rows}
    for moment in moments.values():
        if OLDEST <= moment <= now:
            make_room_for(moment)


def _rows(tenant_id: int, entries: Sequence[Entry]) -> list[tuple[list[EventRow], bool]]:
    """The rows of each entry, and whether it came under a privacy signal."""
    zone = ZoneInfo(_tenant(tenant_id).time_zone)
    enrich = _enrich if plugins().listens("enrich_event") else None
    return [(rows_of(entry, zone, enrich), bool(entry.flags.get("privacy_signal"))) for entry in entries]


def _store(
    session: Session, tenant_id: int, made: Sequence[tuple[list[EventRow], bool]], *, deliver: bool = True
) -> tuple[int, list[int]]:
    rows = [row for entry_rows, _ in made for row in entry_rows]
    if not rows:
        return 0, []
    under_signal = [row for entry_rows, signalled in made if signalled for row in entry_rows]
    apply_privacy_signals(session, tenant_id, under_signal)
    _resolve_persons(session, tenant_id, rows)
    fresh = store(session, rows)
    if not fresh:
        return 0, []
    update_sessions(session, tenant_id, fresh)
    update_links(session, tenant_id, fresh)
    record_snapshots(session, tenant_id, fresh)
    note_browser_hits(session, [_browser_hit(row) for row in fresh if _is_hit(row)])
    if not deliver:
        return len(fresh), []
    wanted = wanted_events(tenant_id)
    meant = [_for_delivery(row) for row in fresh if row.event_name in wanted]
    if not meant:
        return len(fresh), []
    return len(fresh), plan(session, tenant_id, meant, namespace=_tenant(tenant_id).uuid_namespace)


def _enrich(event: dict[str, Any]) -> list[dict[str, Any]]:
    return plugins().call("enrich_event", read=_context_fields, event=event)


def _context_fields(answer: Mapping[str, Any]) -> dict[str, Any]:
    """What a plugin adds, as the database can store it; whatever it cannot is that plugin's failure."""
    fields: dict[str, Any] = parse_json(orjson.dumps(dict(answer)))
    return fields


def _resolve_persons(session: Session, tenant_id: int, rows: Sequence[EventRow]) -> None:
    named = [row for row in rows if row.person_external_id]
    known = person_ids_by_external(session, tenant_id, sorted({row.person_external_id or "" for row in named}))
    for row in named:
        if row.consent.get("data_processing"):
            row.person_id = known.get(row.person_external_id or "")


def _rejects(entry: Entry) -> list[Reject]:
    return [
        Reject(
            entry.site_id,
            item["event_name"],
            item["code"],
            item["problems"],
            bytes.fromhex(item["sealed"]),
            entry.received_at,
            entry.trusted,
            entry.flags,
            entry.sealed_client,
        )
        for item in entry.rejects
    ]


def _is_hit(row: EventRow) -> bool:
    return row.event_name == "pixel_fired" and row.payload.get("outcome") == "fired"


def _browser_hit(row: EventRow) -> BrowserHit:
    return BrowserHit(row.payload["provider"], row.payload["code"], row.occurred_at)


def _for_delivery(row: EventRow) -> StoredEvent:
    return StoredEvent(
        tenant_id=row.origin.tenant_id,
        event_id=row.uuid,
        event_name=row.event_name,
        occurred_at=row.occurred_at,
        received_at=row.origin.received_at,
        trusted=row.origin.trusted,
        is_bot=row.origin.is_bot,
        visitor_id=row.visitor_id,
        session_id=row.session_id,
        person_id=row.person_id,
        order_id=row.order_id,
        event_entity_id=row.event_entity_id,
        consent=row.consent,
        context=row.context,
        payload=row.payload,
        entities=row.entities,
        sealed_client=row.origin.sealed_client,
    )
