"""What the demo marketplace has beside tickets: products and who bought them, partners, other sellers, likings."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from server.demo.around import ARTISTS, GENRES
from server.demo.content import ORGANIZERS, PERSONS, TITLES, slugify

# Name, category, organiser (None: the marketplace's own), price in RON.
PRODUCTS = (
    ("Castle Nights T-shirt", "Textiles", "org-1", 89),
    ("Castle Nights tote bag", "Textiles", "org-1", 45),
    ("Castle parking, three days", "Parking", "org-1", 120),
    ("Late Night Jam, vinyl", "Records", "org-2", 149),
    ("Blue Note mug", "Kitchen", "org-2", 39),
    ("Electric Delta poster", "Posters", "org-3", 59),
    ("Delta rain cape", "Textiles", "org-3", 35),
    ("Teatrul Mobil programme", "Books", "org-4", 25),
    ("Scena gift card", "Gift cards", None, 200),
    ("Ear plugs", "Comfort", None, 15),
)
AFFILIATES = (
    ("Cluj by Night", "4.00", "active"),
    ("Jazz la Cafenea", "5.50", "active"),
    ("Orașul Viu", "3.00", "paused"),
)
# Live event, seller, per cent.
LINKS = (
    (1, "Bilete Cluj", "6.50"),
    (11, "Jazz Tickets", "4.00"),
    (21, "Delta Travel", "8.00"),
    (31, "Teatru.ro", None),
)
ORDERS, FOLLOWS, TASTES = 60, 150, 90
CARRIERS = ("Poșta Română", "Curier Rapid")
SOURCES = ("Songs Inc", "Festival Diary")


@dataclass(frozen=True, slots=True)
class Shop:
    """Rows for the catalogue by kind, in the order they depend on each other, and what persons like."""

    rows: dict[str, list[dict[str, Any]]]
    follows: list[dict[str, Any]]
    interests: list[dict[str, Any]]


def make_shop(seed: int, today: date) -> Shop:
    """Make the demo's shop; orders lie in the thirty days before ``today``."""
    chance = random.Random(seed + 2)  # noqa: S311 - demo data must be the same for the same seed
    names = {key: name for key, _slug, name in ORGANIZERS}
    products = [
        {
            "external_id": f"p-{number}",
            "organizer_id": organizer,
            "name": name,
            "category": category,
            "seller": names.get(organizer or "", "Scena"),
            "currency": "RON",
            "price": f"{price}.00",
        }
        for number, (name, category, organizer, price) in enumerate(PRODUCTS, start=1)
    ]
    orders = [_order(chance, number, today) for number in range(1, ORDERS + 1)]
    parcels = [_parcel(chance, order) for order in orders if order["status"] == "completed"]
    links = [
        {
            "external_id": f"link-{number}",
            "live_event_id": f"ev-{event}",
            "seller": seller,
            "url": f"https://{slugify(seller)}.example/{slugify(TITLES[event - 1][0])}",
            "utm": {"source": "scena", "medium": "referral"},
            "commission_percent": share,
        }
        for number, (event, seller, share) in enumerate(LINKS, start=1)
    ]
    partners = [
        {"external_id": slugify(name), "name": name, "commission_percent": share, "status": status}
        for name, share, status in AFFILIATES
    ]
    rows: dict[str, list[dict[str, Any]]] = {
        "products": products,
        "ticket-links": links,
        "affiliates": partners,
        "shop-orders": orders,
        "shipments": parcels,
    }
    return Shop(rows, _follows(chance, today), _interests(chance, today))


def _order(chance: random.Random, number: int, today: date) -> dict[str, Any]:
    chosen = chance.sample(range(len(PRODUCTS)), chance.choice([1, 1, 2]))
    many = [chance.choice([1, 1, 1, 2]) for _ in chosen]
    lines = [
        {
            "line": str(place),
            "product_id": f"p-{product + 1}",
            "quantity": quantity,
            "unit_price": f"{PRODUCTS[product][3]}.00",
        }
        for place, (product, quantity) in enumerate(zip(chosen, many, strict=True), start=1)
    ]
    total = sum(PRODUCTS[product][3] * quantity for product, quantity in zip(chosen, many, strict=True))
    placed = datetime.combine(today - timedelta(days=1 + chance.randrange(30)), time(9), UTC)
    return {
        "external_id": f"S-{number:03}",
        "person_id": f"c-{1 + chance.randrange(PERSONS)}",
        "status": chance.choices(["completed", "pending", "cancelled", "refunded"], [85, 6, 5, 4])[0],
        "placed_at": (placed + timedelta(minutes=chance.randrange(600))).isoformat(),
        "currency": "RON",
        "gross": f"{total + 18}.00",
        "shipping": "18.00",
        "items": lines,
    }


def _parcel(chance: random.Random, order: dict[str, Any]) -> dict[str, Any]:
    placed = datetime.fromisoformat(order["placed_at"])
    status = chance.choices(["delivered", "shipped", "pending", "returned"], [70, 18, 10, 2])[0]
    sent = None if status == "pending" else placed + timedelta(days=1)
    arrived = placed + timedelta(days=3) if status in {"delivered", "returned"} else None
    return {
        "external_id": f"parcel-{order['external_id'][2:]}",
        "shop_order_id": order["external_id"],
        "carrier": chance.choice(CARRIERS),
        "tracking_number": f"RO{chance.randrange(10**9):09}",
        "status": status,
        "shipped_at": sent.isoformat() if sent else None,
        "delivered_at": arrived.isoformat() if arrived else None,
    }


def _follows(chance: random.Random, today: date) -> list[dict[str, Any]]:
    subjects = [("artist", slugify(name)) for name, _genres in ARTISTS] + [
        ("organizer", key) for key, _slug, _name in ORGANIZERS
    ]
    found: dict[tuple[str, str, str], dict[str, Any]] = {}
    for _ in range(FOLLOWS):
        person = f"c-{1 + chance.randrange(PERSONS)}"
        kind, subject = chance.choice(subjects)
        since = datetime.combine(today - timedelta(days=chance.randrange(1, 300)), time(12), UTC).isoformat()
        what = {"person_id": person, "subject_kind": kind, "subject_id": subject, "since": since}
        found[(person, kind, subject)] = what
    return list(found.values())


def _interests(chance: random.Random, today: date) -> list[dict[str, Any]]:
    agreed = datetime.combine(today - timedelta(days=20), time(12), UTC)
    found: dict[tuple[str, str, str], dict[str, Any]] = {}
    for _ in range(TASTES):
        person, source = f"c-{1 + chance.randrange(PERSONS)}", chance.choice(SOURCES)
        genre = slugify(chance.choice(list(GENRES)))
        found[(person, source, genre)] = {
            "person_id": person,
            "source": source,
            "subject_kind": "genre",
            "subject": genre,
            "weight": f"0.{chance.randrange(1, 10)}",
            "consent": {"granted": True, "captured_at": agreed.isoformat()},
            "expires_at": (agreed + timedelta(days=365)).isoformat(),
        }
    return list(found.values())
