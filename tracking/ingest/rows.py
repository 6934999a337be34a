"""From accepted envelopes to rows: typed copies, local date."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from core.events.api import NO_DEVICE, Device, Entry, EventRow, Origin
from tracking.ingest.origins import origin_of
from tracking.registry import registry

Enrich = Callable[[dict[str, Any]], Sequence[dict[str, Any]]]


def rows_of(entry: Entry, zone: ZoneInfo, enrich: Enrich | None) -> list[EventRow]:
    """Build the rows of one entry. ``enrich(envelope)`` returns extra context mappings, in order."""
    origin = origin_of(entry)
    return [_row(event, origin, zone, enrich) for event in entry.events]


def _row(event: dict[str, Any], origin: Origin, zone: ZoneInfo, enrich: Enrich | None) -> EventRow:
    get = event.get
    name, version = event["event_name"], event["event_version"]
    stated, claimed = event["occurred_at"], get("claimed_at")
    occurred_at = datetime.fromisoformat(stated)
    sequence = get("sequence_no")  # JSON knows 7.0, which is an integer too
    context, payload, entities = get("context") or {}, get("payload") or {}, get("entities") or {}
    if enrich or origin.place:
        context = _enriched(context, origin, enrich(event) if enrich else ())
    amount_field = _amount_field(name, version)
    amount = payload.get(amount_field) if amount_field else None
    before = get("prev_event_id")
    return EventRow(
        origin,
        _id(event["event_id"]),
        name,
        version,
        event["source_system"],
        occurred_at,
        datetime.fromisoformat(claimed) if claimed and claimed != stated else occurred_at,
        _local_date(stated, occurred_at, zone),
        get("site_id", origin.site_id),
        get("visitor_id"),
        get("session_id"),
        None if sequence is None else int(sequence),
        get("consent_snapshot") or {},
        context,
        entities,
        payload,
        origin.device if origin.device is not NO_DEVICE else _own_device(context),
        entities.get("event_entity_id"),
        entities.get("order_id"),
        None if amount is None else Decimal(amount),
        payload.get("currency"),
        get("person_id"),
        None,
        get("idempotency_key"),
        None if before is None else _id(before),
    )


def _id(text: str) -> bytes:
    raw = bytes.fromhex(text.replace("-", ""))
    if len(raw) != 16:
        raise ValueError("an event id is a UUID")
    return raw


def _local_date(stated: str, moment: datetime, zone: ZoneInfo) -> date:
    try:
        return _day_at(stated[:16], "+00:00" if stated[-1] == "Z" else stated[-6:], zone)
    except ValueError:  # written in another way than the collector does
        return moment.astimezone(zone).date()


@functools.lru_cache(maxsize=4096)
def _day_at(minute: str, offset: str, zone: ZoneInfo) -> date:
    """Days begin with a minute, so the minute tells the day; as a text it is looked up sooner than as a time."""
    return datetime.fromisoformat(minute + offset).astimezone(zone).date()


@functools.cache
def _amount_field(name: str, version: int) -> str | None:
    spec = registry().find(name, version)
    return spec.amount_field if spec else None


def _own_device(context: dict[str, Any]) -> Device:
    """What an event says of its device, for those that came without a browser's user agent."""
    said = context.get("device")
    if not said:
        return NO_DEVICE
    return Device(said.get("browser"), said.get("os"), said.get("type"))


def _enriched(context: dict[str, Any], origin: Origin, extra: Sequence[dict[str, Any]]) -> dict[str, Any]:
    made = dict(context)
    if origin.place:
        made["geo"] = origin.place
    for mapping in extra:
        made.update(mapping)
    return made
