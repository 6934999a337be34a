"""Consent at ingest: browser-wide privacy signals, and the ledger rows that snapshots make."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from core.events.api import EventRow
from core.privacy.api import PURPOSES, ConsentStatement, explicit_grants, record_statements


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
    """Append the snapshots of newly stored events to the ledger, for the visitor and for the order's person."""
    statements = []
    for row in rows:
        if not row.consent.get("captured_at"):
            continue
        purposes = {name: bool(row.consent[name]) for name in PURPOSES if name in row.consent}
        source = "order" if row.event_name == "order_completed" else "event"
        for kind, subject in (
            ("visitor", row.visitor_id),
            ("person", row.person_external_id if row.person_id else None),
        ):
            if subject:
                text_hash = row.consent.get("copy_hash")
                statements.append(ConsentStatement(kind, subject, purposes, source, _said_at(row), text_hash))
    record_statements(session, tenant_id, statements)


def _said_at(row: EventRow) -> datetime:
    """When the visitor said it, by our clock: the snapshot's time shifted like the event's, never in the future."""
    captured = datetime.fromisoformat(row.consent["captured_at"])
    skew = row.occurred_at - row.claimed_at
    try:
        return min(captured + skew, row.received_at)
    except (OverflowError, TypeError):
        return min(row.occurred_at, row.received_at)
