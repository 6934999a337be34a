"""What the demo marketplace holds: enough to believe in, the same from the same seed."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from core.accounts.api import Actor, load_profile, tier_of, user_with_email, workplaces
from core.catalog.api import KINDS, list_live_events, list_rows
from server.demo.around import make_surroundings
from server.demo.content import ORGANIZERS, make_catalogue
from server.demo.seed import seed_demo
from tests.server.test_commands import Admin

DAY = date(2026, 11, 20)


@pytest.fixture(scope="module")
def tenant_id(database: str) -> int:
    """A seeded marketplace."""
    return seed_demo().tenant_id


def count(admin: Admin, table: str, tenant_id: int) -> int:
    """How many rows a table has."""
    row = admin.execute(f"SELECT count(*) FROM {table} WHERE tenant_id = %s", [tenant_id]).fetchone()
    assert row is not None
    return int(str(row[0]))


@pytest.mark.parametrize(
    ("table", "least"),
    [
        ("organizers", 3),
        ("live_events", 40),
        ("artists", 25),
        ("genres", 12),
        ("persons", 2_000),
        ("orders", 300),
        ("tickets", 500),
        ("live_event_artists", 30),
        ("live_event_genres", 40),
        ("products", 10),
        ("shop_orders", 50),
        ("shipments", 40),
        ("ticket_links", 4),
        ("affiliates", 3),
        ("person_follows", 100),
        ("person_interests", 80),
    ],
)
def test_there_is_enough_of_everything(tenant_id: int, admin_connection: Admin, table: str, least: int) -> None:
    assert count(admin_connection, table, tenant_id) >= least


def test_the_month_before_has_orders_and_evenings_that_are_over(tenant_id: int, admin_connection: Admin) -> None:
    row = admin_connection.execute(
        "SELECT min(placed_at), max(placed_at), count(DISTINCT placed_at::date) FROM orders WHERE tenant_id = %s",
        [tenant_id],
    ).fetchone()
    assert row is not None
    first, last, days = row
    now = datetime.now(UTC)
    assert isinstance(first, datetime)
    assert isinstance(last, datetime)
    assert now - timedelta(days=33) < first < last < now
    assert int(str(days)) >= 25
    assert {event.status for event in list_live_events(tenant_id, limit=5).items} == {"ended"}


def test_orders_of_the_past_are_told_to_nobody(tenant_id: int, admin_connection: Admin) -> None:
    assert count(admin_connection, "conversion_deliveries", tenant_id) == 0
    told = "SELECT count(*) FROM event_outbox WHERE tenant_id = %s AND topic = 'tracking_event'"
    assert admin_connection.execute(told, [tenant_id]).fetchone() == (0,)


def test_titles_exist_in_both_languages(tenant_id: int) -> None:
    events = list_live_events(tenant_id, search="lost letter").items
    assert [(event.title, event.title_in("en")) for event in events] == [("O scrisoare pierdută", "A Lost Letter")]
    genres = list_rows(Actor.system(tenant_id, "test"), KINDS["genres"], search="teatru").items
    assert [genre["name"] for genre in genres] == ["theatre"]


def test_the_same_seed_makes_the_same_surroundings() -> None:
    organizers = {key: number for number, (key, _, _) in enumerate(ORGANIZERS)}

    def make(seed: int) -> tuple[Any, Any]:
        made = make_surroundings(seed, DAY, make_catalogue(seed, DAY, organizers))
        return made.rows, made.orders

    assert make(7) == make(7)
    assert make(7) != make(8)


def test_the_organisers_owner_has_two_places_and_one_of_them_a_larger_plan(tenant_id: int) -> None:
    user = user_with_email("organiser@scena.example")
    assert user is not None
    assert [(place.subject_name, place.role) for place in workplaces(user)] == [
        ("Castle Nights", "owner"),
        ("Blue Note București", "analyst"),
    ]
    profile = load_profile(user)
    assert profile is not None
    assert tier_of(profile.actor) == "professional"
    seed_demo()
    assert len(workplaces(user)) == 2
