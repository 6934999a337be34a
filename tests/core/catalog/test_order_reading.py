"""Reading orders: lists by keyset, filters, one order; an organiser sees its lines only."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from werkzeug.test import TestResponse

from core.catalog.api import get_order
from core.errors import NotFoundError
from tests.core.catalog.backend import ORDERS, Backend, pointers
from tests.marketplace import Marketplace

NOW = datetime.now(UTC).replace(microsecond=0)
BOTH = [
    {"line": "1", "live_event_id": "ev-1", "ticket_type_id": "tt-1", "quantity": 1, "unit_price": "60.00"},
    {"line": "2", "live_event_id": "ev-3", "ticket_type_id": "tt-3", "quantity": 3, "unit_price": "40.00"},
]
TOTALS = {"gross": "180.00", "net": "151.26"}


def listed(backend: Backend, key: str | None = None, **query: Any) -> TestResponse:
    """Ask for the list."""
    return backend.client.get(ORDERS, query_string=query, headers=backend.marketplace.bearer(key))


def numbers(answer: TestResponse) -> list[str]:
    """The numbers on a page."""
    assert answer.status_code == 200, answer.text
    return [item["external_id"] for item in answer.get_json()["items"]]


def three_orders(backend: Backend) -> None:
    """A-1 of org-1 (two days ago), A-2 of both (yesterday), A-3 of org-2 (today, pending)."""
    backend.placed("A-1", placed_at=(NOW - timedelta(days=2)).isoformat())
    backend.placed("A-2", placed_at=(NOW - timedelta(days=1)).isoformat(), items=BOTH, totals=TOTALS)
    other = {"line": "1", "live_event_id": "ev-3", "quantity": 1, "unit_price": "90.00"}
    backend.placed("A-3", placed_at=NOW.isoformat(), items=[other], status="pending", person={"external_id": "c-8"})


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, ["A-3", "A-2", "A-1"]),
        ({"status": "pending"}, ["A-3"]),
        ({"organizer_id": "org-1"}, ["A-2", "A-1"]),
        ({"organizer_id": "org-2", "status": "completed"}, ["A-2"]),
        ({"live_event_id": "ev-3"}, ["A-3", "A-2"]),
        ({"live_event_id": "ev-404"}, []),
        ({"person_id": "c-7"}, ["A-2", "A-1"]),
        ({"person_id": "nobody"}, []),
        ({"search": "A-2"}, ["A-2"]),
        ({"search": "A-2", "organizer_id": "org-2"}, ["A-2"]),
        ({"search": "A-1", "organizer_id": "org-2"}, []),
        ({"since": (NOW - timedelta(hours=30)).isoformat()}, ["A-3", "A-2"]),
        ({"until": NOW.isoformat(), "organizer_id": "org-2"}, ["A-2"]),
    ],
)
def test_filters_find_what_they_say(backend: Backend, query: dict[str, str], found: list[str]) -> None:
    three_orders(backend)
    assert numbers(listed(backend, **query)) == found


@pytest.mark.parametrize("query", [{}, {"organizer_id": "org-1"}])
def test_pages_follow_each_other_without_gap_or_repeat(backend: Backend, query: dict[str, str]) -> None:
    moments = [NOW - timedelta(minutes=number // 2) for number in range(7)]
    for number, moment in enumerate(moments):
        backend.placed(f"P-{number}", placed_at=moment.isoformat())
    seen: list[str] = []
    cursor = None
    while True:
        page = listed(backend, limit=3, **query, **({"cursor": cursor} if cursor else {}))
        seen += numbers(page)
        cursor = page.get_json()["next_cursor"]
        if cursor is None:
            break
    assert len(seen) == 7
    by_time = {f"P-{number}": moment for number, moment in enumerate(moments)}
    assert sorted(set(seen)) == sorted(by_time)
    assert [by_time[name] for name in seen] == sorted(moments, reverse=True)


def test_unknown_filters_are_refused_by_name(backend: Backend) -> None:
    assert pointers(listed(backend, status="paid")) == ["/status"]
    assert pointers(listed(backend, cursor="nonsense")) == ["/cursor"]
    assert pointers(listed(backend, since="yesterday")) == ["/since"]
    assert listed(backend, organizer_id="org-9").status_code == 404


def test_one_order_is_told_with_lines_shares_and_history(backend: Backend) -> None:
    three_orders(backend)
    refund = [{"line": "2", "quantity": 1, "amount": "40.00"}]
    assert backend.change("A-2", "partially_refunded", "r-1", refunds=refund).status_code == 200
    answer = backend.client.get(f"{ORDERS}/A-2", headers=backend.marketplace.bearer())
    body = answer.get_json()
    assert (body["order"]["status"], body["order"]["gross"], body["order"]["refunded"]) == (
        "partially_refunded",
        "180.00",
        "40.00",
    )
    assert [(share["organizer_id"], share["value"]) for share in body["shares"]] == [
        ("org-1", "60.00"),
        ("org-2", "120.00"),
    ]
    assert [(line["line"], line["refunded_quantity"]) for line in body["lines"]] == [("1", 0), ("2", 1)]
    assert [(step["status"], step["refunds"]) for step in body["transitions"]] == [("partially_refunded", refund)]
    assert body["allowed_next"] == ["charged_back", "partially_refunded", "refunded"]


def test_an_organiser_sees_its_lines_only(backend: Backend) -> None:
    three_orders(backend)
    market = backend.marketplace
    seen = get_order(market.organizer("org-2"), "A-2")
    assert [line.live_event_id for line in seen.lines] == ["ev-3"]
    assert (str(seen.order.gross), seen.order.person_id, seen.visitor_id, seen.consent) == ("120.00", None, None, None)
    assert [share.organizer_id for share in seen.shares] == ["org-2"]
    with pytest.raises(NotFoundError):
        get_order(market.organizer("org-2"), "A-1")


def test_orders_of_others_are_not_there(backend: Backend, other_marketplace: Marketplace) -> None:
    backend.placed("A-1")
    theirs = other_marketplace.bearer()
    assert backend.client.get(f"{ORDERS}/A-1", headers=theirs).status_code == 404
    assert backend.client.get(ORDERS, headers=theirs).get_json() == {"items": [], "next_cursor": None}
    assert backend.client.get(ORDERS).status_code == 401


def test_tickets_are_kept_and_void_once_paid_back(backend: Backend) -> None:
    items = [{**BOTH[0], "tickets": [{"external_id": "t-1"}]}, {**BOTH[1], "tickets": [{"external_id": "t-2"}]}]
    backend.placed("A-1", items=items, totals=TOTALS)
    refund = [{"line": "1", "quantity": 1, "amount": "60.00"}]
    assert backend.change("A-1", "partially_refunded", "r-1", refunds=refund).status_code == 200
    assert {row["external_id"]: row["status"] for row in backend.rows("tickets")} == {"t-1": "refunded", "t-2": "valid"}
    assert backend.change("A-1", "refunded", "r-2").status_code == 200
    assert {row["status"] for row in backend.rows("tickets")} == {"refunded"}
    again = backend.send(backend.marketplace.order("A-2", items=items, totals=TOTALS))
    assert pointers(again) == ["/items/0/tickets/0/external_id", "/items/1/tickets/0/external_id"]
    assert len(backend.rows("orders")) == 1


def test_a_line_gives_back_no_more_than_it_cost(backend: Backend) -> None:
    backend.placed("A-1", items=BOTH, totals=TOTALS)
    refund = [{"line": "1", "quantity": 1, "amount": "60.01"}]
    assert pointers(backend.change("A-1", "partially_refunded", refunds=refund)) == ["/refunds/0/amount"]
    early = (NOW - timedelta(days=3)).isoformat()
    assert pointers(backend.change("A-1", "cancelled", occurred_at=early)) == ["/occurred_at"]
