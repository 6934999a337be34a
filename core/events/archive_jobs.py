"""The nightly run of the archive, in turns short enough for a job."""

from __future__ import annotations

import time

import psycopg
import structlog
from sqlalchemy.exc import SQLAlchemyError

from core.config import settings
from core.errors import DomainError
from core.events.archive_errors import without_secrets
from core.events.archive_months import drop_empty_partitions, due_months
from core.events.archive_writing import archive_month
from core.jobs import DEFAULT, enqueue

RUN = "core.events.archive_jobs.run"
SECONDS = 60.0
"""After so long a job makes room for others and goes on behind them; a part more still fits into its time limit."""

BROKEN = (DomainError, SQLAlchemyError, psycopg.Error, OSError)
"""COPY speaks to PostgreSQL past SQLAlchemy; scratch files need room on a disk."""

log = structlog.get_logger(__name__)


def run() -> None:
    """Archive what is due; without ADRAIL_ARCHIVE_URL everything stays where it is."""
    if not settings().archive_url:
        return
    end = time.monotonic() + SECONDS
    for item in due_months():
        try:
            for _ in archive_month(item):
                if time.monotonic() > end:
                    enqueue(DEFAULT, RUN)
                    return
        except BROKEN as exc:
            # One month that cannot be archived must not keep the others.
            place = {"tenant": item.slug, "month": str(item.month)}
            log.error("a month cannot be archived", **place, reason=without_secrets(exc))  # noqa: TRY400
    drop_empty_partitions()
