"""What a provider reports becomes tracking events of the order, once, with the consent that really holds."""

from __future__ import annotations

import itertools
import json
import threading
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from core.accounts.api import tenant_view
from core.payments import jobs
from core.payments.jobs import expire, match
from tests.core.catalog.backend import Backend
from tests.core.payments.provider import Provider, disputed, event, failed, paid_back, refunded, sign, succeeded
from tests.pipeline import ingest, relay
from tracking.registry import registry
from tracking.registry.check import check_event

REPORTED = {"payment_succeeded", "payment_failed", "refund_completed", "chargeback_opened"}


def told(backend: Backend) -> list[dict[str, Any]]:
    """Events in the outbox that came from the provider, oldest first."""
    return [item for item in backend.emitted() if item["source_system"] == "payments"]


def expected_id(backend: Backend, name: str) -> str:
    """The deterministic id of an event."""
    return str(uuid.uuid5(tenant_view(backend.marketplace.tenant_id).uuid_namespace, name))


def refunds(backend: Backend) -> list[dict[str, Any]]:
    """Refunds in the outbox, whoever told them, oldest first."""
    return [item for item in backend.emitted() if item["event_name"] == "refund_completed"]


def pay_back(backend: Backend, transition: str, amount: str) -> None:
    """The marketplace tells that it paid back a part of the order."""
    refund = {"line": "1", "quantity": 1, "amount": amount}
    now = datetime.now(UTC).isoformat()
    answer = backend.change("A-1", "partially_refunded", transition, refunds=[refund], occurred_at=now)
    assert answer.status_code == 200, answer.text


def test_each_kind_of_message_becomes_its_event(backend: Backend, provider: Provider) -> None:
    backend.placed()
    messages = [failed(), succeeded(), refunded(5_000), disputed()]
    assert [provider.outcome(item) for item in messages] == ["matched"] * 4
    events = {item["event_name"]: item for item in told(backend)}
    assert set(events) == REPORTED
    for item in events.values():
        assert (item["visitor_id"], item["session_id"], item["person_id"]) == ("v-1", "s-1", "c-7")
        assert item["entities"] == {"order_id": "A-1"}
        assert item["payload"]["provider_reference"] == "pi_1"
        now = datetime.now(UTC)
        assert check_event(registry(), item, trusted=True, now=now).problems == []
    assert events["payment_succeeded"]["payload"]["amount"] == "180.00"
    assert events["refund_completed"]["payload"]["amount"] == "50.00"
    assert events["payment_failed"]["payload"]["failure_code"] == "insufficient_funds"
    assert "Ana" not in json.dumps(events["payment_failed"])


def test_events_have_the_ids_that_others_can_compute(backend: Backend, provider: Provider) -> None:
    backend.placed()
    failure = failed()
    for message in (failure, succeeded(), refunded(5_000, refunds={"data": [{"id": "re_7"}]}), disputed(name="dp_9")):
        provider.outcome(message)
    assert [item["event_id"] for item in told(backend)] == [
        expected_id(backend, f"A-1|payment_failed|*|{failure['id']}"),
        expected_id(backend, "A-1|payment_succeeded|*"),
        expected_id(backend, "A-1|refund_completed|*|re_7"),
        expected_id(backend, "A-1|chargeback_opened|*|dp_9"),
    ]


def test_an_order_paid_in_two_payments_has_two_events(backend: Backend, provider: Provider) -> None:
    backend.placed()
    for message in (succeeded(payment="pi_1"), succeeded(payment="pi_2"), succeeded(payment="pi_1")):
        provider.outcome(message)
    assert {item["event_id"] for item in told(backend)} == {
        expected_id(backend, "A-1|payment_succeeded|*"),
        expected_id(backend, "A-1|payment_succeeded|*|pi_2"),
    }


@pytest.mark.parametrize("granted", [True, False])
def test_the_events_consent_is_the_orders(backend: Backend, provider: Provider, granted: bool) -> None:
    said_at = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
    backend.placed(consent={"marketing": granted, "data_processing": True, "captured_at": said_at})
    provider.outcome(succeeded())
    consent = told(backend)[0]["consent_snapshot"]
    assert (consent["marketing"], consent["data_processing"]) == (granted, True)
    assert "analytics" not in consent  # nobody was asked


def test_an_order_without_consent_gets_none_made_up(backend: Backend, provider: Provider) -> None:
    backend.placed(consent=None, visitor_id=None, session_id=None)
    provider.outcome(succeeded())
    assert told(backend)[0]["consent_snapshot"] == {}


def test_a_withdrawal_between_order_and_refund_counts(backend: Backend, provider: Provider) -> None:
    backend.placed()
    relay()
    ingest()
    withdrawn = {"visitor_id": "v-1", "consent": {"analytics": False, "marketing": False, "data_processing": False}}
    headers = backend.marketplace.collect_headers()
    assert backend.client.put("/api/tx/consent", json=withdrawn, headers=headers).status_code == 200
    provider.outcome(refunded(18_000))
    assert told(backend)[0]["consent_snapshot"]["marketing"] is False


def test_the_same_message_again_changes_nothing(backend: Backend, provider: Provider) -> None:
    backend.placed()
    message = succeeded()
    assert [provider.outcome(message) for _ in range(3)] == ["matched", "repeated", "repeated"]
    assert len(told(backend)) == 1
    relay()
    ingest()
    assert backend.stored_events() == ["order_completed", "payment_succeeded"]


def test_the_same_message_many_times_at_once_is_one_event(backend: Backend, provider: Provider) -> None:
    backend.placed()
    message, outcomes = succeeded(), list[str]()
    app = backend.client.application

    def deliver() -> None:
        other = Provider(app.test_client(), backend.marketplace, secret=None)
        outcomes.append(other.outcome(message))

    threads = [threading.Thread(target=deliver) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["matched", *["repeated"] * 5]
    assert len(told(backend)) == 1


def test_two_refunds_are_two_events_with_what_each_paid_back(backend: Backend, provider: Provider) -> None:
    backend.placed()
    provider.outcome(refunded(5_000))
    provider.outcome(refunded(18_000, before=5_000))
    assert [item["payload"]["amount"] for item in told(backend)] == ["50.00", "130.00"]


REFUND = {
    "by its charge": refunded(5_000),
    "by its charge, which lists it": refunded(5_000, refunds={"data": [{"id": "re_1"}]}),
    "when it is made": paid_back(),
    "when it changes": paid_back(kind="refund.updated"),
    "when it changes, of old": paid_back(kind="charge.refund.updated"),
}


@pytest.mark.parametrize(("first", "second"), list(itertools.permutations(REFUND, 2)))
def test_a_refund_reported_in_two_ways_is_one_event(
    backend: Backend, provider: Provider, first: str, second: str
) -> None:
    backend.placed()
    provider.outcome(succeeded())
    for name in (first, second):
        assert provider.outcome(REFUND[name]) == "matched"
    assert [item["payload"]["amount"] for item in refunds(backend)] == ["50.00"]


def test_refunds_of_the_same_amount_are_told_one_by_one(backend: Backend, provider: Provider) -> None:
    backend.placed()
    messages = [
        succeeded(),
        paid_back(refund="re_1"),
        paid_back(refund="re_2"),
        refunded(5_000),
        refunded(10_000, 5_000),
    ]
    for message in messages:
        provider.outcome(message)
    assert [item["event_id"] for item in refunds(backend)] == [
        expected_id(backend, "A-1|refund_completed|*|re_1"),
        expected_id(backend, "A-1|refund_completed|*|re_2"),
    ]
    provider.outcome(refunded(15_000, 10_000))
    assert len(refunds(backend)) == 3


def test_a_refund_under_way_is_told_when_it_arrives_and_a_failed_one_never(
    backend: Backend, provider: Provider
) -> None:
    backend.placed()
    provider.outcome(succeeded())
    assert provider.outcome(paid_back(status="pending")) == "unused"
    assert provider.outcome(paid_back(refund="re_2", kind="refund.updated", status="failed")) == "unused"
    assert refunds(backend) == []
    assert provider.outcome(paid_back(kind="refund.updated")) == "matched"
    assert len(refunds(backend)) == 1


@pytest.mark.parametrize("told_as", ["re_1", "REF-77"])
@pytest.mark.parametrize("report", REFUND)
def test_a_refund_that_the_marketplace_told_itself_is_not_told_again(
    backend: Backend, provider: Provider, report: str, told_as: str
) -> None:
    backend.placed()
    provider.outcome(succeeded())
    pay_back(backend, told_as, "50.00")
    assert provider.outcome(REFUND[report]) == "matched"
    assert [item["source_system"] for item in refunds(backend)] == ["backend"]
    another = refunded(10_000, 5_000) if report == "by its charge" else paid_back(refund="re_2")
    assert provider.outcome(another) == "matched"
    assert provider.outcome(paid_back(refund="re_3", amount=100)) == "matched"
    assert [item["payload"]["amount"] for item in refunds(backend)] == ["50.00", "50.00", "1.00"]


@pytest.mark.parametrize(
    ("currency", "amount", "written"),
    [("jpy", 18_000, "18000"), ("krw", 5, "5"), ("kwd", 5_120, "5.120"), ("tnd", 18_010, "18.010"),
     ("isk", 500, "5"), ("ugx", 500, "5"), ("huf", 1_045, "10.45"), ("mga", 300, "300"), ("usd", 1, "0.01")],
)  # fmt: skip
def test_amounts_are_major_units_of_their_currency(
    backend: Backend, provider: Provider, currency: str, amount: int, written: str
) -> None:
    backend.placed()
    provider.outcome(succeeded(currency=currency, amount=amount, amount_received=amount))
    payload = told(backend)[0]["payload"]
    assert (payload["amount"], payload["currency"]) == (written, currency.upper())


def test_a_payment_waits_for_its_order_and_is_told_when_it_comes(backend: Backend, provider: Provider) -> None:
    assert provider.outcome(succeeded()) == "waiting"
    assert told(backend) == []
    backend.placed()
    (item,) = told(backend)
    assert (item["event_name"], item["visitor_id"], item["consent_snapshot"]["marketing"]) == (
        "payment_succeeded", "v-1", True,
    )  # fmt: skip
    assert provider.outcome(succeeded(name=backend.rows("payment_notices")[0]["provider_event_id"])) == "repeated"


def test_a_dispute_that_came_first_finds_its_order_through_the_payment(backend: Backend, provider: Provider) -> None:
    backend.placed()
    assert provider.outcome(disputed()) == "waiting"
    assert provider.outcome(refunded(100, order=None)) == "waiting"
    assert provider.outcome(succeeded()) == "matched"
    assert {item["event_name"] for item in told(backend)} == REPORTED - {"payment_failed"}
    assert {row["state"] for row in backend.rows("payment_notices")} == {"matched"}


def test_orders_that_came_another_way_are_matched_by_the_schedule(backend: Backend, provider: Provider) -> None:
    provider.outcome(succeeded())
    provider.outcome(disputed())
    backend.placed()
    waiting_again(backend)
    match()
    match()
    assert [item["event_name"] for item in told(backend)] == ["payment_succeeded", "chargeback_opened"]


def waiting_again(backend: Backend) -> None:
    """As if the orders had come by another way than one by one."""
    mine = [backend.marketplace.tenant_id]
    backend.admin.execute(
        "UPDATE payment_notices SET state = 'waiting', tracking_event_id = NULL WHERE tenant_id = %s", mine
    )
    backend.admin.execute("DELETE FROM event_outbox WHERE tenant_id = %s", mine)


def test_what_cannot_be_told_leaves_the_others_alone(backend: Backend, provider: Provider) -> None:
    for number in ("A-1", "A-2", "A-3"):
        backend.placed(number)
        provider.outcome(succeeded(number, payment=f"pi_{number}"))
    waiting_again(backend)
    broken = "UPDATE orders SET consent = %s WHERE tenant_id = %s AND external_id = 'A-1'"
    backend.admin.execute(broken, ['{"captured_at": "never"}', backend.marketplace.tenant_id])
    with capture_logs() as logs:
        match()
    assert [item["entities"]["order_id"] for item in told(backend)] == ["A-2", "A-3"]
    assert [(item["order"], item["log_level"]) for item in logs if "order" in item] == [("A-1", "error")]


def test_every_waiting_payment_is_matched_and_expires_whatever_their_number(
    backend: Backend, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "CHUNK", 2)
    for number in range(5):
        backend.placed(f"A-{number}")
        provider.outcome(succeeded(f"A-{number}", payment=f"pi_{number}"))
        provider.outcome(succeeded(f"B-{number}", payment=f"pi_b{number}"))
    waiting_again(backend)
    match()
    assert len(told(backend)) == 5
    grow_old(backend, days=31)
    expire()
    assert sorted(row["state"] for row in backend.rows("payment_notices")) == ["expired"] * 5 + ["matched"] * 5
    grow_old(backend, days=731)
    expire()
    assert backend.rows("payment_notices") == []


def grow_old(backend: Backend, *, days: int) -> None:
    """Let every message have come so many days ago."""
    age = "UPDATE payment_notices SET received_at = now() - make_interval(days => %s) WHERE tenant_id = %s"
    backend.admin.execute(age, [days, backend.marketplace.tenant_id])


def test_what_waited_too_long_expires_and_still_finds_a_late_order(backend: Backend, provider: Provider) -> None:
    provider.outcome(succeeded())
    grow_old(backend, days=31)
    expire()
    assert [row["state"] for row in backend.rows("payment_notices")] == ["expired"]
    backend.placed()
    assert [row["state"] for row in backend.rows("payment_notices")] == ["matched"]


def test_other_messages_are_answered_and_counted(backend: Backend, provider: Provider) -> None:
    backend.placed()
    assert provider.outcome(event("customer.created", {"id": "cus_1"})) == "unused"
    assert provider.outcome(event("payment_intent.created", {"id": "pi_1"})) == "unused"
    assert told(backend) == []
    (endpoint,) = backend.rows("payment_endpoints")
    assert (endpoint["received"], endpoint["unused"]) == (2, 2)
    scraped = backend.client.get("/metrics").text
    assert 'adrail_payment_webhooks_total{outcome="unused",provider="stripe"}' in scraped


def test_another_marketplaces_order_with_the_same_number_is_not_touched(
    backend: Backend, provider: Provider, other_marketplace: Any
) -> None:
    other = Backend(backend.client, other_marketplace, backend.admin)
    other.placed()
    assert provider.outcome(succeeded()) == "waiting"
    assert told(other) == []
    body = json.dumps(succeeded()).encode()
    foreign = f"/api/webhooks/stripe/{other_marketplace.slug}"
    refused = backend.client.post(foreign, data=body, headers={"Stripe-Signature": sign(body)})
    assert refused.status_code == 400
