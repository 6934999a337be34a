"""What surrounds the demo's live events: genres, artists, languages, evenings that are over, and a month of orders."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from server.demo.content import PERSONS, TITLES, ZONE, Catalogue, slugify

# Name, and the same in Romanian.
GENRES = {
    "festival": "festival",
    "electronic": "electronică",
    "folk": "folk",
    "classical": "muzică clasică",
    "indie": "indie",
    "rock": "rock",
    "family": "pentru familii",
    "pop": "pop",
    "jazz": "jazz",
    "world": "muzici ale lumii",
    "soul": "soul",
    "swing": "swing",
    "blues": "blues",
    "drum and bass": "drum and bass",
    "ambient": "ambient",
    "techno": "techno",
    "disco": "disco",
    "house": "house",
    "theatre": "teatru",
    "comedy": "comedie",
    "dance": "dans",
}
# Name and genres.
ARTISTS = (
    ("Nina Petrescu", "jazz soul"),
    ("Subcarpați", "folk electronic"),
    ("Robin and the Backstabbers", "indie rock"),
    ("Via Dacă", "rock"),
    ("Moonlight Orchestra", "classical"),
    ("Cvartetul Amurg", "classical"),
    ("Castle Kids Ensemble", "family"),
    ("Winter Lights Choir", "pop"),
    ("DJ Grind", "techno house"),
    ("Marea", "electronic ambient"),
    ("Bass Lagoon Crew", "drum-and-bass"),
    ("Pelican", "disco house"),
    ("Night Ferry", "house"),
    ("Reed", "folk"),
    ("Ana-Maria Ilie", "soul"),
    ("Big Band București", "jazz swing"),
    ("The Modal Four", "jazz"),
    ("Cișmigiu Swing Club", "swing"),
    ("Dunărea Blues", "blues"),
    ("Bossa Trio", "world jazz"),
    ("Teatrul Mobil", "theatre"),
    ("Vineri Impro", "comedy"),
    ("Luna Stand-up", "comedy"),
    ("Compania Umbre", "dance"),
    ("Lupii", "dance"),
    ("Prințul Mic", "family theatre"),
    ("Modular Market", "ambient"),
    ("Tudor Rinoceru", "theatre"),
)
# Titles that read differently in the other language.
ENGLISH = {
    "Subcarpați: Live la Castel": "Subcarpați: Live at the Castle",
    "Via Dacă Tour": "Via Dacă on Tour",
    "Swing în Cișmigiu": "Swing in the Cișmigiu Gardens",
    "O scrisoare pierdută": "A Lost Letter",
    "Livada de vișini": "The Cherry Orchard",
    "Improvizații de vineri": "Friday Improvisations",
    "Visul unei nopți de vară": "A Midsummer Night’s Dream",
    "Stand-up la lumina lunii": "Stand-up by Moonlight",
    "Micul Prinț": "The Little Prince",
    "Rinocerii": "Rhinoceros",
    "Hamlet, pe scurt și cu muzică: o seară lungă despre oameni care nu se pot hotărî": (
        "Hamlet, briefly and with music: a long evening about people who cannot decide"
    ),
    "Dansul lupilor": "Dance of the Wolves",
    "Umbre": "Shadows",
}
ROMANIAN = {
    "Winter Lights": "Lumini de iarnă",
    "Silent Garden": "Grădina tăcută",
    "Strings at Dusk": "Corzi în amurg",
    "Blues on the Danube": "Blues pe Dunăre",
    "Night Ferry": "Bacul de noapte",
}
OVER = ("Autumn Opening", "Last Boat of the Season", "Jazz in the Rain", "Teatru sub castani", "Lantern Walk")
ORDERS = 400
DAYS = 30
VAT = Decimal("1.19")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Rows for the catalogue by kind, in the order they depend on each other, and orders that happened."""

    rows: dict[str, list[dict[str, Any]]]
    orders: list[dict[str, Any]]


def make_surroundings(seed: int, today: date, catalogue: Catalogue) -> Surroundings:
    """Make what belongs to a demo catalogue; orders lie in the thirty days before ``today``."""
    chance = random.Random(seed + 1)  # noqa: S311 - demo data must be the same for the same seed
    over, over_types = _over(chance, today)
    rows: dict[str, list[dict[str, Any]]] = {
        "genres": [
            {"external_id": slugify(name), "name": name, "translations": {"ro": {"name": romanian}}}
            for name, romanian in GENRES.items()
        ],
        "artists": [
            {"external_id": slugify(name), "name": name, "country": "RO", "genre_ids": genres.split()}
            for name, genres in ARTISTS
        ],
        "live-events": [*_details(chance), *over],
        "ticket-types": over_types,
    }
    tickets = [*catalogue.ticket_types, *over_types]
    currencies = {event["external_id"]: event["currency"] for event in (*catalogue.live_events, *over)}
    return Surroundings(rows, [_order(chance, number, today, tickets, currencies) for number in range(1, ORDERS + 1)])


def _details(chance: random.Random) -> list[dict[str, Any]]:
    """Genres, artists, languages and promotion of the live events that are to come."""
    found = []
    for number, (title, genre, _, _) in enumerate(TITLES, start=1):
        fitting = [slugify(name) for name, genres in ARTISTS if slugify(genre) in genres.split()]
        translations = {
            language: {"title": texts[title]}
            for language, texts in (("en", ENGLISH), ("ro", ROMANIAN))
            if title in texts
        }
        promoted = number % 4 == 1
        found.append(
            {
                "external_id": f"ev-{number}",
                "genre_ids": [slugify(genre)],
                "artist_ids": chance.sample(fitting, min(2, len(fitting))),
                "translations": translations,
                "promoted": promoted,
                "promotion_budget": "1500.00" if promoted else None,
            }
        )
    return found


def _over(chance: random.Random, today: date) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Live events of the last weeks, with one ticket type each."""
    events, types = [], []
    for number, title in enumerate(OVER, start=len(TITLES) + 1):
        day = today - timedelta(days=3 + chance.randrange(25))
        starts = datetime.combine(day, time(20), ZONE)
        events.append(
            {
                "external_id": f"ev-{number}",
                "organizer_id": f"org-{1 + number % 4}",
                "venue_id": f"v-{1 + number % 8}",
                "title": title,
                "description": "It was a good one. Thank you for coming.",
                "starts_at": starts.isoformat(),
                "ends_at": (starts + timedelta(hours=3)).isoformat(),
                "status": "ended",
                "currency": "RON",
                "genre_ids": [chance.choice(["jazz", "folk", "theatre"])],
            }
        )
        types.append(
            {
                "external_id": f"tt-{number}-ga",
                "live_event_id": f"ev-{number}",
                "name": "General admission",
                "category": "GA",
                "price": f"{chance.choice([60, 80, 90])}.00",
                "quota": 400,
            }
        )
    return events, types


def _order(
    chance: random.Random, number: int, today: date, tickets: list[dict[str, Any]], currencies: dict[str, str]
) -> dict[str, Any]:
    ticket = chance.choice(tickets)
    live_event = ticket.get("live_event") or ticket["live_event_id"]
    quantity, price = chance.choice([1, 2, 2, 2, 3, 4]), Decimal(ticket["price"])
    gross = price * quantity
    placed = datetime.combine(today - timedelta(days=1 + chance.randrange(DAYS)), time(8), ZONE)
    placed += timedelta(minutes=chance.randrange(14 * 60))
    agreed = chance.random() < 0.7
    return {
        "external_id": f"D-{number:04}",
        "status": chance.choices(["completed", "cancelled"], [96, 4])[0],
        "currency": currencies[live_event],
        "placed_at": placed.isoformat(),
        "person": {"external_id": f"c-{1 + chance.randrange(PERSONS)}"},
        "consent": {"marketing": agreed, "data_processing": True, "captured_at": placed.isoformat()},
        "totals": {"gross": f"{gross:.2f}", "net": f"{gross / VAT:.2f}"},
        "items": [
            {
                "line": "1",
                "live_event_id": live_event,
                "ticket_type_id": ticket["external_id"],
                "quantity": quantity,
                "unit_price": f"{price:.2f}",
                "tickets": [f"D-{number:04}-{place}" for place in range(1, quantity + 1)],
            }
        ],
    }
