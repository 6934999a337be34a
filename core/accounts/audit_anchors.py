"""Anchors: how a marketplace's audit log ended at a moment, sealed with a key that the database does not know.

Who may write to the database can write a new chain; they can neither make an anchor for it nor take back those that
went to the log of the process, to Valkey, and to whoever exported them.
"""

from __future__ import annotations

import contextlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson
import redis
import structlog
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from core.accounts.canonical import canonical
from core.accounts.models import AuditAnchor, AuditEntry
from core.accounts.service import tenant_key
from core.db.locks import Lock
from core.db.session import tenant_session
from core.errors import FieldProblem, InvalidInputError
from core.paging import Page, clamp, decode_cursor, encode_cursor
from core.valkey import client

LOCK = text(f"SELECT pg_advisory_xact_lock({Lock.AUDIT_ANCHORS}, :tenant)")
NEWEST = "adrail:audit:anchors"

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Anchor:
    """The log had ``entries`` entries, the last one ``entry_id`` with this ``hash``."""

    tenant_id: int
    number: int
    at: datetime
    entry_id: int
    entries: int
    hash: bytes
    seal: bytes

    def as_dict(self) -> dict[str, Any]:
        """The form in which anchors leave: one JSON object."""
        return {
            "tenant_id": self.tenant_id,
            "number": self.number,
            "at": self.at.astimezone(UTC).isoformat(),
            "entry_id": self.entry_id,
            "entries": self.entries,
            "hash": self.hash.hex(),
            "seal": self.seal.hex(),
        }


def read_anchor(facts: Mapping[str, Any]) -> Anchor:
    """Read `Anchor.as_dict` back; raises `InvalidInputError` for anything else."""
    try:
        return Anchor(
            int(facts["tenant_id"]),
            int(facts["number"]),
            datetime.fromisoformat(facts["at"]),
            int(facts["entry_id"]),
            int(facts["entries"]),
            bytes.fromhex(facts["hash"]),
            bytes.fromhex(facts["seal"]),
        )
    except (KeyError, TypeError, ValueError):
        problem = FieldProblem(
            "", "anchor", "give anchors as `adrail audit anchors` writes them, one JSON object a line"
        )
        raise InvalidInputError("this is no anchor", errors=[problem]) from None


def is_genuine(anchor: Anchor) -> bool:
    """Whether an anchor bears our seal."""
    return hmac.compare_digest(anchor.seal, _seal(anchor))


def make_anchor(tenant_id: int) -> Anchor | None:
    """Seal how the log ends now; None when nothing was written since the last anchor."""
    with tenant_session(tenant_id) as session:
        session.execute(LOCK, {"tenant": tenant_id % 2**31})
        before = _newest(session, tenant_id)
        after_id = before.entry_id if before else 0
        last = session.execute(
            select(AuditEntry.id, AuditEntry.hash)
            .where(AuditEntry.tenant_id == tenant_id, AuditEntry.id > after_id)
            .order_by(AuditEntry.id.desc())
            .limit(1)
        ).one_or_none()
        if last is None:
            return None
        count = session.scalar(
            select(func.count()).where(
                AuditEntry.tenant_id == tenant_id, AuditEntry.id > after_id, AuditEntry.id <= last.id
            )
        )
        entries = (before.entries if before else 0) + int(count or 0)
        bare = Anchor(
            tenant_id, before.number + 1 if before else 1, datetime.now(UTC), last.id, entries, last.hash, b""
        )
        row = AuditAnchor(**{name: getattr(bare, name) for name in bare.__slots__})
        row.seal = _seal(bare)
        session.add(row)
        session.flush()
        anchor = _view(row)
    _publish(anchor)
    return anchor


def stored_anchors(session: Session, tenant_id: int) -> list[Anchor]:
    """Every anchor of a marketplace in the database, oldest first."""
    rows = session.scalars(select(AuditAnchor).where(AuditAnchor.tenant_id == tenant_id).order_by(AuditAnchor.number))
    return [_view(row) for row in rows]


def anchor_page(tenant_id: int, *, limit: int = 50, cursor: str | None = None) -> Page[Anchor]:
    """A marketplace's anchors page by page, newest first."""
    query = select(AuditAnchor).where(AuditAnchor.tenant_id == tenant_id).order_by(AuditAnchor.number.desc())
    before = decode_cursor(cursor, int)
    if before:
        query = query.where(AuditAnchor.number < before[0])
    size = clamp(limit)
    with tenant_session(tenant_id) as session:
        rows = session.scalars(query.limit(size + 1)).all()
    items = [_view(row) for row in rows[:size]]
    return Page(items, encode_cursor(items[-1].number) if len(rows) > size else None)


def published_anchor(tenant_id: int) -> Anchor | None:
    """The newest anchor that Valkey was told; None when it knows none, or is away."""
    with contextlib.suppress(redis.RedisError, InvalidInputError, orjson.JSONDecodeError):
        known = client().hget(NEWEST, str(tenant_id))
        if isinstance(known, bytes):
            return read_anchor(orjson.loads(known))
    return None


def _newest(session: Session, tenant_id: int) -> Anchor | None:
    row = session.scalar(
        select(AuditAnchor).where(AuditAnchor.tenant_id == tenant_id).order_by(AuditAnchor.number.desc()).limit(1)
    )
    return _view(row) if row else None


def _publish(anchor: Anchor) -> None:
    log.info("audit log anchored", **anchor.as_dict())
    try:
        client().hset(NEWEST, str(anchor.tenant_id), orjson.dumps(anchor.as_dict()))
    except redis.RedisError:
        log.warning("an anchor of the audit log is in the database and this log only", exc_info=True)


def _seal(anchor: Anchor) -> bytes:
    said = {name: value for name, value in anchor.as_dict().items() if name != "seal"}
    return tenant_key(anchor.tenant_id).blind_index("audit.anchor", canonical(said).decode())


def _view(row: AuditAnchor) -> Anchor:
    return Anchor(row.tenant_id, row.number, row.at, row.entry_id, row.entries, row.hash, row.seal)
