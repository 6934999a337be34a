"""What may follow what in an order's life, what may be paid back, and the event each step emits."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from core.accounts.api import tenant_view
from core.catalog.order_states import EVENT_OF, TRANSITIONS
from tests.core.catalog.backend import Backend, pointers

STATUSES = ("completed", "partially_refunded", "refunded", "cancelled", "charged_back")
WAYS: dict[str, tuple[str, ...]] = {
    "pending": (),
    "completed": ("completed",),
    "partially_refunded": ("completed", "partially_refunded"),
    "refunded": ("completed", "refunded"),
    "cancelled": ("cancelled",),
    "charged_back": ("completed", "charged_back"),
}
PART = [{"line": "1", "quantity": 1, "amount": "10.00"}]


def step(backend: Backend, status: str, transition: str) -> Any:
    """Take a step, with a refund where one is needed."""
    refunds = {"refunds": PART} if status == "partially_refunded" else {}
    return backend.change("A-1", status, transition, **refunds)


def in_state(backend: Backend, state: str) -> None:
    """Bring order A-1 (two tickets, 180.00 RON) into a state."""
    backend.placed(status="pending")
    for number, status in enumerate(WAYS[state]):
        assert step(backend, status, f"way-{number}").status_code == 200


@pytest.mark.parametrize("state", WAYS)
def test_every_step_is_allowed_or_refused_as_planned(backend: Backend, state: str) -> None:
    for target in STATUSES:
        in_state(backend, state)
        answer = step(backend, target, "next")
        if target in TRANSITIONS.get(state, ()):
            assert (answer.status_code, answer.get_json()["status"]) == (200, target)
        else:
            assert pointers(answer, 409) == ["/status"]
            assert answer.get_json()["code"] == "transition_not_allowed"
            assert state in answer.get_json()["detail"]
        backend.admin.execute("DELETE FROM orders WHERE tenant_id = %s", [backend.marketplace.tenant_id])


@pytest.mark.parametrize("status", STATUSES)
def test_every_step_emits_its_event_with_its_id(backend: Backend, status: str) -> None:
    in_state(backend, "pending" if status == "completed" else "completed")
    before = len(backend.emitted())
    answer = step(backend, status, "t-9")
    assert answer.status_code == 200, answer.text
    [event] = backend.emitted()[before:]
    name = EVENT_OF[status]
    namespace = tenant_view(backend.marketplace.tenant_id).uuid_namespace
    # What can happen more than once carries the transition in its id.
    suffix = "|t-9" if name in {"refund_completed", "chargeback_opened"} else ""
    assert event["event_name"] == name
    assert event["event_id"] == str(uuid.uuid5(namespace, f"A-1|{name}|*{suffix}"))
    assert event["entities"] == {"order_id": "A-1"}
    assert event["person_id"] == "c-7"
    assert event["payload"]["currency"] == "RON"


def test_a_repeated_step_changes_nothing(backend: Backend) -> None:
    backend.placed()
    first = backend.change("A-1", "partially_refunded", "r-1", refunds=PART)
    events = backend.emitted()
    again = backend.change("A-1", "partially_refunded", "r-1", refunds=PART)
    assert (again.status_code, again.get_json()) == (200, first.get_json())
    assert backend.emitted() == events
    assert len(backend.rows("order_transitions")) == 1


def test_two_refunds_are_two_events(backend: Backend) -> None:
    backend.placed()
    for number in (1, 2):
        assert backend.change("A-1", "partially_refunded", f"r-{number}", refunds=PART).status_code == 200
    refunds = [event for event in backend.emitted() if event["event_name"] == "refund_completed"]
    assert len({event["event_id"] for event in refunds}) == 2
    assert [event["payload"]["amount"] for event in refunds] == ["10.00", "10.00"]
    assert refunds[0]["payload"]["refunds"] == PART


@pytest.mark.parametrize(
    ("refunds", "found"),
    [
        ([{"line": "1", "quantity": 1, "amount": "180.01"}], ["/refunds"]),
        ([{"line": "1", "quantity": 3, "amount": "10.00"}], ["/refunds/0/quantity"]),
        ([{"line": "1", "quantity": 1, "amount": "5.00"}, {"line": "1", "quantity": 2, "amount": "5.00"}],
         ["/refunds/1/quantity"]),
        ([{"line": "7", "quantity": 1, "amount": "10.00"}], ["/refunds/0/line"]),
        ([{"line": "1", "quantity": 1, "amount": "-10.00"}], ["/refunds/0/amount"]),
        ([{"line": "1", "quantity": 1, "amount": "10.001"}], ["/refunds/0/amount"]),
        ([{"line": "1", "quantity": -1, "amount": "10.00"}], ["/refunds/0/quantity"]),
        ([{"line": "1", "quantity": 1, "amount": 10.0}], ["/refunds/0/amount"]),
        ([], ["/refunds"]),
    ],
)  # fmt: skip
def test_refunds_stay_within_what_was_bought(backend: Backend, refunds: list[dict[str, Any]], found: list[str]) -> None:
    backend.placed()
    assert pointers(backend.change("A-1", "partially_refunded", refunds=refunds)) == found
    assert backend.rows("order_transitions") == []
    assert backend.rows("orders")[0]["status"] == "completed"
    assert len(backend.emitted()) == 1


def test_refunds_add_up_over_the_life_of_an_order(backend: Backend) -> None:
    backend.placed()
    first = [{"line": "1", "quantity": 1, "amount": "100.00"}]
    assert backend.change("A-1", "partially_refunded", "r-1", refunds=first).status_code == 200
    assert pointers(backend.change("A-1", "partially_refunded", "r-2", refunds=first)) == ["/refunds"]
    both = [{"line": "1", "quantity": 2, "amount": "1.00"}]
    assert pointers(backend.change("A-1", "refunded", "r-3", refunds=both)) == ["/refunds/0/quantity"]
    rest = [{"line": "1", "quantity": 1, "amount": "80.00"}]
    assert backend.change("A-1", "refunded", "r-4", refunds=rest).status_code == 200


@pytest.mark.parametrize("status", ["refunded", "charged_back"])
def test_a_step_without_list_is_worth_what_is_left(backend: Backend, status: str) -> None:
    backend.placed()
    refund = [{"line": "1", "quantity": 1, "amount": "30.50"}]
    backend.change("A-1", "partially_refunded", "r-1", refunds=refund)
    assert backend.change("A-1", status, "r-2").status_code == 200
    assert [event["payload"].get("amount") for event in backend.emitted()] == [None, "30.50", "149.50"]


@pytest.mark.parametrize("status", ["cancelled", "charged_back"])
def test_refunds_belong_to_refunds_only(backend: Backend, status: str) -> None:
    backend.placed()
    assert pointers(backend.change("A-1", status, refunds=PART)) == ["/refunds"]


def test_changes_of_unknown_orders_and_of_nothing_are_refused(backend: Backend) -> None:
    assert pointers(backend.change("A-404", "cancelled"), 404) == []
    backend.placed()
    empty = backend.client.patch("/api/v1/orders/A-1", json={}, headers=backend.marketplace.bearer())
    assert pointers(empty) == ["/status", "/occurred_at", "/transition_id"]
    assert pointers(backend.change("A-1", "pending")) == ["/status"]


def test_orders_of_other_marketplaces_are_unknown(backend: Backend, other_marketplace: Any) -> None:
    backend.placed()
    answer = backend.client.patch(
        "/api/v1/orders/A-1",
        json={"status": "cancelled", "transition_id": "x", "occurred_at": backend.marketplace.order()["placed_at"]},
        headers=other_marketplace.bearer(),
    )
    assert answer.status_code == 404
    assert backend.rows("orders")[0]["status"] == "completed"


def test_numbers_with_slashes_can_be_changed(backend: Backend) -> None:
    backend.placed("2026/A 1?#")
    answer = backend.change("2026/A%201%3F%23", "cancelled")
    assert (answer.status_code, answer.get_json()["external_id"]) == (200, "2026/A 1?#")
