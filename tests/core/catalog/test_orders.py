"""Orders as a backend reports them: what is stored, what a repeat does, what is refused and how that is said."""

from __future__ import annotations

import json
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from core.accounts.api import create_key, tenant_view
from core.catalog.api import order_event_id, place_order
from core.errors import ConflictError
from tests.core.catalog.backend import ORDERS, Backend, pointers
from tests.marketplace import Marketplace

VECTORS = Path(__file__).resolve().parents[3] / "sdk" / "test-vectors" / "event-ids.json"


def example(placed_at: str) -> dict[str, Any]:
    """The order that the interface's description shows, with the ids of the test marketplace."""
    return {
        "external_id": "A-1001", "status": "completed", "currency": "RON", "placed_at": placed_at,
        "visitor_id": "v-9", "session_id": "s-9",
        "consent": {"marketing": True, "data_processing": True, "captured_at": placed_at},
        "person": {"external_id": "c-7", "email": "ana@example.com", "phone": "0712345678", "first_name": "Ana",
                   "last_name": "Pop", "city": "Cluj", "country": "RO"},
        "context": {"client_ip": "2001:db8::7", "user_agent": "UA", "url": "https://shop.example/thanks",
                    "referrer": "https://shop.example/pay", "click_ids": {"fbclid": "x"}},
        "promo_code": None, "affiliate_id": None,
        "totals": {"gross": "240.00", "net": "200.00", "fees": "16.00", "discount": "0.00"},
        "items": [{"line": "1", "live_event_id": "ev-1", "ticket_type_id": "tt-1", "quantity": 2,
                   "unit_price": "100.00", "fees": "8.00", "discount": "0.00", "tickets": [{"external_id": "t-1"}]}],
    }  # fmt: skip


def test_the_described_example_is_taken(backend: Backend) -> None:
    answer = backend.send(example(datetime.now(UTC).isoformat()))
    assert answer.status_code == 201, answer.text
    namespace = tenant_view(backend.marketplace.tenant_id).uuid_namespace
    assert answer.get_json() == {
        "external_id": "A-1001",
        "status": "completed",
        "event_ids": {
            "*": str(uuid.uuid5(namespace, "A-1001|order_completed|*")),
            "org-1": str(uuid.uuid5(namespace, "A-1001|order_completed|org-1")),
        },
    }
    [order] = backend.rows("orders")
    assert (order["gross"], order["net"], order["fees"], order["currency"]) == (240, 200, 16, "RON")
    [item] = backend.rows("order_items")
    assert (item["quantity"], item["unit_price"], item["organizer_id"]) == (
        2, 100, backend.marketplace.organizers["org-1"],
    )  # fmt: skip
    assert {kind["external_id"]: kind["sold"] for kind in backend.rows("ticket_types")} == {
        "tt-1": 2, "tt-2": 0, "tt-3": 0,
    }  # fmt: skip


def test_event_ids_follow_the_shared_vectors() -> None:
    cases = json.loads(VECTORS.read_text("utf-8"))
    assert len(cases) > 5
    for case in cases:
        namespace = uuid.UUID(case["namespace"])
        assert str(order_event_id(namespace, case["order"], case["event_name"], case["organizer"])) == case["expected"]


def test_an_order_of_two_organisers_has_an_id_for_each(backend: Backend) -> None:
    items = [
        {"line": "1", "live_event_id": "ev-1", "quantity": 1, "unit_price": "90.00"},
        {"line": "2", "live_event_id": "ev-3", "quantity": 1, "unit_price": "90.00"},
    ]
    assert set(backend.placed(items=items)["event_ids"]) == {"*", "org-1", "org-2"}


def test_sending_it_again_changes_nothing_and_answers_as_before(backend: Backend) -> None:
    first = backend.placed()
    before = [backend.rows(table) for table in ("orders", "order_items", "ticket_types", "persons")]
    again = backend.send(backend.marketplace.order())
    assert (again.status_code, again.get_json()) == (200, first)
    changed_person = {**backend.marketplace.order()["person"], "email": "other@example.com"}
    assert backend.send(backend.marketplace.order(person=changed_person)).status_code == 200
    assert [backend.rows(table) for table in ("orders", "order_items", "ticket_types", "persons")] == before
    assert len(backend.emitted()) == 1


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"totals": {"gross": "181.00", "net": "151.26"}}, "/totals/gross"),
        ({"currency": "EUR"}, "/currency"),
        ({"items": [{"line": "1", "live_event_id": "ev-1", "ticket_type_id": "tt-1", "quantity": 3,
                     "unit_price": "60.00"}]}, "/items/0"),
        ({"items": [{"line": "1", "live_event_id": "ev-2", "quantity": 2, "unit_price": "90.00"}]}, "/items/0"),
        ({"items": [{"line": "9", "live_event_id": "ev-1", "quantity": 2, "unit_price": "90.00"}]}, "/items/0"),
    ],
)  # fmt: skip
def test_the_same_id_with_another_content_is_a_conflict(backend: Backend, change: dict[str, Any], pointer: str) -> None:
    backend.placed()
    answer = backend.send(backend.marketplace.order(**change))
    assert pointers(answer, 409) == [pointer]
    assert answer.get_json()["code"] == "order_exists"
    assert len(backend.emitted()) == 1


def test_a_line_that_is_missing_in_the_repeat_is_a_conflict(backend: Backend) -> None:
    line = {"live_event_id": "ev-1", "quantity": 1, "unit_price": "90.00"}
    backend.placed(items=[{"line": "1", **line}, {"line": "2", **line}])
    answer = backend.send(backend.marketplace.order(items=[{"line": "2", **line}]))
    assert pointers(answer, 409) == ["/items"]


def test_a_pending_order_is_not_completed_by_sending_it_again(backend: Backend) -> None:
    backend.placed(status="pending")
    assert backend.emitted() == []
    assert backend.send(backend.marketplace.order(status="pending")).status_code == 200
    answer = backend.send(backend.marketplace.order(status="completed"))
    assert pointers(answer, 409) == ["/status"]
    assert backend.change("A-1", "completed").status_code == 200
    again = backend.send(backend.marketplace.order(status="pending"))
    assert (again.status_code, again.get_json()["status"]) == (200, "completed")


def test_the_same_order_from_many_senders_is_stored_once(backend: Backend) -> None:
    body, tenant_id = backend.marketplace.order(), backend.marketplace.tenant_id
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda _: place_order(tenant_id, body), range(8)))
    assert sorted(result.created for result in made) == [False] * 7 + [True]
    assert len({tuple(result.event_ids.items()) for result in made}) == 1
    assert (len(backend.rows("orders")), len(backend.rows("order_items")), len(backend.emitted())) == (1, 1, 1)


def test_orders_of_the_same_tickets_at_the_same_moment_do_not_lock_each_other_out(backend: Backend) -> None:
    tenant_id = backend.marketplace.tenant_id
    bodies = [backend.marketplace.order(f"A-{number}", visitor_id=f"v-{number}") for number in range(40)]
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda body: place_order(tenant_id, body), bodies))
    assert all(result.created for result in made)
    (kind,) = [row for row in backend.rows("ticket_types") if row["external_id"] == "tt-1"]
    assert kind["sold"] == 80


def test_numbers_of_orders_belong_to_their_marketplace(backend: Backend, other_marketplace: Marketplace) -> None:
    mine = backend.placed()
    headers = other_marketplace.bearer()
    theirs = backend.client.post(ORDERS, json=other_marketplace.order(), headers=headers)
    assert theirs.status_code == 201
    assert theirs.get_json()["event_ids"]["*"] != mine["event_ids"]["*"]


def test_unknown_references_are_named_with_their_place(backend: Backend, other_marketplace: Marketplace) -> None:
    line = {"quantity": 1, "unit_price": "90.00"}
    items = [
        {"line": "1", "live_event_id": "ev-1", "ticket_type_id": "tt-1", **line},
        {"line": "2", "live_event_id": "ev-404", **line},
        {"line": "3", "live_event_id": "ev-1", "ticket_type_id": "tt-404", **line},
        {"line": "4", "live_event_id": "ev-1", "ticket_type_id": "tt-3", **line},
    ]
    answer = backend.send(backend.marketplace.order(items=items))
    assert pointers(answer) == ["/items/1/live_event_id", "/items/2/ticket_type_id", "/items/3/ticket_type_id"]
    assert "ev-404" in answer.get_json()["errors"][0]["message"]
    assert backend.rows("orders") == backend.rows("persons") == []


@pytest.mark.parametrize(("currency", "amount"), [("RON", "100.05"), ("JPY", "10005"), ("KWD", "100.005")])
def test_amounts_have_the_digits_of_their_currency(backend: Backend, currency: str, amount: str) -> None:
    items = [{"line": "1", "live_event_id": "ev-1", "quantity": 1, "unit_price": amount}]
    backend.placed(currency=currency, items=items, totals={"gross": amount, "net": amount})
    [event] = backend.emitted()
    assert event["payload"]["gross_amount"] == event["payload"]["items"][0]["unit_price"] == amount
    assert event["payload"]["fees_amount"] == {"RON": "0.00", "JPY": "0", "KWD": "0.000"}[currency]


@pytest.mark.parametrize(
    "amount", [100.0, 100, True, None, "", "-1.00", "1.001", "1e2", "NaN", "1,00", " 1", "10000000000000", ["1"]]
)
def test_amounts_that_are_not_exact_are_refused_where_they_stand(backend: Backend, amount: Any) -> None:
    items = [{"line": "1", "live_event_id": "ev-1", "quantity": 1, "unit_price": amount}]
    assert pointers(backend.send(backend.marketplace.order(items=items))) == ["/items/0/unit_price"]
    totals = {"gross": amount, "net": "1.00"}
    assert pointers(backend.send(backend.marketplace.order(totals=totals))) == ["/totals/gross"]
    assert backend.rows("orders") == []


def later(**shift: float) -> str:
    """A time from now."""
    return (datetime.now(UTC) + timedelta(**shift)).isoformat()


def line(quantity: Any) -> dict[str, Any]:
    """A line with a quantity."""
    return {"line": "1", "live_event_id": "ev-1", "quantity": quantity, "unit_price": "1"}


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"external_id": ""}, ["/external_id"]),
        ({"external_id": "x" * 129}, ["/external_id"]),
        ({"external_id": 7}, ["/external_id"]),
        ({"status": "refunded"}, ["/status"]),
        ({"currency": "ron"}, ["/currency"]),
        ({"currency": None}, ["/currency"]),
        ({"placed_at": "yesterday"}, ["/placed_at"]),
        ({"placed_at": "2026-11-20T18:03:11"}, ["/placed_at"]),
        ({"placed_at": later(days=2)}, ["/placed_at"]),
        ({"placed_at": "1990-01-01T00:00:00Z"}, ["/placed_at"]),
        ({"placed_at": "0001-01-01T00:00:00+14:00"}, ["/placed_at"]),
        ({"visitor_id": "v" * 65}, ["/visitor_id"]),
        ({"consent": {"marketing": True}}, ["/consent/captured_at"]),
        ({"consent": {"marketing": "perhaps", "captured_at": later()}}, ["/consent/marketing"]),
        ({"person": {"email": "ana@example.com"}}, ["/person/external_id"]),
        ({"person": {"external_id": "c", "email": "not an address"}}, ["/person/email"]),
        ({"person": {"external_id": "c", "country": "Romania"}}, ["/person/country"]),
        ({"context": {"client_ip": "somewhere"}}, ["/context/client_ip"]),
        ({"context": {"click_ids": {"fbclid": 7}}}, ["/context/click_ids/fbclid"]),
        ({"totals": {"gross": "1.00"}}, ["/totals/net"]),
        ({"items": []}, ["/items"]),
        ({"items": [line(0)]}, ["/items/0/quantity"]),
        ({"items": [line(1.5)]}, ["/items/0/quantity"]),
        ({"items": [line(10_001)]}, ["/items/0/quantity"]),
        ({"items": [line(True)]}, ["/items/0/quantity"]),
        ({"items": [line(1)] * 3}, ["/items/1/line", "/items/2/line"]),
        ({"surprise": 1, "totals": {"gross": "1", "net": "1", "tax": "1"}}, ["/surprise", "/totals/tax"]),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_field_by_field(backend: Backend, change: dict[str, Any], found: list[str]) -> None:
    answer = backend.send(backend.marketplace.order(**change))
    assert sorted(pointers(answer)) == found
    assert answer.get_json()["code"] == "invalid_input"
    assert backend.rows("orders") == []


@pytest.mark.parametrize("body", ["[]", '"text"', "7", "null", "{}"])
def test_a_body_of_another_kind_is_refused(backend: Backend, body: str) -> None:
    headers = {**backend.marketplace.bearer(), "Content-Type": "application/json"}
    answer = backend.client.post(ORDERS, data=body, headers=headers)
    assert (answer.status_code, answer.get_json()["code"]) == (422, "invalid_input")


def test_blanks_and_empty_fields_of_forms_are_no_errors(backend: Backend) -> None:
    person = {"external_id": "c-8", "email": " ana@example.com ", "phone": "", "first_name": " ", "country": " RO "}
    backend.placed(person=person)
    [row] = backend.rows("persons")
    assert (row["phone_ciphertext"], row["first_name_ciphertext"]) == (None, None)
    assert backend.traits()["c-8"]["country"] == "RO"


def test_an_order_from_years_ago_finds_its_partition(backend: Backend) -> None:
    backend.placed(placed_at="2015-06-05T12:00:00+03:00")
    found = backend.admin.execute("SELECT to_regclass('tx_events_p201506') IS NOT NULL").fetchone()
    assert found == (True,)
    assert backend.change("A-1", "cancelled", occurred_at="2016-01-31T23:30:00-02:00").status_code == 200
    assert backend.admin.execute("SELECT to_regclass('tx_events_p201602') IS NOT NULL").fetchone() == (True,)


def test_only_backends_report_orders(backend: Backend) -> None:
    body = backend.marketplace.order()
    organizer = backend.marketplace.bearer(backend.marketplace.organizer_keys["org-1"])
    for headers, status, code in (
        ({}, 401, "key_missing"),
        ({"Authorization": "Bearer ak_server_invented"}, 401, "invalid_key"),
        ({"Authorization": f"Basic {backend.marketplace.server_key}"}, 401, "key_missing"),
        ({"X-Adrail-Key": backend.marketplace.write_key}, 401, "key_missing"),
        (organizer, 403, "permission_missing"),
    ):
        answer = backend.client.post(ORDERS, json=body, headers=headers)
        assert (answer.status_code, answer.get_json()["code"]) == (status, code)
    assert backend.rows("orders") == []


def test_a_key_made_later_works_at_once(backend: Backend) -> None:
    key = create_key(backend.marketplace.tenant_id, kind="server", name="second backend")
    answer = backend.client.post(ORDERS, json=backend.marketplace.order(), headers=backend.marketplace.bearer(key))
    assert answer.status_code == 201


def test_another_content_is_a_conflict_for_callers_inside_too(backend: Backend) -> None:
    backend.placed()
    with pytest.raises(ConflictError):
        place_order(backend.marketplace.tenant_id, backend.marketplace.order(currency="EUR"))
