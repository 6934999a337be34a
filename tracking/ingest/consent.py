"""Consent at ingest: browser-wide privacy signals, and the ledger rows that snapshots make."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from core.events.api import EventRow, last_snapshots
from core.privacy.api import PURPOSES, ConsentStatement, explicit_grants, record_statements

ORDER, UPDATED = "order_completed", "consent_updated"
STATING = frozenset({ORDER, UPDATED})


def apply_privacy_signals(session: Session, tenant_id: int, rows: Sequence[EventRow]) -> None:
    """Take marketing consent from events sent under a privacy signal, unless the visitor granted it directly."""
    visitors = sorted({row.visitor_id for row in rows if row.visitor_id})
    if not visitors:
        return
    granted = explicit_grants(session, tenant_id, visitors, "marketing")
    for row in rows:
        if row.visitor_id not in granted and row.consent.get("marketing"):
            row.consent = {**row.consent, "marketing": False, "overridden_by": "privacy_signal"}


def record_snapshots(session: Session, tenant_id: int, rows: Sequence[EventRow]) -> None:
    """Append the snapshots of newly stored events to the ledger, for the visitor and for the person a backend named.

    Call it after the sessions are up to date: an event that was long on its way must not hide what was said since.
    """
    stated = [row for row in _different(rows) if _is_statement(row)]
    if not stated:
        return
    latest = last_snapshots(session, tenant_id, sorted({row.visitor_id for row in stated if row.visitor_id}))
    statements = _statements(stated)
    for row in stated:
        since = latest.get(row.visitor_id or "")
        captured = _captured_at(since) if since else None
        if since and captured and row.visitor_id and captured + _skew(row) > _said_at(row):
            said_at = min(captured + _skew(row), row.origin.received_at)
            statements.append(_statement("visitor", row.visitor_id, since, "event", said_at))
    record_statements(session, tenant_id, statements)


def _different(rows: Sequence[EventRow]) -> list[EventRow]:
    """One row for each thing said: every event of a visit repeats the visitor's one answer."""
    found: dict[tuple[object, ...], EventRow] = {}
    for row in rows:
        get = row.consent.get
        captured = get("captured_at")
        said_at = row.occurred_at - row.claimed_at if captured else row.occurred_at
        said = (get("analytics"), get("marketing"), get("data_processing"), get("copy_hash"), captured, said_at)
        kind = row.event_name in STATING and row.event_name
        found.setdefault((row.visitor_id, row.person_external_id, kind, id(row.origin), *said), row)
    return list(found.values())


def _is_statement(row: EventRow) -> bool:
    """Whether anybody said anything: a snapshot without time that grants nothing is as good as none."""
    consent = row.consent
    granted = any(consent.get(purpose) for purpose in PURPOSES)
    return bool(consent.get("captured_at")) or granted or (bool(consent) and row.event_name == UPDATED)


def _statements(rows: Sequence[EventRow]) -> list[ConsentStatement]:
    """What the rows say, each thing once."""
    found: dict[tuple[object, ...], ConsentStatement] = {}
    for row in rows:
        source = "order" if row.event_name == ORDER else "event"
        said = tuple(row.consent.get(name) for name in (*PURPOSES, "copy_hash"))
        said_at = _said_at(row)
        for kind, subject in (("visitor", row.visitor_id), ("person", row.person_external_id)):
            key = (kind, subject, source, said_at, said)
            if subject and key not in found:
                found[key] = _statement(kind, subject, row.consent, source, said_at)
    return list(found.values())


def _statement(kind: str, subject: str, consent: dict[str, Any], source: str, said_at: datetime) -> ConsentStatement:
    purposes = {name: bool(consent[name]) for name in PURPOSES if name in consent}
    return ConsentStatement(kind, subject, purposes, source, said_at, consent.get("copy_hash"))


def _said_at(row: EventRow) -> datetime:
    """When it was said, by our clock: the snapshot's time shifted like the event's, never in the future."""
    captured = _captured_at(row.consent)
    return min(captured + _skew(row) if captured else row.occurred_at, row.origin.received_at)


def _skew(row: EventRow) -> timedelta:
    return row.occurred_at - row.claimed_at


def _captured_at(consent: dict[str, Any]) -> datetime | None:
    stated = consent.get("captured_at")
    moment = datetime.fromisoformat(stated) if stated else None
    # Far from any calendar's edge, so that a skew can be added.
    return moment if moment and 2 < moment.year < 9998 else None
