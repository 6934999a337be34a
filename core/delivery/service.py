"""Planning deliveries: what ingest calls inside its transaction."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from functools import cache
from typing import Any

import orjson
from sqlalchemy import text
from sqlalchemy.orm import Session

from adrail import NotSupportedError
from core.catalog.api import live_event_refs
from core.codes.api import CANONICAL, Decision, Place, active_codes, decide
from core.delivery.basket import ORDER_COMPLETED, live_events_of
from core.delivery.planner import Planned, plan_event
from core.delivery.stored import StoredEvent
from core.delivery.verdicts import PENDING
from core.registry import UnknownPlatformError, registry

COLUMNS = {
    "event_id": "uuid",
    "event_name": "text",
    "occurred_at": "timestamptz",
    "received_at": "timestamptz",
    "canonical": "text",
    "platform_event_id": "text",
    "provider": "text",
    "public_id": "text",
    "code_id": "bigint",
    "connection_id": "bigint",
    "organizer_id": "bigint",
    "live_event_id": "text",
    "order_id": "text",
    "visitor_id": "text",
    "person_id": "bigint",
    "purpose": "text",
    "trusted": "boolean",
    "consent": "jsonb",
    "conversion": "jsonb",
    "sealed_client": "bytea",
    "state": "text",
    "reason": "text",
}

# In one order of keys, so that two writers with the same events wait for each other instead of deadlocking.
INSERT = text(f"""
INSERT INTO conversion_deliveries (tenant_id, {", ".join(COLUMNS)}, next_attempt_at, settled_at)
SELECT :tenant, {", ".join(COLUMNS)},
  CASE WHEN state = 'pending' THEN now() END, CASE WHEN state <> 'pending' THEN now() END
FROM unnest({", ".join(f"cast(:{name} AS {kind}[])" for name, kind in COLUMNS.items())}) AS v({", ".join(COLUMNS)})
ORDER BY event_id, canonical, provider, public_id, organizer_id
ON CONFLICT DO NOTHING
RETURNING connection_id, state
""")  # noqa: S608 - column names are constants of this module


def plan(session: Session, tenant_id: int, events: Sequence[StoredEvent], *, namespace: uuid.UUID) -> list[int]:
    """Write a delivery per destination of every event that means a conversion, in the caller's transaction.

    One statement for the whole batch; an event that was planned before changes nothing. Deliveries that must not be
    sent are written as ignored, with the reason. Returns the connections to `wake` once the caller has committed.
    """
    mapped = [event for event in events if event.event_name in CANONICAL and _believable(event)]
    codes = active_codes(tenant_id) if mapped else []
    if not any(code.connection_id for code in codes):
        return []
    wanted = {external_id for event in mapped for external_id in live_events_of(event)}
    refs = live_event_refs(session, tenant_id, wanted)
    places = {external_id: Place(ref.organizer_id, ref.id) for external_id, ref in refs.items()}

    @cache
    def decide_at(found: tuple[Place, ...]) -> Decision:
        return decide(codes, found)

    rows = [
        _values(event, planned)
        for event in mapped
        for planned in plan_event(
            event, CANONICAL[event.event_name], places=places, decide=decide_at, takes=takes, namespace=namespace
        )
    ]
    if not rows:
        return []
    columns = {name: [row[name] for row in rows] for name in COLUMNS}
    written = session.execute(INSERT, {"tenant": tenant_id, **columns}).all()
    return sorted({row.connection_id for row in written if row.state == PENDING})


def wanted_events(tenant_id: int) -> frozenset[str]:
    """Names of tracking events that some destination of a marketplace takes; the others need no planning."""
    taken = {
        canonical
        for code in active_codes(tenant_id)
        if code.connection_id is not None
        for canonical in code.conversion_events
        if takes(code.provider, canonical)
    }
    return frozenset(name for name, canonical in CANONICAL.items() if canonical in taken)


def _believable(event: StoredEvent) -> bool:
    # The collector refuses purchases from public keys; should one slip through, it still must not reach a platform.
    return event.trusted or event.event_name != ORDER_COMPLETED


def takes(provider: str, canonical: str) -> bool:
    """Whether a platform has a conversion at all. One that is not installed here is believed to: its rows wait."""
    try:
        return canonical in registry().conversions(provider).event_names
    except UnknownPlatformError:
        return True
    except NotSupportedError:
        return False


def _values(event: StoredEvent, planned: Planned) -> dict[str, Any]:
    code = planned.code
    return {
        "event_id": event.event_id,
        "event_name": event.event_name,
        "occurred_at": event.occurred_at,
        "received_at": event.received_at,
        "canonical": planned.canonical,
        "platform_event_id": planned.platform_event_id,
        "provider": code.provider,
        "public_id": code.public_id,
        "code_id": code.id,
        "connection_id": code.connection_id,
        "organizer_id": code.organizer_id,
        "live_event_id": planned.live_event_id,
        "order_id": event.order_id,
        "visitor_id": event.visitor_id,
        "person_id": event.person_id,
        "purpose": code.purpose,
        "trusted": event.trusted,
        "consent": orjson.dumps(event.consent, default=str).decode(),
        "conversion": orjson.dumps(planned.conversion, default=str).decode(),
        "sealed_client": event.sealed_client if planned.state == PENDING else None,
        "state": planned.state,
        "reason": planned.reason,
    }
