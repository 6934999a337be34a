"""Checks of the archive: its place can be written, and what is old has moved there."""

from __future__ import annotations

from collections.abc import Iterator

from core.config import settings
from core.events.api import ArchiveError, due_months, overdue_months, probe_archive
from server.doctor.findings import Finding, fail, ok, warn

SHOWN = 5


def place() -> Iterator[Finding]:
    """Files can be written to the archive, read back and removed."""
    url = settings().archive_url
    if url is None:
        waiting = len(due_months())
        if waiting:
            yield warn(
                "archive",
                f"not set up, while {waiting} months are old enough for it",
                "Set ADRAIL_ARCHIVE_URL (docs/how-to/archive-events.md), or a longer ADRAIL_ARCHIVE_AFTER_MONTHS.",
            )
        else:
            yield ok("archive", "not set up; nothing is old enough for it yet")
        return
    try:
        probe_archive()
    except ArchiveError as exc:
        yield fail("archive", exc.detail, "Give adrail the right to write there, or correct ADRAIL_ARCHIVE_URL.")
    else:
        yield ok("archive", "can be written and read")


def months() -> Iterator[Finding]:
    """Nothing lies in the database that should have been archived days ago."""
    if settings().archive_url is None:
        return
    late = overdue_months()
    if late:
        told = ", ".join(f"{item.slug} {item.month}" for item in late[:SHOWN])
        more = f" and {len(late) - SHOWN} more" if len(late) > SHOWN else ""
        yield warn(
            "archived months",
            f"overdue: {told}{more}",
            "Is `adrail cron` running, and a worker? `adrail archive run` does it now and says what is wrong.",
        )
    else:
        yield ok("archived months", "none is overdue")
