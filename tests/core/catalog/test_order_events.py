"""The event an order emits: in the same transaction, with the consent that holds and the context that is known."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest

from core.accounts.api import tenant_view
from core.catalog.api import place_order
from core.catalog.order_events import OrderEvent, emit_order_event
from core.catalog.order_models import Order
from core.db.session import tenant_session
from core.security.crypto import keyring
from tests.core.catalog.backend import Backend
from tests.pipeline import ingest, relay

NOW = datetime.now(UTC)


def ago(**span: float) -> str:
    """A time that long ago."""
    return (NOW - timedelta(**span)).isoformat()


def client_of(backend: Backend) -> dict[str, Any] | None:
    """Address and user agent sealed with the last event in the outbox."""
    row = backend.admin.execute(
        "SELECT sealed_client FROM event_outbox WHERE tenant_id = %s ORDER BY id DESC LIMIT 1",
        [backend.marketplace.tenant_id],
    ).fetchone()
    assert row is not None
    opened: dict[str, Any] | None = orjson.loads(keyring().unseal(row[0], "client")) if row[0] else None
    return opened


def visit(backend: Backend, visitor: str, session: str, url: str, **context: Any) -> None:
    """Let a visitor look at a page, stored as ingest does it."""
    event = {
        "event_id": str(uuid.uuid4()),
        "event_name": "page_view",
        "event_version": 1,
        "occurred_at": datetime.now(UTC).isoformat(),
        "source_system": "web",
        "visitor_id": visitor,
        "session_id": session,
        "consent_snapshot": {**consent(ago(hours=1)), "analytics": True},
        "context": {"page": {"url": url}, **context},
        "payload": {},
    }
    headers = backend.marketplace.collect_headers(**{"User-Agent": "Mozilla/5.0 (visit)"})
    answer = backend.client.post("/api/tx/events", json=event, headers=headers)
    assert answer.get_json()["accepted"] == 1, answer.text
    ingest()


def say(backend: Backend, visitor: str, *, marketing: bool) -> None:
    """Let a visitor change their mind in the consent banner."""
    purposes = {"analytics": True, "marketing": marketing, "data_processing": True}
    body = {"visitor_id": visitor, "consent": {**purposes, "captured_at": datetime.now(UTC).isoformat()}}
    answer = backend.client.put("/api/tx/consent", json=body, headers=backend.marketplace.collect_headers())
    assert answer.status_code in {200, 204}, answer.text


def consent(said: str, *, marketing: bool = True) -> dict[str, Any]:
    """The order's own statement."""
    return {"marketing": marketing, "data_processing": True, "captured_at": said}


def test_the_event_carries_what_was_bought(backend: Backend) -> None:
    placed = backend.placed()
    [event] = backend.emitted()
    assert (event["event_id"], event["event_name"]) == (placed["event_ids"]["*"], "order_completed")
    assert (event["source_system"], event["event_version"]) == ("backend", 1)
    assert (event["visitor_id"], event["session_id"], event["person_id"]) == ("v-1", "s-1", "c-7")
    assert event["payload"] == {
        "gross_amount": "180.00", "net_amount": "151.26", "fees_amount": "0.00", "discount_total": "0.00",
        "currency": "RON", "channel": "web", "consent_data_processing": True, "consent_marketing": True,
        "items": [{"line": "1", "live_event_id": "ev-1", "organizer_id": "org-1", "ticket_type_id": "tt-1",
                   "quantity": 2, "unit_price": "90.00", "fees": "0.00", "discount": "0.00"}],
    }  # fmt: skip
    assert event["context"]["click_ids"] == {"fbclid": "abc"}


def test_it_is_what_the_schema_registry_expects(backend: Backend) -> None:
    backend.placed(affiliate_id="aff-1", promo_code="SUMMER")
    part = [{"line": "1", "quantity": 1, "amount": "1.00"}]
    assert backend.change("A-1", "partially_refunded", refunds=part).status_code == 200
    assert backend.change("A-1", "charged_back", "t-2").status_code == 200
    backend.placed("A-2", visitor_id=None, session_id=None, context=None, person=None, consent=None)
    assert backend.change("A-2", "cancelled").status_code == 200
    events = backend.emitted()
    answer = backend.client.post(
        "/api/tx/events/batch", json={"events": events}, headers=backend.marketplace.bearer()
    ).get_json()
    assert (answer["accepted"], answer["errors"]) == (5, [])
    relay()
    ingest()
    assert backend.stored_events() == sorted(event["event_name"] for event in events)


def test_the_event_and_the_order_are_stored_together_or_not_at_all(backend: Backend) -> None:
    backend.placed()
    tenant = tenant_view(backend.marketplace.tenant_id)

    def emit_and_fail() -> None:
        with tenant_session(tenant.id) as session:
            order = session.query(Order).filter_by(external_id="A-1").one()
            order.status = "cancelled"
            emit_order_event(session, tenant, order, OrderEvent("order_cancelled", uuid.uuid4(), NOW, []))
            session.flush()
            _ = 1 / 0

    with pytest.raises(ZeroDivisionError):
        emit_and_fail()
    assert [event["event_name"] for event in backend.emitted()] == ["order_completed"]
    assert backend.rows("orders")[0]["status"] == "completed"


def test_an_order_that_fails_halfway_leaves_nothing(backend: Backend) -> None:
    backend.admin.execute("ALTER TABLE event_outbox ADD CONSTRAINT broken CHECK (topic <> 'tracking_event') NOT VALID")
    try:
        answer = backend.send(backend.marketplace.order())
    finally:
        backend.admin.execute("ALTER TABLE event_outbox DROP CONSTRAINT broken")
    assert (answer.status_code, answer.get_json()["code"]) == (500, "internal_error")
    assert [backend.rows(table) for table in ("orders", "order_items", "persons", "event_outbox")] == [[], [], [], []]
    assert backend.send(backend.marketplace.order()).status_code == 201


def test_missing_context_comes_from_the_visitors_last_session(backend: Backend) -> None:
    visit(backend, "v-ctx", "s-old", "https://shop.example/?fbclid=old", click_ids={"fbclid": "old"})
    visit(backend, "v-ctx", "s-new", "https://shop.example/cart", click_ids={"gclid": "new"}, utm={"source": "mail"})
    backend.placed(visitor_id="v-ctx", session_id=None, context=None)
    [event] = [item for item in backend.emitted() if item["event_name"] == "order_completed"]
    assert event["session_id"] == "s-new"
    assert event["context"]["page"] == {"url": "https://shop.example/cart"}
    assert event["context"]["click_ids"]["gclid"] == "new"
    assert client_of(backend) == {"ip": "127.0.0.1", "ua": "Mozilla/5.0 (visit)"}


def test_the_orders_own_context_comes_first(backend: Backend) -> None:
    visit(backend, "v-own", "s-own", "https://shop.example/cart", click_ids={"fbclid": "seen", "gclid": "kept"})
    own: dict[str, Any] = {"client_ip": "198.51.100.9", "user_agent": "Own", "url": "https://shop.example/thanks"}
    own |= {"click_ids": {"fbclid": "said"}}
    backend.placed(visitor_id="v-own", session_id="s-own", context=own)
    [event] = [item for item in backend.emitted() if item["event_name"] == "order_completed"]
    assert event["context"]["page"] == {"url": "https://shop.example/thanks"}
    assert event["context"]["click_ids"] == {"fbclid": "said", "gclid": "kept"}
    assert client_of(backend) == {"ip": "198.51.100.9", "ua": "Own"}


def test_addresses_of_a_visit_are_used_for_seven_days(backend: Backend) -> None:
    visit(backend, "v-week", "s-week", "https://shop.example/")
    backend.admin.execute("UPDATE tx_sessions SET sealed_at = now() - interval '8 days' WHERE visitor_id = 'v-week'")
    backend.placed(visitor_id="v-week", session_id="s-week", context=None)
    assert client_of(backend) is None


def test_an_order_from_the_box_office_needs_no_visitor(backend: Backend) -> None:
    backend.placed(visitor_id=None, session_id=None, context=None, person=None, consent=None)
    [event] = backend.emitted()
    assert event["payload"]["channel"] == "backend"
    assert not {"visitor_id", "session_id", "person_id"} & set(event)
    assert not any(event["consent_snapshot"].values())
    assert client_of(backend) is None


def test_client_addresses_lie_sealed_in_the_outbox(backend: Backend) -> None:
    backend.placed()
    rows = backend.admin.execute("SELECT o::text FROM event_outbox o").fetchall()
    for canary in ("198.51.100.7", "Mozilla/5.0 (test)"):
        assert not any(canary in text or canary.encode().hex() in text for (text,) in rows)
    assert client_of(backend) == {"ip": "198.51.100.7", "ua": "Mozilla/5.0 (test)"}


@pytest.mark.parametrize(
    ("before", "after", "holds"),
    [
        ("ledger grants, order denies", (True, False), False),
        ("ledger denies, order grants", (False, True), True),
    ],
)
def test_an_order_that_speaks_later_than_the_ledger_wins(
    backend: Backend, before: str, after: tuple[bool, bool], holds: bool
) -> None:
    in_ledger, in_order = after
    say(backend, "v-late", marketing=in_ledger)
    said = datetime.now(UTC).isoformat()
    backend.placed(visitor_id="v-late", consent=consent(said, marketing=in_order))
    [event] = backend.emitted()
    assert event["consent_snapshot"]["marketing"] is holds, before
    assert event["payload"]["consent_marketing"] is holds


@pytest.mark.parametrize("in_ledger", [True, False])
def test_a_ledger_that_speaks_later_than_the_order_wins(backend: Backend, in_ledger: bool) -> None:
    say(backend, "v-early", marketing=in_ledger)
    backend.placed(visitor_id="v-early", consent=consent(ago(hours=1), marketing=not in_ledger))
    [event] = backend.emitted()
    assert event["consent_snapshot"]["marketing"] is in_ledger
    # What the order did not speak of is the ledger's to say.
    assert event["consent_snapshot"]["analytics"] is True


def test_an_order_without_statement_follows_the_ledger(backend: Backend) -> None:
    say(backend, "v-mute", marketing=True)
    backend.placed(visitor_id="v-mute", consent=None)
    [event] = backend.emitted()
    assert event["consent_snapshot"]["marketing"] is True
    assert event["consent_snapshot"]["captured_at"]


def test_a_statement_from_the_future_does_not_outweigh_a_later_withdrawal(backend: Backend) -> None:
    backend.placed(status="pending", visitor_id="v-future", consent=consent(ago(days=-30)))
    say(backend, "v-future", marketing=False)
    assert backend.change("A-1", "completed").status_code == 200
    [event] = backend.emitted()
    assert event["consent_snapshot"]["marketing"] is False


def test_a_direct_call_stores_the_same_as_the_endpoint(backend: Backend) -> None:
    result = place_order(backend.marketplace.tenant_id, backend.marketplace.order("D-1"))
    assert result.created
    assert backend.emitted()[0]["event_id"] == result.event_ids["*"]
