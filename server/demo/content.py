"""What the demo marketplace sells: venues, organisers, live events and people, from a seed."""

from __future__ import annotations

import random
import unicodedata
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Europe/Bucharest")

ORGANIZERS = (
    ("org-1", "castle-nights", "Castle Nights"),
    ("org-2", "blue-note-bucuresti", "Blue Note București"),
    ("org-3", "electric-delta", "Electric Delta"),
    ("org-4", "teatrul-mobil", "Teatrul Mobil"),
)
VENUES = (
    ("v-1", "Castelul Bánffy", "Bonțida", "Cluj", 30_000),
    ("v-2", "Sala Palatului", "București", "București", 4_000),
    ("v-3", "Filarmonica Banatul", "Timișoara", "Timiș", 800),
    ("v-4", "BT Arena", "Cluj-Napoca", "Cluj", 10_000),
    ("v-5", "Grădina Uranus", "București", "București", 1_200),
    ("v-6", "Plaja Gura Portiței", "Jurilovca", "Tulcea", 6_000),
    ("v-7", "Teatrul Național", "Iași", "Iași", 750),
    ("v-8", "Form Space", "Cluj-Napoca", "Cluj", 1_500),
)
# (first part, second part, genre, organiser) of titles; dates and prices come from the seed.
TITLES = (
    ("Castle Nights 2027", "festival", "org-1", "v-1"),
    ("Castle Nights Warm-up", "electronic", "org-1", "v-8"),
    ("Subcarpați: Live la Castel", "folk", "org-1", "v-1"),
    ("Moonlight Orchestra", "classical", "org-1", "v-4"),
    ("Robin and the Backstabbers", "indie", "org-1", "v-8"),
    ("Via Dacă Tour", "rock", "org-1", "v-4"),
    ("Silent Garden", "electronic", "org-1", "v-5"),
    ("Castle Kids", "family", "org-1", "v-1"),
    ("Winter Lights", "pop", "org-1", "v-4"),
    ("Strings at Dusk", "classical", "org-1", "v-1"),
    ("Nina Petrescu Quartet", "jazz", "org-2", "v-5"),
    ("Late Night Jam", "jazz", "org-2", "v-5"),
    ("Blue Note Sunday: Coltrane", "jazz", "org-2", "v-2"),
    ("Bossa & Beyond", "world", "org-2", "v-5"),
    ("Big Band București", "jazz", "org-2", "v-2"),
    ("Voices: Ana-Maria Ilie", "soul", "org-2", "v-2"),
    ("The Modal Sessions", "jazz", "org-2", "v-5"),
    ("Piano Nobile", "classical", "org-2", "v-3"),
    ("Swing în Cișmigiu", "swing", "org-2", "v-5"),
    ("Blues on the Danube", "blues", "org-2", "v-2"),
    ("Electric Delta Opening", "electronic", "org-3", "v-6"),
    ("Sunrise Set: Marea Neagră", "electronic", "org-3", "v-6"),
    ("Bass Lagoon", "drum and bass", "org-3", "v-6"),
    ("Delta Ambient", "ambient", "org-3", "v-6"),
    ("Hidden Stage", "techno", "org-3", "v-8"),
    ("Pelican Disco", "disco", "org-3", "v-6"),
    ("Night Ferry", "house", "org-3", "v-6"),
    ("Modular Market", "ambient", "org-3", "v-8"),
    ("Reed Beds", "folk", "org-3", "v-6"),
    ("Closing Tide", "electronic", "org-3", "v-6"),
    ("O scrisoare pierdută", "theatre", "org-4", "v-7"),
    ("Livada de vișini", "theatre", "org-4", "v-7"),
    ("Improvizații de vineri", "comedy", "org-4", "v-5"),
    ("Visul unei nopți de vară", "theatre", "org-4", "v-3"),
    ("Stand-up la lumina lunii", "comedy", "org-4", "v-5"),
    ("Micul Prinț", "family", "org-4", "v-7"),
    ("Rinocerii", "theatre", "org-4", "v-3"),
    ("Hamlet, pe scurt și cu muzică: o seară lungă despre oameni care nu se pot hotărî", "theatre", "org-4", "v-7"),
    ("Dansul lupilor", "dance", "org-4", "v-2"),
    ("Umbre", "dance", "org-4", "v-3"),
)
DESCRIPTIONS = {
    "festival": "Five stages around a castle, three nights, one lake. Bring a jumper: the hills get cold after two.",
    "jazz": "Two sets, one bar, no talking during the solos. Doors open an hour early for those who like a good seat.",
    "electronic": "Sound by people who care about it, lights by people who switch them off at the right moment.",
    "theatre": "Played on a stage that fits on a truck, by actors who built it. With a conversation afterwards.",
    "classical": "A full orchestra without the stiff collars. Programme notes on the back of your ticket.",
    "comedy": "Ninety minutes, one microphone, and a front row that knew what it was doing.",
    "family": "For children from four up and the adults they bring. Ends before bedtime.",
}
DEFAULT_DESCRIPTION = "An evening made with care, for people who would rather be there than read about it."
FIRST_NAMES = (
    "Ana",
    "Mihai",
    "Ioana",
    "Andrei",
    "Elena",
    "Radu",
    "Maria",
    "Ștefan",
    "Irina",
    "Vlad",
    "Zsófia",
    "Tudor",
)
LAST_NAMES = ("Popescu", "Ionescu", "Dumitru", "Stan", "Gheorghe", "Rusu", "Munteanu", "Kovács", "Marin", "Dobre")
CITIES = ("București", "Cluj-Napoca", "Timișoara", "Iași", "Constanța", "Brașov", "Sibiu")
PERSONS = 2_000


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Rows ready for the catalogue's bulk functions."""

    venues: list[dict[str, Any]]
    live_events: list[dict[str, Any]]
    ticket_types: list[dict[str, Any]]
    persons: list[dict[str, Any]]


def slugify(title: str) -> str:
    """Lower-case ASCII words joined by hyphens, at most 60 characters."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    words = "".join(character if character.isalnum() else " " for character in plain).split()
    return "-".join(words)[:60].strip("-")


def make_catalogue(seed: int, today: date, organizer_ids: dict[str, int]) -> Catalogue:
    """Make the demo catalogue; live events lie after ``today``."""
    chance = random.Random(seed)  # noqa: S311 - demo data must be the same for the same seed
    venues = [
        {"external_id": key, "name": name, "city": city, "region": region, "country": "RO", "capacity": capacity}
        for key, name, city, region, capacity in VENUES
    ]
    live_events: list[dict[str, Any]] = []
    kinds: list[dict[str, Any]] = []
    for number, (title, genre, organizer, venue) in enumerate(TITLES, start=1):
        event, types = _live_event(chance, number, (title, genre, venue), organizer_ids[organizer], today)
        live_events.append(event)
        kinds += types
    return Catalogue(venues, live_events, kinds, [_person(chance, number) for number in range(1, PERSONS + 1)])


def _live_event(
    chance: random.Random, number: int, what: tuple[str, str, str], organizer_id: int, today: date
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    title, genre, venue = what
    currency = "EUR" if genre == "festival" or number % 7 == 0 else "RON"
    base = Decimal(chance.choice([12, 15, 20, 25] if currency == "EUR" else [60, 80, 90, 120, 150]))
    if genre == "festival":
        base = Decimal(89)
    day = today + timedelta(days=10 + number * 3 + chance.randrange(3))
    starts = datetime.combine(day, time(chance.choice([18, 19, 20, 21])), ZONE).astimezone(UTC)
    key = f"ev-{number}"
    prices = (
        ("early", "Early bird", "EarlyBird", (base * Decimal("0.8")).quantize(Decimal("0.01")), 120),
        ("ga", "General admission", "GA", base, 900),
        ("vip", "VIP with backstage tour", "VIP", (base * Decimal("2.5")).quantize(Decimal("0.01")), 60),
    )
    types = [
        {
            "external_id": f"tt-{number}-{short}",
            "live_event": key,
            "name": name,
            "category": category,
            "price": price,
            "quota": quota,
        }
        for short, name, category, price, quota in prices
    ]
    event = {
        "external_id": key,
        "organizer_id": organizer_id,
        "venue": venue,
        "slug": slugify(title),
        "title": title,
        "description": DESCRIPTIONS.get(genre, DEFAULT_DESCRIPTION),
        "genre": genre,
        "starts_at": starts,
        "ends_at": starts + timedelta(hours=3),
        "doors_at": starts - timedelta(hours=1),
        "status": "on_sale",
        "currency": currency,
        "price_from": prices[0][3],
        "price_to": prices[2][3],
    }
    return event, types


def _person(chance: random.Random, number: int) -> dict[str, Any]:
    first, last = chance.choice(FIRST_NAMES), chance.choice(LAST_NAMES)
    return {
        "external_id": f"c-{number}",
        "email": f"{slugify(first)}.{slugify(last)}.{number}@example.com",
        "phone": f"07{chance.randrange(10**8):08d}",
        "first_name": first,
        "last_name": last,
        "city": chance.choice(CITIES),
        "country": "RO",
        # Their own numbers, so that nothing else depends on them.
        "gender": ("female", "male")[number % 2] if number % 9 else "other",
        **({"birthday": f"{1955 + number * 7 % 53}-{1 + number % 12:02}-{1 + number % 28:02}"} if number % 4 else {}),
    }
