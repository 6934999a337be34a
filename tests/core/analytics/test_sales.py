"""Sales per day: exact at any moment, before and after the sums are brought up to date."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask.testing import FlaskClient

from core.accounts.api import Actor
from core.analytics.api import Sales, sales
from core.analytics.jobs import roll_up
from core.db.session import maintainer_session
from tests.marketplace import Marketplace

BUCHAREST = ZoneInfo("Europe/Bucharest")
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
ORDERS = "/api/v1/orders"
Place = Callable[..., str]


@pytest.fixture
def place(client: FlaskClient, marketplace: Marketplace) -> Place:
    """Report an order at a time."""

    def placed(number: str, at: datetime, **changes: Any) -> str:
        body = marketplace.order(number, placed_at=at.isoformat(), **changes)
        answer = client.post(ORDERS, json=body, headers=marketplace.bearer())
        assert answer.status_code == 201, answer.text
        return number

    return placed


def change(client: FlaskClient, marketplace: Marketplace, number: str, status: str, refunds: list[Any]) -> None:
    body = {"status": status, "transition_id": f"t-{status}", "occurred_at": NOW.isoformat(), "refunds": refunds}
    answer = client.patch(f"{ORDERS}/{number}", json=body, headers=marketplace.bearer())
    assert answer.status_code == 200, answer.text


def told(actor: Actor, days: int = 3, now: datetime = NOW, currency: str = "RON") -> Sales:
    return sales(actor, zone=BUCHAREST, days=days, currency=currency, now=now)


def test_orders_count_on_their_day_in_the_readers_zone_and_are_compared(marketplace: Marketplace, place: Place) -> None:
    place("A-1", NOW - timedelta(hours=1))
    place("A-2", datetime(2026, 11, 18, 22, 30, tzinfo=UTC))  # the 19th in Bucharest
    place("A-3", NOW - timedelta(days=4))

    for _ in range(2):
        result = told(marketplace.staff)
        assert [(day.day.day, day.orders, day.tickets, day.revenue) for day in result.current.days] == [
            (18, 0, 0, Decimal(0)),
            (19, 1, 2, Decimal(180)),
            (20, 1, 2, Decimal(180)),
        ]
        assert (result.current.orders, result.current.revenue) == (2, Decimal(360))
        assert (result.previous.orders, result.previous.days[0].day.day) == (1, 15)
        roll_up()


def test_an_organiser_sees_only_their_lines(marketplace: Marketplace, place: Place) -> None:
    mine, theirs = (
        {"line": str(number), "live_event_id": event, "ticket_type_id": kind, "quantity": 1, "unit_price": "90.00"}
        for number, (event, kind) in enumerate((("ev-1", "tt-1"), ("ev-3", None)), start=1)
    )
    place("A-1", NOW, items=[mine, theirs])

    for _ in range(2):
        for actor, tickets in (
            (marketplace.organizer("org-1"), 1),
            (marketplace.organizer("org-2"), 1),
            (marketplace.staff, 2),
        ):
            result = told(actor).current
            assert (result.orders, result.tickets, result.revenue) == (1, tickets, Decimal(90 * tickets))
        roll_up()


def test_refunds_and_cancellations_change_sums_that_were_made(
    client: FlaskClient, marketplace: Marketplace, place: Place
) -> None:
    place("A-1", NOW)
    place("A-2", NOW - timedelta(days=1))
    roll_up()

    change(client, marketplace, "A-1", "partially_refunded", [{"line": "1", "quantity": 1, "amount": "90.00"}])
    change(client, marketplace, "A-2", "cancelled", [])

    for _ in range(2):
        result = told(marketplace.organizer("org-1")).current
        assert (result.orders, result.tickets, result.revenue) == (1, 1, Decimal(90))
        roll_up()


def test_revenue_is_told_in_one_currency_and_others_beside_it(marketplace: Marketplace, place: Place) -> None:
    place("A-1", NOW)
    place("A-2", NOW, currency="EUR")

    assert told(marketplace.staff).current.others == {"EUR": Decimal(180)}
    assert told(marketplace.staff, currency="EUR").currency == "EUR"
    assert told(marketplace.staff, currency="USD").currency == "RON"


def test_the_job_sums_each_changed_hour_once(marketplace: Marketplace, place: Place) -> None:
    for step in range(3):
        place(f"A-{step}", NOW - timedelta(hours=step))
    roll_up()

    with maintainer_session() as session:
        connection = session.connection()
        where = f"WHERE tenant_id = {marketplace.tenant_id}"
        hours = connection.exec_driver_sql(f"SELECT count(*) FROM sales_hours {where}").scalar_one()
        stale = connection.exec_driver_sql(f"SELECT count(*) FROM sales_stale_hours {where}").scalar_one()
    assert (hours, stale) == (6, 0)


def test_another_marketplace_sees_nothing(
    marketplace: Marketplace, other_marketplace: Marketplace, place: Place
) -> None:
    place("A-1", NOW)

    for _ in range(2):
        assert told(other_marketplace.staff).current.orders == 0
        roll_up()


@pytest.mark.parametrize("days", [0, 367])
def test_a_period_has_limits(marketplace: Marketplace, days: int) -> None:
    with pytest.raises(ValueError, match="days must be"):
        told(marketplace.staff, days=days)
