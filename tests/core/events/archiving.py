"""Old events of a marketplace, and looking at what the archive does with them."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg

from core.db.partitions import make_room_for
from core.events.api import Month, TenantMonth
from tests.marketplace import Marketplace
from tests.tracking.events import event
from tests.tracking.ingest.stream import entry
from tracking.ingest.service import ingest

Admin = psycopg.Connection[Any]


def months_ago(number: int) -> Month:
    """The month so many before this one."""
    return Month.of(datetime.now(UTC).date()).plus(-number)


def visits(month: Month, count: int, **changes: Any) -> list[dict[str, Any]]:
    """Page views in the middle of a month, a minute apart, with everything that may be strange in a text."""
    start = month.start + timedelta(days=14)
    odd = ["", 'a "quoted", one', "two\nlines", "\\N", "ț🎟️", "\u0085"]
    return [
        event(
            occurred_at=(start + timedelta(minutes=number)).isoformat(),
            context={
                "page": {"url": f"https://shop.example/{number}", "title": odd[number % len(odd)]},
                "click_ids": {"gclid": f"click-{uuid.uuid4()}"},
            },
            **changes,
        )
        for number in range(count)
    ]


def store_old(marketplace: Marketplace, events: Sequence[dict[str, Any]], *, trusted: bool = False) -> None:
    """Store events of any age, as an import does."""
    for moment in {item["occurred_at"][:7]: item["occurred_at"] for item in events}.values():
        make_room_for(datetime.fromisoformat(moment))
    ingest([entry(marketplace, *events, trusted=trusted)])


def stored(admin: Admin, marketplace: Marketplace) -> list[dict[str, Any]]:
    """Everything that is in the database of a marketplace, but for what the archive never keeps."""
    found = admin.execute(
        "SELECT to_jsonb(e) - 'client_network' FROM tx_events e WHERE tenant_id = %s ORDER BY event_id",
        [marketplace.tenant_id],
    ).fetchall()
    rows = [row for (row,) in found]
    for row in rows:
        row["context"].pop("click_ids", None)
    return rows


def partitions(admin: Admin) -> set[str]:
    """Names of the event table's partitions."""
    query = "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'tx_events'::regclass"
    return {str(name) for (name,) in admin.execute(query)}


def partition(month: Month) -> str:
    """The name of a month's partition."""
    return f"tx_events_p{month.year}{month.number:02}"


def files(place: Path, marketplace: Marketplace) -> list[Path]:
    """A marketplace's files in the archive."""
    return sorted((place / f"tenant={marketplace.tenant_id}").rglob("*.parquet"))


SOON = timedelta(days=2)


def tenant_month(marketplace: Marketplace, number: int) -> TenantMonth:
    """A marketplace's month so many months ago."""
    return TenantMonth(marketplace.tenant_id, marketplace.slug, months_ago(number))


def later() -> datetime:
    """A moment until which nothing is archived again."""
    return datetime.now(UTC) + SOON
