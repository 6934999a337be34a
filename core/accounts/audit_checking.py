"""Checking a marketplace's audit log: every link of the chain, and every anchor that anybody kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Row, func, select
from sqlalchemy.orm import Session

from core.accounts.audit import chained_hash
from core.accounts.audit_anchors import Anchor, is_genuine, published_anchor, stored_anchors
from core.accounts.models import AuditEntry, Tenant
from core.db.session import maintainer_session, tenant_session

PAGE = 1000
Fault = Literal["changed", "missing_before", "missing_at_end", "rewritten", "forged_anchor", "missing_anchor"]
FAULTS: dict[Fault, str] = {
    "changed": "entry {entry} was changed after it was written",
    "missing_before": "entries right before entry {entry} are missing, or entries changed places",
    "missing_at_end": "the log once went on to entry {entry}: everything after its present end is missing",
    "rewritten": "entry {entry} is not the one that anchor {anchor} sealed: the log was written anew",
    "forged_anchor": "anchor {anchor} does not bear the seal of this installation",
    "missing_anchor": "anchor {anchor} is missing",
}


@dataclass(frozen=True, slots=True)
class Break:
    """The first thing that does not fit; ``entry_id`` and ``anchor`` say where."""

    fault: Fault
    entry_id: int | None
    anchor: int | None = None

    def __str__(self) -> str:
        """Say it to a person."""
        return FAULTS[self.fault].format(entry=self.entry_id, anchor=self.anchor)


@dataclass(frozen=True, slots=True)
class AuditCheck:
    """What a check found: how much was looked at, and the first break or None."""

    entries: int
    anchors: int
    found: Break | None


def verify_audit(tenant_id: int) -> int | None:
    """Check a tenant's log; returns the id of the first entry that does not fit, or None."""
    found = check_audit(tenant_id).found
    return None if found is None else found.entry_id or 0


def check_audit(
    tenant_id: int, *, kept: Iterable[Anchor] = (), progress: Callable[[int], None] = lambda _: None
) -> AuditCheck:
    """Check a tenant's log against its chain, its anchors, the one in Valkey, and those that somebody ``kept``.

    ``progress`` is told how many more entries were looked at.
    """
    published = published_anchor(tenant_id)
    others = [*([published] if published else []), *(anchor for anchor in kept if anchor.tenant_id == tenant_id)]
    with tenant_session(tenant_id) as session:
        # Anchors first: what they speak of is committed, so the entries read afterwards must hold it.
        stored = stored_anchors(session, tenant_id)
        found = _anchor_break(stored, others)
        entries = 0
        if found is None:
            entries, found = _walk(session, tenant_id, [*stored, *others], progress)
    return AuditCheck(entries, len(stored), found)


def count_entries(tenant_id: int) -> int:
    """How many entries a tenant's log has."""
    with tenant_session(tenant_id) as session:
        return int(session.scalar(select(func.count()).where(AuditEntry.tenant_id == tenant_id)) or 0)


def audited_tenants() -> list[tuple[int, str]]:
    """Id and slug of every marketplace."""
    with maintainer_session() as session:
        rows = session.execute(select(Tenant.id, Tenant.slug).order_by(Tenant.id))
        return [(row.id, row.slug) for row in rows]


def _anchor_break(stored: list[Anchor], others: list[Anchor]) -> Break | None:
    for number, anchor in enumerate(stored, 1):
        if anchor.number != number:
            return Break("missing_anchor", anchor.entry_id, number)
        if not is_genuine(anchor):
            return Break("forged_anchor", anchor.entry_id, number)
    for anchor in others:
        if not is_genuine(anchor):
            return Break("forged_anchor", anchor.entry_id, anchor.number)
    return None


def _walk(
    session: Session, tenant_id: int, anchors: list[Anchor], progress: Callable[[int], None]
) -> tuple[int, Break | None]:
    """Follow the chain; returns how many entries fit, and the first break."""
    waiting = sorted(anchors, key=lambda anchor: (anchor.entry_id, anchor.number))
    before, count = b"", 0
    for entry in _entries(session, tenant_id, progress):
        if entry.previous_hash != before:
            return count, Break("missing_before", entry.id)
        if entry.hash != chained_hash(entry):
            return count, Break("changed", entry.id)
        before, count = entry.hash, count + 1
        while waiting and waiting[0].entry_id <= entry.id:
            anchor = waiting.pop(0)
            if (anchor.entry_id, anchor.hash, anchor.entries) != (entry.id, entry.hash, count):
                return count, Break("rewritten", entry.id, anchor.number)
    if waiting:
        return count, Break("missing_at_end", waiting[-1].entry_id, waiting[-1].number)
    return count, None


def _entries(session: Session, tenant_id: int, progress: Callable[[int], None]) -> Iterator[Row[Any]]:
    """Plain rows: a log can have millions, and none of them is to be changed."""
    table, last = AuditEntry.__table__.c, 0
    query = select(*table).where(table.tenant_id == tenant_id).order_by(table.id).limit(PAGE)
    while page := session.execute(query.where(table.id > last)).all():
        yield from page
        last = page[-1].id
        progress(len(page))
