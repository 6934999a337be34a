"""Monthly partitions of the event table: some kept ready ahead, others made when something old must be stored."""

from __future__ import annotations

from datetime import UTC, date, datetime

from sqlalchemy import Connection, text

from core.db.locks import Lock
from core.db.session import MAINTAINER, engine

MONTHS_BACK, MONTHS_AHEAD = 4, 3
MAKE = text("SELECT adrail_make_events_partition(:month)")


def ensure_partitions(connection: Connection, today: date | None = None) -> None:
    """Make the monthly partitions around ``today`` (UTC); existing ones are left alone."""
    now = _month(today or datetime.now(UTC).date())
    _make(connection, range(now - MONTHS_BACK, now + MONTHS_AHEAD + 1))


def make_room_for(moment: datetime) -> None:
    """Make the partition of a moment outside the months that are kept ready."""
    month, now = _month(moment.astimezone(UTC).date()), _month(datetime.now(UTC).date())
    if not now - MONTHS_BACK <= month <= now + MONTHS_AHEAD:
        with engine(MAINTAINER).begin() as connection:
            _make(connection, range(month, month + 1))


def _make(connection: Connection, months: range) -> None:
    connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": Lock.PARTITIONS})
    for number in months:
        connection.execute(MAKE, {"month": date(number // 12, number % 12 + 1, 1)})


def _month(day: date) -> int:
    return day.year * 12 + day.month - 1
