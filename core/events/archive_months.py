"""Which months of which marketplace are old enough for the archive, and who works on one at a time."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from core.accounts.api import Actor, record_audit
from core.config import settings
from core.db.locks import Lock
from core.db.session import MAINTAINER, engine, maintainer_session
from core.errors import InvalidInputError

LEAST_MONTHS, MOST_MONTHS = 5, 600
GRACE_DAYS = 3
"""So long after its turn a month may lie before somebody is told: a schedule runs every night."""
OWN_NUMBER = "archive_after_months"
NAME = re.compile(r"tx_events_p(\d{4})(\d{2})")
PARTITIONS_NOW = text("""
SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'tx_events'::regclass ORDER BY 1
""")
TENANTS = text("""
SELECT id, slug, coalesce((settings ->> 'archive_after_months')::int, :default) AS months FROM tenants
WHERE cast(:tenant AS bigint) IS NULL OR id = :tenant ORDER BY id
""")
# Who has events in which month, from one marketplace to the next by the index: as many steps as there are marketplaces,
# however many events they have.
HELD = text("""
WITH RECURSIVE held AS (
  SELECT q.first, q.next, cast(0 AS bigint) AS tenant_id
  FROM unnest(cast(:firsts AS timestamptz[]), cast(:nexts AS timestamptz[])) AS q(first, next)
  UNION ALL
  SELECT h.first, h.next, (
    SELECT e.tenant_id FROM tx_events e
    WHERE e.occurred_at >= h.first AND e.occurred_at < h.next AND e.tenant_id > h.tenant_id
    ORDER BY e.tenant_id LIMIT 1)
  FROM held h WHERE h.tenant_id IS NOT NULL
)
SELECT first, tenant_id FROM held WHERE tenant_id > 0
""")
# Restored months whose time is over; where their rows went into new parts already, the old ones are to be cleared.
TAKEN_BACK = text("""
SELECT DISTINCT p.tenant_id, t.slug, p.month FROM event_archive_parts p JOIN tenants t ON t.id = p.tenant_id
WHERE p.state = 'restored' AND p.kept_until <= now() AND (cast(:tenant AS bigint) IS NULL OR p.tenant_id = :tenant)
""")
KEPT = text("SELECT DISTINCT tenant_id, month FROM event_archive_parts WHERE kept_until > now()")
IS_KEPT = text("""
SELECT EXISTS (SELECT 1 FROM event_archive_parts
               WHERE tenant_id = :tenant AND month = :month AND kept_until > now())
""")
KEEP_MONTHS = text("""
UPDATE tenants SET settings = CASE WHEN cast(:months AS int) IS NULL THEN settings - cast(:name AS text)
  ELSE settings || jsonb_build_object(cast(:name AS text), cast(:months AS int)) END
WHERE id = :tenant
""")
TRY = text("SELECT pg_try_advisory_lock(:lock, :key)")
RELEASE = text("SELECT pg_advisory_unlock(:lock, :key)")
DROP = text("SELECT adrail_drop_events_partition(:month)")


@dataclass(frozen=True, slots=True, order=True)
class Month:
    """A calendar month in UTC."""

    year: int
    number: int

    @classmethod
    def of(cls, day: date) -> Month:
        """The month of a day."""
        return cls(day.year, day.month)

    @classmethod
    def read(cls, written: str) -> Month:
        """Read 2024-05; raises `InvalidInputError`."""
        try:
            return cls.of(datetime.strptime(written, "%Y-%m").replace(tzinfo=UTC).date())
        except ValueError:
            raise InvalidInputError(f"{written!r} is no month; write it as 2024-05") from None

    def plus(self, months: int) -> Month:
        """The month so many later."""
        number = self.year * 12 + self.number - 1 + months
        return Month(number // 12, number % 12 + 1)

    @property
    def first(self) -> date:
        """Its first day."""
        return date(self.year, self.number, 1)

    @property
    def start(self) -> datetime:
        """Its first moment."""
        return datetime(self.year, self.number, 1, tzinfo=UTC)

    def __str__(self) -> str:
        return f"{self.year:04}-{self.number:02}"


@dataclass(frozen=True, slots=True)
class TenantMonth:
    """A month of one marketplace."""

    tenant_id: int
    slug: str
    month: Month

    def values(self) -> dict[str, Any]:
        """As parameters of statements."""
        return {
            "tenant": self.tenant_id,
            "month": self.month.first,
            "first": self.month.start,
            "next": self.month.plus(1).start,
        }


def due_months(now: datetime | None = None, *, tenant_id: int | None = None, grace_days: int = 0) -> list[TenantMonth]:
    """What is to be archived, oldest first: months with events that nobody asked to keep.

    With ``grace_days`` only what should have been archived so long ago.
    """
    latest = (now or datetime.now(UTC)) - timedelta(days=grace_days)
    with maintainer_session() as session:
        values = {"tenant": tenant_id, "default": settings().archive_after_months}
        found = _old_months(session, session.execute(TENANTS, values).all(), latest)
        if not grace_days:
            found |= {
                TenantMonth(row.tenant_id, row.slug, Month.of(row.month)) for row in session.execute(TAKEN_BACK, values)
            }
        kept = {(row.tenant_id, Month.of(row.month)) for row in session.execute(KEPT)} if found else set()
    free = [item for item in found if (item.tenant_id, item.month) not in kept]
    return sorted(free, key=lambda item: (item.month, item.tenant_id))


def _old_months(session: Session, tenants: Sequence[Row[Any]], latest: datetime) -> set[TenantMonth]:
    """Months that hold events and whose turn came before ``latest``."""
    known = {row.id: row for row in tenants}
    least = min((row.months for row in tenants), default=MOST_MONTHS)
    old = [month for month in _stored_months(session) if month.plus(least + 1).start <= latest]
    if not old:
        return set()
    times = {"firsts": [month.start for month in old], "nexts": [month.plus(1).start for month in old]}
    held = [
        (known[row.tenant_id], Month.of(row.first.astimezone(UTC)))
        for row in session.execute(HELD, times)
        if row.tenant_id in known
    ]
    return {TenantMonth(row.id, row.slug, month) for row, month in held if month.plus(row.months + 1).start <= latest}


def is_kept(item: TenantMonth) -> bool:
    """Whether somebody asked that a month stays in the database for now."""
    with maintainer_session() as session:
        return bool(session.scalar(IS_KEPT, item.values()))


def overdue_months(now: datetime | None = None) -> list[TenantMonth]:
    """Months that should have been archived some days ago."""
    return due_months(now, grace_days=GRACE_DAYS)


def drop_empty_partitions(now: datetime | None = None) -> list[str]:
    """Drop partitions older than the shortest time any marketplace keeps events, where no row is left; names them.

    One that is in use right now is left for the next time.
    """
    now = now or datetime.now(UTC)
    with maintainer_session() as session:
        rows = session.execute(TENANTS, {"tenant": None, "default": settings().archive_after_months}).all()
        least = min([settings().archive_after_months, *(row.months for row in rows)])
        old = [month for month in _stored_months(session) if month.plus(least + 1).start <= now]
    return [str(month) for month in old if _drop(month)]


def _drop(month: Month) -> bool:
    try:
        with engine(MAINTAINER).begin() as connection:
            # Events wait while this waits for its lock, hence briefly.
            connection.execute(text("SET LOCAL lock_timeout = '1s'"))
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": Lock.PARTITIONS})
            return bool(connection.scalar(DROP, {"month": month.first}))
    except DBAPIError as exc:
        if getattr(exc.orig, "sqlstate", None) == "55P03":
            return False
        raise


def _stored_months(session: Session) -> Sequence[Month]:
    names = (NAME.fullmatch(str(name).rpartition(".")[2]) for name in session.scalars(PARTITIONS_NOW))
    return [Month(int(match[1]), int(match[2])) for match in names if match]


@contextmanager
def alone(tenant_id: int) -> Iterator[bool]:
    """Whether nobody else works on this marketplace's archive; ends with the process, however that ends."""
    values = {"lock": Lock.EVENT_ARCHIVE, "key": tenant_id % 2**31}
    with engine(MAINTAINER).connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        taken = bool(connection.scalar(TRY, values))
        try:
            yield taken
        finally:
            if taken:
                connection.execute(RELEASE, values)


def keep_events(actor: Actor, months: int | None) -> int:
    """Let a marketplace's events stay so many whole months in the database (None: the usual number); returns it.

    Raises `InvalidInputError` for less than what links between visitors and persons are derived from.
    """
    if months is not None and not LEAST_MONTHS <= months <= MOST_MONTHS:
        raise InvalidInputError(f"events stay from {LEAST_MONTHS} to {MOST_MONTHS} months; {months} is outside")
    with maintainer_session() as session:
        session.execute(KEEP_MONTHS, {"tenant": actor.tenant_id, "name": OWN_NUMBER, "months": months})
        record_audit(session, actor, "archive.keep", f"tenant:{actor.tenant_id}", {"months": months})
    return settings().archive_after_months if months is None else months
