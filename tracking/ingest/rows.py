"""From accepted envelopes to rows: typed copies, local date, cut address."""

from __future__ import annotations

import ipaddress
import uuid
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import orjson
import structlog

from core.events.api import Entry, EventRow
from core.security.crypto import DecryptionError, keyring
from tracking.registry import registry

log = structlog.get_logger(__name__)


def rows_of(entry: Entry, zone: ZoneInfo, enrich: Any) -> list[EventRow]:
    """Build the rows of one entry. ``enrich(envelope)`` returns extra context mappings, in order."""
    network = _network(entry.sealed_client)
    return [_row(entry, event, zone, network, enrich(event)) for event in entry.events]


def _row(
    entry: Entry, event: dict[str, Any], zone: ZoneInfo, network: str | None, extra: Sequence[dict[str, Any]]
) -> EventRow:
    spec = registry().find(event["event_name"], event["event_version"])
    payload, entities = event.get("payload", {}), event.get("entities", {})
    amount = payload.get(spec.amount_field) if spec and spec.amount_field else None
    occurred_at = datetime.fromisoformat(event["occurred_at"])
    sequence = event.get("sequence_no")  # JSON knows 7.0, which is an integer too
    context = dict(event.get("context", {}))
    for mapping in extra:
        context.update(mapping)
    return EventRow(
        tenant_id=entry.tenant_id,
        event_id=uuid.UUID(event["event_id"]),
        trusted=entry.trusted,
        occurred_at=occurred_at,
        event_name=event["event_name"],
        event_version=event["event_version"],
        claimed_at=datetime.fromisoformat(event.get("claimed_at", event["occurred_at"])),
        received_at=entry.received_at,
        local_date=occurred_at.astimezone(zone).date(),
        source_system=event["source_system"],
        site_id=event.get("site_id", entry.site_id),
        visitor_id=event.get("visitor_id"),
        session_id=event.get("session_id"),
        sequence_no=None if sequence is None else int(sequence),
        person_external_id=event.get("person_id"),
        consent=event.get("consent_snapshot", {}),
        context=context,
        entities=entities,
        payload=payload,
        idempotency_key=event.get("idempotency_key"),
        prev_event_id=uuid.UUID(event["prev_event_id"]) if "prev_event_id" in event else None,
        event_entity_id=entities.get("event_entity_id"),
        order_id=entities.get("order_id"),
        amount=Decimal(amount) if amount is not None else None,
        currency=payload.get("currency"),
        client_network=network,
        sealed_client=entry.sealed_client,
    )


def _network(sealed: bytes | None) -> str | None:
    """The client's address cut to /24 (IPv4) or /48 (IPv6): enough for a region, not for a household."""
    if not sealed:
        return None
    try:
        address = ipaddress.ip_address(orjson.loads(keyring().unseal(sealed, "client")).get("ip"))
    except DecryptionError as exc:
        # The seal travels on; only what needs it must wait for the missing key.
        log.warning("a client's address cannot be opened", reason=str(exc))
        return None
    except ValueError:
        return None
    address = getattr(address, "ipv4_mapped", None) or address
    return str(ipaddress.ip_network((address, 24 if address.version == 4 else 48), strict=False))
