"""Before anything is sent: a leased batch of one connection; consent, code and age are checked, people in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from sqlalchemy.orm import Session

from adrail import Conversion, NotSupportedError
from core.codes.api import settings_for_sending
from core.connections.api import OpenConnection, open_for_sending
from core.db.session import tenant_session
from core.delivery import claims, reasons
from core.delivery.claims import Claimed
from core.delivery.consent import Checked, check
from core.delivery.conversions import build, open_persons
from core.delivery.models import Delivery
from core.delivery.settling import Finished, announce, settle
from core.delivery.verdicts import IGNORED, Verdict
from core.errors import NotFoundError
from core.registry import UnknownPlatformError, registry
from core.security.crypto import DecryptionError

UNUSABLE_WAIT = timedelta(minutes=5)

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows leased until ``lease``, claimed at ``now``; may be empty when nothing of what was claimed may be sent.

    ``full``: as many as the platform takes at once were claimed, so more may be due. ``settings`` are those of the
    rows' tracking codes as they are now, by code id.
    """

    connection: OpenConnection
    now: datetime
    lease: datetime
    rows: Sequence[Delivery]
    checked: Mapping[int, Checked]
    conversions: Mapping[int, Conversion]
    settings: Mapping[int, Mapping[str, Any]]
    full: bool = False


@dataclass(frozen=True, slots=True)
class Nothing:
    """No batch; ``wait`` is when to look again, None when nothing waits or a person has to act first."""

    wait: timedelta | None = None


def prepare(tenant_id: int, connection_id: int) -> Batch | Nothing:
    """Lease a batch and settle what may not be sent, in one transaction."""
    with tenant_session(tenant_id) as session:
        try:
            connection = _usable(session, connection_id)
            if isinstance(connection, Nothing):
                return connection
            limits = registry().conversions(connection.provider).limits
        except (UnknownPlatformError, NotSupportedError, DecryptionError) as exc:
            # For the operator to mend: a plugin or a master key is missing here.
            log.error("deliveries wait for this server", connection_id=connection_id, error=str(exc))  # noqa: TRY400
            return Nothing(UNUSABLE_WAIT)
        claimed = claims.claim(session, connection_id, limits.max_batch)
        if claimed is None:
            return Nothing(claims.next_due(session, connection_id))
        batch, refused = _checked(session, tenant_id, connection, claimed, limits.max_age)
    announce(refused)
    return replace(batch, full=len(claimed.rows) >= limits.max_batch)


def next_look(tenant_id: int, connection_id: int) -> timedelta | None:
    """Return when something of a connection will be due, None when nothing waits or a person has to act first."""
    with tenant_session(tenant_id) as session:
        try:
            connection = _usable(session, connection_id)
        except (UnknownPlatformError, DecryptionError):
            return UNUSABLE_WAIT
        if isinstance(connection, Nothing):
            return connection.wait
        return claims.next_due(session, connection_id)


def _usable(session: Session, connection_id: int) -> OpenConnection | Nothing:
    try:
        connection = open_for_sending(session, connection_id)
    except NotFoundError:
        return Nothing()
    if connection.state != "active":
        return Nothing()
    wait = connection.resume_at - datetime.now(UTC) if connection.resume_at else timedelta(0)
    return Nothing(wait) if wait > timedelta(0) else connection


def _checked(
    session: Session, tenant_id: int, connection: OpenConnection, claimed: Claimed, max_age: timedelta
) -> tuple[Batch, list[Finished]]:
    """Ask consent ledger and tracking codes once more, drop what is too old, and make typed conversions of the rest."""
    checked = check(session, tenant_id, claimed.rows, claimed.now)
    settings = settings_for_sending(session, {row.code_id for row in claimed.rows})
    verdicts = {}
    for row in claimed.rows:
        if checked[row.id].denied:
            verdicts[row.id] = Verdict(IGNORED, "ignored", reasons.CONSENT_WITHDRAWN)
        elif row.code_id not in settings:
            verdicts[row.id] = Verdict(IGNORED, "ignored", reasons.CODE_DISABLED)
        elif claimed.now - row.occurred_at > max_age:
            verdicts[row.id] = Verdict(IGNORED, "ignored", reasons.TOO_OLD)
    settled = settle(session, claimed.lease, claimed.rows, verdicts, checked)
    rows = [row for row in claimed.rows if row.id not in verdicts]
    persons = open_persons(session, tenant_id, rows)
    conversions = {row.id: build(row, persons.get(row.person_id or 0), checked[row.id]) for row in rows}
    refused = [Finished(row, verdicts[row.id], None) for row in claimed.rows if row.id in settled]
    return Batch(connection, claimed.now, claimed.lease, rows, checked, conversions, settings), refused
