"""What attackers are after: everything that belongs to one owner, and by what it is recognised wherever it turns up."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import orjson
import psycopg
from psycopg import sql

from core.accounts.api import Actor, ask_for_type, create_key, create_organizer, invite, load_profile, open_session
from core.catalog.api import (
    KINDS,
    insert_live_events,
    merge_persons,
    place_order,
    save_row,
    upsert_follows,
    upsert_interests,
    upsert_rows,
)
from core.codes.api import update_code
from core.db.session import tenant_session
from core.events.api import Entry, Reject, encode, group_key, store_rejects
from core.notifications.api import Audience, notify
from core.security.crypto import keyring
from core.tables import metadata
from core.valkey import client
from tests.marketplace import PLATFORM, Marketplace
from tests.pipeline import run_pipeline
from tests.tracking.events import event
from tracking.ingest.entries import DEAD_STREAM
from tracking.own_events.service import Definition, define

Looking = psycopg.Connection[tuple[Any, ...]]
PASSWORD = "a long enough password"
WHEN = {"since": "2026-11-20T10:00:00+00:00", "zone": "Europe/Bucharest"}
_public_ids = itertools.count(100_000_000_001)


@dataclass(frozen=True, slots=True)
class Prey:
    """The things of one owner. ``ids`` names each kind of thing; ``mark`` is part of every text of theirs.

    Numbers of their rows lie in a range of their own, so that ``traces`` finds them, too.
    """

    mark: str
    tenant_id: int
    organizer_id: int | None
    ids: Mapping[str, str | int]
    secrets: tuple[str, ...] = ()
    numbers: re.Pattern[str] | None = field(default=None, repr=False)

    def traces(self, answer: str) -> list[str]:
        """Everything of theirs that stands in a text."""
        found = [self.mark] if self.mark in answer.lower() else []
        found += [secret for secret in self.secrets if secret in answer]
        return found + (self.numbers.findall(answer) if self.numbers else [])


def start_numbers(looking: Looking, first: int) -> None:
    """Let the ids of all tables go on from ``first``, eleven digits that nothing else has."""
    for name, table in metadata.tables.items():
        if "id" in table.c and table.c.id.identity is not None:
            looking.execute("SELECT setval(pg_get_serial_sequence(%s, 'id'), %s)", [name, first])


def settle(looking: Looking, marketplace: Marketplace, mark: str, *, first: int | None = None) -> Prey:
    """Give an organiser of their own everything an organiser can have: live events, codes, orders, mails, keys."""
    if first:
        start_numbers(looking, first + 1000)
    organizer = create_organizer(marketplace.tenant_id, external_id=f"{mark}-org", slug=f"{mark}-org", name=mark)
    marketplace.organizers[mark] = organizer
    key = create_key(marketplace.tenant_id, kind="organizer", name=f"{mark} key", organizer_id=organizer)
    marketplace.organizer_keys[mark] = key
    _catalogue(marketplace, mark, organizer)
    user = marketplace.create_user(f"{mark}@{marketplace.slug}.example", PASSWORD, organizer=mark)
    public_id = str(first or next(_public_ids))
    code = marketplace.add_code(PLATFORM, mark, public_id, organizer=mark)
    _live(marketplace, mark, code)
    _shop(marketplace, mark, f"{mark}-org")
    _people(marketplace, mark, user, marketplace.organizer(mark))
    find = _Finder(looking, marketplace.tenant_id)
    ids: dict[str, str | int] = {
        "organizer": f"{mark}-org",
        "organizer_slug": f"{mark}-org",
        "live_event": f"{mark}-ev",
        "event_slug": f"{mark}-ev",
        "event_page": f"event:{mark}-ev",
        "ticket_type": f"{mark}-tt",
        "venue": f"{mark}-venue",
        "artist": f"{mark}-artist",
        "genre": f"{mark}-genre",
        "order": f"{mark}-order",
        "ticket_link": f"{mark}-link",
        "product": f"{mark}-product",
        "affiliate": f"{mark}-affiliate",
        "shop_order": f"{mark}-shop-order",
        "shipment": f"{mark}-shipment",
        "person": f"{mark}-person",
        "visitor": f"{mark}-visitor",
        "twin": f"{mark}-twin",
        "merged": f"{mark}-merged",
        "duplicate": find("person_duplicates"),
        "word": mark,
        "code": code,
        "public_id": public_id,
        **_ids_of_people(find, user, organizer),
        "catalog_change": find("catalog_changes"),
        **_collected(looking, marketplace, mark),
        "connection": find("connections", organizer_id=organizer),
        "change": find("tracking_code_history", code_id=code),
        "delivery": find("conversion_deliveries", organizer_id=organizer),
        "mail": find("mails", user_id=user),
        "key": find("api_keys", organizer_id=organizer),
        "site": find("sites"),
    }
    numbers = re.compile(rf"\b{str(first)[:2]}\d{{9}}\b") if first else None
    return Prey(mark, marketplace.tenant_id, organizer, ids, (key,), numbers)


def settle_house(looking: Looking, marketplace: Marketplace, mark: str, *, first: int) -> Prey:
    """The marketplace's own things, which its organisers must not touch."""
    start_numbers(looking, first)
    user = marketplace.create_user(f"{mark}@{marketplace.slug}.example", PASSWORD)
    key = create_key(marketplace.tenant_id, kind="server", name=f"{mark} key")
    code = marketplace.add_code(PLATFORM, mark, str(first))
    update_code(marketplace.staff, code, {"enabled": False})
    update_code(marketplace.staff, code, {"enabled": True})
    place_order(marketplace.tenant_id, _order(marketplace, mark, "ev-1"))
    _shop(marketplace, mark, None)
    _tell(marketplace, mark, None)
    _people(marketplace, mark, user, marketplace.staff)
    run_pipeline()
    find = _Finder(looking, marketplace.tenant_id)
    ids: dict[str, str | int] = {
        "code": code,
        **_ids_of_people(find, user, None),
        "connection": find("connections", organizer_id=None),
        "change": find("tracking_code_history", code_id=code),
        "delivery": find("conversion_deliveries", organizer_id=None),
        "mail": find("mails", user_id=user),
        "key": find("api_keys", organizer_id=None),
        **_collected(looking, marketplace, mark),
        "site": find("sites"),
        "person": f"{mark}-person",
        "visitor": f"{mark}-visitor",
        "order": f"{mark}-order",
        "product": f"{mark}-product",
        "affiliate": f"{mark}-affiliate",
        "shop_order": f"{mark}-shop-order",
        "shipment": f"{mark}-shipment",
    }
    return Prey(mark, marketplace.tenant_id, None, ids, (key,), re.compile(rf"\b{str(first)[:2]}\d{{9}}\b"))


def _collected(looking: Looking, marketplace: Marketplace, mark: str) -> dict[str, str | int]:
    """A refused event, a request that could not be stored, and an event of the marketplace's own."""
    now, problem = datetime.now(UTC), {"pointer": f"/payload/{mark}", "rule": "type", "message": "the value is wrong"}
    with tenant_session(marketplace.tenant_id) as session:
        body = orjson.dumps(event(visitor_id=f"{mark}-visitor"))
        sealed = keyring().seal(body, "reject")
        refused = Reject("shop", f"{mark}_viewed", "schema", [problem], sealed, now)
        store_rejects(session, marketplace.tenant_id, [refused])
    fields: Any = {**encode(Entry(marketplace.tenant_id, False, now, [{"event_name": mark}])), b"reason": mark.encode()}
    entry: Any = client().xadd(DEAD_STREAM, fields)
    name = f"custom.{mark.replace('-', '_').lower()}_happened"
    define(marketplace.staff, Definition(name, f"{mark} happened.", ["web"], "analytics", []))
    find = _Finder(looking, marketplace.tenant_id)
    return {
        "reject": find("tx_rejected_events"),
        "reject_body": body.decode(),
        "reject_group": group_key("schema", f"{mark}_viewed", [problem]),
        "dead_entry": entry.decode(),
        "own_event": name,
    }


class _Finder:
    """Looks up the newest row of a table that fits."""

    def __init__(self, looking: Looking, tenant_id: int) -> None:
        self._looking, self._tenant_id = looking, tenant_id

    def __call__(self, table: str, **where: Any) -> int:
        of_tenant = {"tenant_id": self._tenant_id} if "tenant_id" in metadata.tables[table].c else {}
        facts = {**of_tenant, **where}
        fits = sql.SQL(" AND ").join(
            sql.SQL("{} IS NOT DISTINCT FROM %s").format(sql.Identifier(column)) for column in facts
        )
        query = sql.SQL("SELECT max(id) FROM {} WHERE {}").format(sql.Identifier(table), fits)
        row = self._looking.execute(query, list(facts.values())).fetchone()
        assert row, table
        assert row[0] is not None, f"the prey has no row in {table}"
        return int(row[0])


def _catalogue(marketplace: Marketplace, mark: str, organizer: int) -> None:
    starts = datetime.now(UTC).replace(microsecond=0) + timedelta(days=60)
    venue = {"external_id": f"{mark}-venue", "name": f"{mark} hall", "city": mark, "country": "RO", "capacity": 9}
    live_event = {
        "external_id": f"{mark}-ev",
        "organizer_id": organizer,
        "venue": f"{mark}-venue",
        "slug": f"{mark}-ev",
        "title": f"{mark} live",
        "starts_at": starts,
        "currency": "RON",
        "price_from": Decimal(90),
        "price_to": Decimal(90),
    }
    ticket = {
        "external_id": f"{mark}-tt",
        "live_event": f"{mark}-ev",
        "name": f"{mark} ticket",
        "category": "GA",
        "price": Decimal(90),
        "quota": 1000,
    }
    with tenant_session(marketplace.tenant_id) as session:
        insert_live_events(session, marketplace.tenant_id, [venue], [live_event], [ticket])
    for kind in ("genre", "artist"):
        row = {"external_id": f"{mark}-{kind}", "name": f"{mark} {kind}"}
        (outcome,) = upsert_rows(marketplace.staff, KINDS[f"{kind}s"], [row])
        assert outcome.outcome == "created", outcome


def _shop(marketplace: Marketplace, mark: str, organizer: str | None) -> None:
    """What is sold beside tickets, by an organiser or the marketplace itself, and what somebody likes."""
    now = datetime.now(UTC).replace(microsecond=0)
    sold = {"organizer_id": organizer, "name": f"{mark} vinyl", "category": mark, "seller": mark}
    link = {"live_event_id": f"{mark}-ev", "seller": mark, "url": f"https://{mark}.example/", "utm": {"source": mark}}
    line = {"line": mark, "product_id": f"{mark}-product", "quantity": 1, "unit_price": "9.00"}
    bought = {"person_id": f"{mark}-person", "placed_at": now.isoformat(), "gross": "9.00", "items": [line]}
    rows: dict[str, dict[str, Any]] = {
        "products": {"external_id": f"{mark}-product", "currency": "RON", "price": "9.00", **sold},
        **({"ticket-links": {"external_id": f"{mark}-link", **link}} if organizer else {}),
        "affiliates": {"external_id": f"{mark}-affiliate", "name": mark, "commission_percent": 3},
        "shop-orders": {"external_id": f"{mark}-shop-order", "currency": "RON", **bought},
        "shipments": {"external_id": f"{mark}-shipment", "shop_order_id": f"{mark}-shop-order", "carrier": mark},
    }
    for kind, row in rows.items():
        (outcome,) = upsert_rows(marketplace.staff, KINDS[kind], [row])
        assert outcome.outcome == "created", outcome
    who = {"person_id": f"{mark}-person", "subject_kind": "live_event"}
    (outcome,) = upsert_follows(marketplace.staff, [{**who, "subject_id": f"{mark}-ev" if organizer else "ev-1"}])
    assert outcome.outcome == "created", outcome
    agreed = {"granted": True, "captured_at": now.isoformat()}
    over = (now + timedelta(days=90)).isoformat()
    taste = {"subject_kind": "word", "subject": mark, "source": mark, "consent": agreed, "expires_at": over}
    (outcome,) = upsert_interests(marketplace.staff, [{"person_id": f"{mark}-person", **taste}])
    assert outcome.outcome == "created", outcome


def _live(marketplace: Marketplace, mark: str, code: int) -> None:
    """Let things happen: a change to undo, an order that is delivered, a mail."""
    update_code(marketplace.staff, code, {"enabled": False})
    update_code(marketplace.staff, code, {"enabled": True})
    for person in ("person", "twin", "merged"):
        place_order(marketplace.tenant_id, _order(marketplace, mark, f"{mark}-ev", person))
    merge_persons(marketplace.staff, f"{mark}-person", f"{mark}-merged")
    save_row(marketplace.staff, KINDS["live-events"], f"{mark}-ev", {"description": f"{mark} at its best"})
    _tell(marketplace, mark, marketplace.organizers[mark])
    run_pipeline()


def _people(marketplace: Marketplace, mark: str, user: int, team: Actor) -> None:
    """A session, somebody who is asked to join the team, and a wish for another account type."""
    profile = load_profile(user)
    assert profile
    open_session(profile, user_agent=f"{mark} browser", client_address="192.0.2.1")
    invite(team, email=f"{mark}-invited@people.example", role="analyst")
    ask_for_type(profile.actor, "promoter" if team.organizer_id else "media", f"{mark} wants more")


def _ids_of_people(find: _Finder, user: int, organizer: int | None) -> dict[str, int]:
    member = find("memberships", user_id=user)
    return {
        "user": user,
        "membership": member,
        "session": find("user_sessions", user_id=user),
        "invitation": find("invitations", organizer_id=organizer),
        "request": find("verification_requests", membership_id=member),
    }


def _order(marketplace: Marketplace, mark: str, live_event: str, person: str = "person") -> dict[str, Any]:
    number = f"{mark}-order" if person == "person" else f"{mark}-order-of-{person}"
    body = marketplace.order(number, visitor_id=f"{mark}-visitor", session_id=f"{mark}-session")
    who = {"external_id": f"{mark}-{person}", "email": f"{mark}@buyers.example", "last_name": mark, "phone": None}
    body["person"] |= who
    body["items"][0] |= {"live_event_id": live_event, "ticket_type_id": None}
    return body


def _tell(marketplace: Marketplace, mark: str, organizer: int | None) -> None:
    facts = {**dict.fromkeys(("platform", "account", "owner", "marketplace", "reason"), mark), **WHEN}
    facts["link"] = f"https://{mark}.example/"
    with tenant_session(marketplace.tenant_id) as session:
        topic = f"connection:{mark}"
        notify(
            session,
            marketplace.tenant_id,
            "connection_stopped",
            Audience(organizer),
            facts,
            topic=topic,
            occasion="once",
        )
