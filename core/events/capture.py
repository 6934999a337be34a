"""Capture rate: how many of the events that browsers numbered arrived, per site and local day.

A browser numbers a visitor's events 0, 1, 2, … as it queues them. Whoever sends 0, 1, 4 lost 2 and 3: they are missing
on the day of 4, the first event after the gap. Repeated numbers count as received and miss nothing; neither does the
first event after a month of silence.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import structlog
from sqlalchemy import BigInteger, Integer, bindparam, select, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from core.accounts.api import tenant_ids
from core.db.session import maintainer_session
from core.errors import FieldProblem, InvalidInputError
from core.events.models import CollectionDay
from core.paging import Page, clamp, decode_cursor, encode_cursor

RECENT_DAYS = 2
LATE_DAYS = 31
"""A browser that was offline may send events for 30 days; they close gaps of days long past."""
SHOWN_DAYS = 30

REACH_DAYS = 31
"""How far back an event's predecessor is looked for; the same in every run, so that all of them count alike."""

PATIENCE = text("SET LOCAL statement_timeout = '5min'")
# Begins early enough that the first event of the first day finds its predecessor; a day more for local dates, which
# begin before or after those of UTC.
MEASURE = text("""
WITH seen AS (
  SELECT DISTINCT visitor_id FROM tx_events
  WHERE tenant_id = :tenant AND occurred_at >= :since - interval '1 day' AND NOT trusted AND NOT is_bot
    AND visitor_id IS NOT NULL AND sequence_no IS NOT NULL
), numbered AS (
  SELECT coalesce(site_id, '') AS site_id, local_date, visitor_id, sequence_no,
         lag(sequence_no) OVER one_visitor AS previous, lag(local_date) OVER one_visitor AS previous_date
  FROM tx_events JOIN seen USING (visitor_id)
  WHERE tenant_id = :tenant AND occurred_at >= :since - make_interval(days => :reach + 1) AND NOT trusted
    AND NOT is_bot AND sequence_no IS NOT NULL
  WINDOW one_visitor AS (PARTITION BY visitor_id ORDER BY sequence_no, occurred_at)
)
INSERT INTO collection_days (tenant_id, day, site_id, visitors, received, missing, computed_at)
SELECT :tenant, local_date, site_id, count(DISTINCT visitor_id), count(*),
       coalesce(sum(greatest(sequence_no - previous - 1, 0)) FILTER (WHERE previous_date >= local_date - :reach), 0),
       now()
FROM numbered WHERE local_date >= CAST(:since AS date) GROUP BY local_date, site_id
ON CONFLICT (tenant_id, day, site_id) DO UPDATE SET visitors = excluded.visitors, received = excluded.received,
  missing = excluded.missing, computed_at = excluded.computed_at
""").bindparams(bindparam("tenant", type_=BigInteger), bindparam("reach", REACH_DAYS, type_=Integer))

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class CaptureDay:
    """What arrived of one site and local day; an empty ``site_id`` is of events that named none."""

    day: date
    site_id: str
    visitors: int
    received: int
    missing: int
    computed_at: datetime

    @property
    def rate(self) -> float:
        """The share that arrived, from 0 to 1."""
        return share(self.received, self.missing)


COLUMNS = tuple(getattr(CollectionDay, name) for name in CaptureDay.__slots__)


def share(received: int, missing: int) -> float:
    """Received of what was sent, from 0 to 1; 1 when nothing was sent."""
    return received / (received + missing) if received else 1.0


def measure(days: int) -> None:
    """Count the last days anew, today included; a marketplace whose count fails leaves the others alone."""
    since = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=days)
    for tenant_id in tenant_ids():
        try:
            with maintainer_session() as session:
                session.execute(PATIENCE)
                session.execute(MEASURE, {"tenant": tenant_id, "since": since})
        except SQLAlchemyError:
            log.exception("the capture rate cannot be counted", tenant=tenant_id)


def measure_recent() -> None:
    """Count today and the days before it anew."""
    measure(RECENT_DAYS)


def measure_late() -> None:
    """Count every day anew in which late events can have closed gaps."""
    measure(LATE_DAYS)


def capture_page(
    session: Session, tenant_id: int, *, site_id: str | None = None, limit: int = 50, cursor: str | None = None
) -> Page[CaptureDay]:
    """Sites and days, newest first; raises `InvalidInputError` for a cursor of another list."""
    query = select(*COLUMNS).where(CollectionDay.tenant_id == tenant_id)
    if site_id is not None:
        query = query.where(CollectionDay.site_id == site_id)
    before = decode_cursor(cursor, str, str)
    if before:
        day, site = _day(before[0]), before[1]
        query = query.where((CollectionDay.day < day) | ((CollectionDay.day == day) & (CollectionDay.site_id > site)))
    size = clamp(limit)
    rows = session.execute(query.order_by(CollectionDay.day.desc(), CollectionDay.site_id).limit(size + 1)).all()
    items = [CaptureDay(*row) for row in rows[:size]]
    more = len(rows) > size
    return Page(items, encode_cursor(items[-1].day.isoformat(), items[-1].site_id) if more else None)


def capture_days(session: Session, tenant_id: int, *, days: int = SHOWN_DAYS) -> Sequence[CaptureDay]:
    """Every site of the last days, oldest first."""
    since = datetime.now(UTC).date() - timedelta(days=days)
    query = select(*COLUMNS).where(CollectionDay.tenant_id == tenant_id, CollectionDay.day > since)
    return [CaptureDay(*row) for row in session.execute(query.order_by(CollectionDay.day, CollectionDay.site_id))]


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        problem = FieldProblem("/cursor", "cursor", "use next_cursor of the previous page unchanged, or leave it out")
        raise InvalidInputError("the cursor does not belong to this list", errors=[problem]) from None
