"""Visits: one row per session, kept up to date from the events that were stored."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

import orjson
from sqlalchemy import text
from sqlalchemy.orm import Session

from core.events.rows import EventRow
from core.events.touches import FIRST, LAST, touches

_when = operator.attrgetter("occurred_at")

UPSERT = text(f"""
INSERT INTO tx_sessions AS s
  (tenant_id, session_id, visitor_id, first_seen_at, last_seen_at, first_touch, last_touch, initial_consent,
   final_consent, events, last_sequence_no, landing_page, exit_page, country, device_type, converted, revenue,
   currency, sealed_client, sealed_at)
SELECT :tenant, v.session_id, v.visitor_id, v.first_seen_at, v.last_seen_at, v.first_touch, v.last_touch,
   v.initial_consent, v.final_consent, v.events, v.last_sequence_no, v.landing_page, v.exit_page, v.country,
   v.device_type, v.converted, v.revenue, v.currency, decode(v.sealed_client, 'hex'),
   CASE WHEN v.sealed_client IS NULL THEN NULL ELSE now() END
FROM jsonb_to_recordset(cast(:visits AS jsonb)) AS v(
   session_id text, visitor_id text, first_seen_at timestamptz, last_seen_at timestamptz, first_touch jsonb,
   last_touch jsonb, initial_consent jsonb, final_consent jsonb, events int, last_sequence_no bigint,
   landing_page text, exit_page text, country text, device_type text, converted boolean, revenue numeric,
   currency text, sealed_client text)
ORDER BY v.session_id
ON CONFLICT (tenant_id, session_id) DO UPDATE SET
  first_seen_at = least(s.first_seen_at, excluded.first_seen_at),
  last_seen_at = greatest(s.last_seen_at, excluded.last_seen_at),
  first_touch = {FIRST},
  last_touch = {LAST},
  initial_consent = CASE WHEN excluded.first_seen_at < s.first_seen_at
                         THEN excluded.initial_consent ELSE s.initial_consent END,
  final_consent = CASE WHEN excluded.last_seen_at >= s.last_seen_at
                       THEN excluded.final_consent ELSE s.final_consent END,
  events = s.events + excluded.events,
  last_sequence_no = greatest(s.last_sequence_no, excluded.last_sequence_no),
  landing_page = CASE WHEN excluded.first_seen_at < s.first_seen_at
                      THEN coalesce(excluded.landing_page, s.landing_page)
                      ELSE coalesce(s.landing_page, excluded.landing_page) END,
  exit_page = CASE WHEN excluded.last_seen_at >= s.last_seen_at
                   THEN coalesce(excluded.exit_page, s.exit_page) ELSE s.exit_page END,
  country = coalesce(s.country, excluded.country),
  device_type = coalesce(s.device_type, excluded.device_type),
  converted = s.converted OR excluded.converted,
  revenue = CASE WHEN excluded.revenue IS NULL THEN s.revenue
                 WHEN s.currency IS NULL OR s.currency = excluded.currency
                 THEN coalesce(s.revenue, 0) + excluded.revenue ELSE s.revenue END,
  currency = coalesce(s.currency, excluded.currency),
  sealed_client = coalesce(excluded.sealed_client, s.sealed_client),
  sealed_at = coalesce(excluded.sealed_at, s.sealed_at)
""")  # noqa: S608 - both parts are constants

ERASE_SEALS = text("""
UPDATE tx_sessions SET sealed_client = NULL, sealed_at = NULL
WHERE sealed_client IS NOT NULL AND sealed_at < now() - :age
""")


def update_sessions(session: Session, tenant_id: int, rows: Iterable[EventRow]) -> None:
    """Fold newly stored events into their sessions; call it once per stored event."""
    visits: dict[str, list[EventRow]] = {}
    for row in rows:
        if row.session_id and row.visitor_id:
            visits.setdefault(row.session_id, []).append(row)
    if visits:
        body = orjson.dumps([_fold(name, events) for name, events in visits.items()]).decode()
        session.execute(UPSERT, {"tenant": tenant_id, "visits": body})


def erase_old_seals(session: Session, age: timedelta) -> int:
    """Erase sealed client data older than ``age``; returns how many sessions were touched."""
    return int(session.execute(ERASE_SEALS, {"age": age}).rowcount)  # type: ignore[attr-defined]


def _fold(session_id: str, events: list[EventRow]) -> dict[str, Any]:
    events.sort(key=_when)
    first, last = events[0], events[-1]
    first_touch, last_touch = touches(events)
    pages = [url for item in events if (page := item.context.get("page")) and (url := page.get("url"))]
    return {
        "session_id": session_id,
        "visitor_id": first.visitor_id,
        "first_seen_at": first.occurred_at,
        "last_seen_at": last.occurred_at,
        "first_touch": first_touch,
        "last_touch": last_touch,
        "initial_consent": first.consent,
        "final_consent": last.consent,
        "events": len(events),
        "last_sequence_no": max((item.sequence_no for item in events if item.sequence_no is not None), default=None),
        "landing_page": pages[0] if pages else None,
        "exit_page": pages[-1] if pages else None,
        "country": next((item.origin.country for item in events if item.origin.country), None),
        "device_type": next((item.device.type for item in events if item.device.type), None),
        "sealed_client": _sealed(events),
        **_revenue(events),
    }


def _sealed(events: Sequence[EventRow]) -> str | None:
    """The browser's own address and agent, as it was last; a backend's says nothing of the visitor."""
    for event in reversed(events):
        if event.origin.sealed_client and not event.origin.trusted:
            return event.origin.sealed_client.hex()
    return None


def _revenue(events: Sequence[EventRow]) -> dict[str, Any]:
    purchases = [item for item in events if item.event_name == "order_completed" and item.amount is not None]
    currency = purchases[0].currency if purchases else None
    same = [item.amount for item in purchases if item.currency == currency and item.amount is not None]
    revenue = str(sum(same, Decimal(0))) if same else None
    return {"converted": bool(purchases), "revenue": revenue, "currency": currency}
