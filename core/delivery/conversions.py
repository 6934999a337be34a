"""From a stored delivery to the typed conversion a plugin receives; clear identifiers exist in memory only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

import orjson
import structlog
from sqlalchemy.orm import Session

from adrail import ConsentReceipt, Conversion, Item, RawIdentifier, UserData
from core.catalog.api import PersonIdentifiers, person_identifiers
from core.delivery.consent import Checked
from core.delivery.models import Delivery
from core.security.crypto import DecryptionError, keyring

CLIENT = "client"

log = structlog.get_logger(__name__)


def build(row: Delivery, person: PersonIdentifiers | None, checked: Checked) -> Conversion:
    """Return the conversion of a delivery whose consent was checked just now."""
    made = row.conversion
    value = made.get("value")
    return Conversion(
        event_id=row.platform_event_id,
        canonical=row.canonical,
        occurred_at=row.occurred_at,
        destination_id=row.public_id,
        consent=ConsentReceipt(checked.purpose, checked.ledger_id, checked.captured_at, checked.checked_at),
        action_source=made.get("action_source", "website"),
        value=None if value is None else Decimal(value),
        currency=made.get("currency"),
        order_id=row.order_id,
        search_string=made.get("search_string"),
        source_url=made.get("source_url"),
        items=tuple(_item(entry) for entry in made.get("items", ())),
        user=_user(row, None if checked.nameless else person),
        custom_params=made.get("custom_params") or {},
    )


def open_persons(session: Session, tenant_id: int, rows: Iterable[Delivery]) -> Mapping[int, PersonIdentifiers]:
    """Return the identifiers of the deliveries' persons; one that cannot be opened is left out, not the whole batch."""
    wanted = sorted({row.person_id for row in rows if row.person_id})
    try:
        return person_identifiers(session, tenant_id, wanted)
    except DecryptionError:
        opened: dict[int, PersonIdentifiers] = {}
        for person_id in wanted:
            opened.update(_open_one(session, tenant_id, person_id))
        return opened


def _open_one(session: Session, tenant_id: int, person_id: int) -> Mapping[int, PersonIdentifiers]:
    try:
        return person_identifiers(session, tenant_id, [person_id])
    except DecryptionError:
        log.exception(
            "a person's identifiers do not open; sending without them", tenant_id=tenant_id, person_id=person_id
        )
        return {}


def _item(entry: Mapping[str, Any]) -> Item:
    price = entry.get("price")
    return Item(
        id=str(entry["id"]),
        live_event_id=str(entry["live_event_id"]),
        quantity=int(entry["quantity"]),
        price=None if price is None else Decimal(price),
    )


def _user(row: Delivery, person: PersonIdentifiers | None) -> UserData:
    client = _open_client(row)
    known = person.external_id if person else row.visitor_id
    return UserData(
        email=person.email if person else None,
        phone=person.phone if person else None,
        first_name=person.first_name if person else None,
        last_name=person.last_name if person else None,
        city=person.city if person else None,
        country=person.country if person else None,
        region=person.country if person else None,
        external_id=RawIdentifier(known) if known else None,
        client_ip=_raw(client.get("ip")),
        user_agent=_raw(client.get("ua")),
        click_ids={name: str(value) for name, value in row.conversion.get("click_ids", {}).items() if value},
    )


def _open_client(row: Delivery) -> Mapping[str, Any]:
    if row.sealed_client is None:
        return {}
    try:
        opened = orjson.loads(keyring().unseal(row.sealed_client, CLIENT))
    except DecryptionError:
        log.exception(
            "a visitor's address does not open; sending without it", tenant_id=row.tenant_id, delivery_id=row.id
        )
        return {}
    return opened if isinstance(opened, dict) else {}


def _raw(value: object) -> RawIdentifier | None:
    return RawIdentifier(value) if isinstance(value, str) and value else None
