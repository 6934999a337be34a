"""Sending to the sandbox: one request an event, one outcome per item, exceptions for the whole call."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from adrail import (
    Accepted,
    AuthError,
    Ignored,
    Invalid,
    InvalidPayloadError,
    Retry,
    RetryableError,
    Throttled,
    ThrottledError,
    Transport,
)
from plugins.ga4.sender import Ga4Conversions
from tests.plugins.ga4.conftest import Sandbox
from tests.plugins.ga4.factories import BUYER, CLIENT, NOW, STREAM, conversion, send_request

SENDER = Ga4Conversions()


def test_every_event_is_a_request_of_its_own(sandbox: Sandbox, transport: Transport) -> None:
    items = [conversion(event_id=f"e-{number}", order_id=f"A-{number}") for number in range(3)]
    assert SENDER.send(send_request(transport, items)) == [Accepted()] * 3
    records = sandbox.received()
    assert [record["verdict"] for record in records] == ["accepted"] * 3
    sent = [record["body"]["events"][0]["params"]["transaction_id"] for record in records]
    assert sent == ["A-0", "A-1", "A-2"]


def test_the_request_on_the_wire(sandbox: Sandbox, transport: Transport) -> None:
    SENDER.send(send_request(transport, [conversion()]))
    [record] = sandbox.received()
    assert (record["method"], record["path"], record["status"]) == ("POST", "/ga4/api/mp/collect", 204)
    assert record["query"] == {"measurement_id": STREAM, "api_secret": "…bcde"}
    assert record["headers"]["content-type"] == "application/json"
    assert record["body"]["events"][0]["params"]["value"] == 240.1
    assert record["notes"] == {"events": 1, "duplicates": 0, "messages": []}
    assert b'"value":240.10,' in sandbox.server.host.log.select()[0].request.body


def test_what_cannot_be_sent_does_not_sink_the_rest(sandbox: Sandbox, transport: Transport) -> None:
    items = [
        conversion(order_id="good-1"),
        conversion(value=Decimal(-1)),
        conversion(occurred_at=NOW - timedelta(days=4)),
        conversion(canonical="add_to_cart"),
        conversion(order_id="good-2"),
    ]
    outcomes = SENDER.send(send_request(transport, items))
    assert [type(outcome) for outcome in outcomes] == [Accepted, Invalid, Ignored, Ignored, Accepted]
    sent = [record["body"]["events"][0]["params"]["transaction_id"] for record in sandbox.received()]
    assert sent == ["good-1", "good-2"]


def test_nothing_to_send_means_no_call(sandbox: Sandbox, transport: Transport) -> None:
    assert SENDER.send(send_request(transport, [])) == []
    assert SENDER.send(send_request(transport, [conversion(canonical="page_view")])) == [Ignored("not_mapped")]
    assert SENDER.send(send_request(transport, [conversion(canonical="page_view")], secret="")) == [
        Ignored("not_mapped")
    ]
    assert sandbox.received() == []


def test_more_than_25_are_refused_before_sending(sandbox: Sandbox, transport: Transport) -> None:
    with pytest.raises(InvalidPayloadError, match="25 events"):
        SENDER.send(send_request(transport, [conversion()] * 26))
    assert sandbox.received() == []


def test_when_the_door_is_shut_at_once_the_call_fails(sandbox: Sandbox, transport: Transport) -> None:
    sandbox.arm("http_500")
    with pytest.raises(RetryableError):
        SENDER.send(send_request(transport, [conversion(order_id="a"), conversion(order_id="b")]))
    assert len(sandbox.received()) == 1


@pytest.mark.parametrize(("kind", "expected"), [("http_500", Retry), ("reset", Retry), ("throttle", Throttled)])
def test_when_it_shuts_later_what_went_through_stays(
    sandbox: Sandbox, transport: Transport, monkeypatch: pytest.MonkeyPatch, kind: str, expected: type
) -> None:
    items = [conversion(order_id=f"A-{number}") for number in range(4)]
    sandbox.arm("slow", params={"seconds": 0})
    sandbox.arm("slow", params={"seconds": 0})
    sandbox.arm(kind, params={"seconds": 90})
    outcomes = SENDER.send(send_request(transport, items))
    assert [type(outcome) for outcome in outcomes] == [Accepted, Accepted, expected, expected]
    assert len(sandbox.received()) == 3


def test_a_call_that_takes_too_long_ends_and_keeps_what_went_through(sandbox: Sandbox, transport: Transport) -> None:
    items = [conversion(event_id=f"e-{number}", order_id=f"A-{number}") for number in range(3)]
    first, *others = Ga4Conversions(longest_call=-1.0).send(send_request(transport, items))
    assert first == Accepted()
    assert [getattr(outcome, "code", None) for outcome in others] == ["slow", "slow"]
    assert all(isinstance(outcome, Retry) for outcome in others)
    assert len(sandbox.received()) == 1


def test_a_pause_is_passed_on(sandbox: Sandbox, transport: Transport) -> None:
    sandbox.arm("throttle", params={"seconds": 90})
    with pytest.raises(ThrottledError) as caught:
        SENDER.send(send_request(transport, [conversion()]))
    assert caught.value.retry_after == 90


def test_without_a_secret_the_connection_needs_one(sandbox: Sandbox, transport: Transport) -> None:
    with pytest.raises(AuthError) as caught:
        SENDER.send(send_request(transport, [conversion()], secret=""))
    assert caught.value.code == "no_secret"
    assert sandbox.received() == []


def test_settings_decide_what_goes(sandbox: Sandbox, transport: Transport) -> None:
    settings = {"server_events": ["add_to_cart"], "user_provided_data": True, "debug_view": True}
    items = [conversion(), conversion(canonical="add_to_cart")]
    outcomes = SENDER.send(send_request(transport, items, settings=settings))
    assert [type(outcome) for outcome in outcomes] == [Ignored, Accepted]
    [record] = sandbox.received()
    assert record["body"]["events"][0]["name"] == "add_to_cart"
    assert record["body"]["events"][0]["params"]["debug_mode"] == 1
    assert set(record["body"]["user_data"]) == {"sha256_email_address", "sha256_phone_number"}


def test_a_test_send_is_validated_and_not_counted(sandbox: Sandbox, transport: Transport) -> None:
    assert SENDER.send(send_request(transport, [conversion()], test_code="TEST1")) == [
        Accepted("validated, not counted")
    ]
    [record] = sandbox.received()
    assert (record["path"], record["verdict"]) == ("/ga4/api/debug/mp/collect", "validated")


def test_a_test_send_may_be_of_any_kind(sandbox: Sandbox, transport: Transport) -> None:
    [outcome] = SENDER.send(send_request(transport, [conversion(canonical="event_view")], test_code="TEST1"))
    assert isinstance(outcome, Accepted)
    assert sandbox.received()[0]["verdict"] == "validated"


def test_what_validation_finds_is_told(sandbox: Sandbox, transport: Transport) -> None:
    sandbox.arm("validation_message", params={"field": "events[0].params.note", "code": "NAME_RESERVED"})
    items = [conversion(order_id="a"), conversion(order_id="b")]
    first, second = SENDER.send(send_request(transport, items, test_code="TEST1"))
    assert isinstance(first, Invalid)
    assert (first.pointer, first.code) == ("/events/0/params/note", "NAME_RESERVED")
    assert isinstance(second, Accepted)


def test_a_preview_shows_the_body_and_asks_nobody(sandbox: Sandbox, transport: Transport) -> None:
    [body] = SENDER.preview(send_request(transport, [conversion()]))
    assert body["client_id"] == CLIENT
    assert body["events"][0]["params"]["value"] == Decimal("240.10")
    assert sandbox.received() == []


def test_browser_and_server_report_one_purchase(sandbox: Sandbox, transport: Transport) -> None:
    hit = {"v": "2", "tid": STREAM, "cid": CLIENT, "en": "purchase", "ep.transaction_id": "A-1001"}
    sandbox.get("/script/g/collect", **hit)
    SENDER.send(send_request(transport, [conversion()]))
    assert sandbox.received()[1]["notes"]["duplicates"] == 1


def test_without_the_browsers_cookie_google_sees_two_buyers(sandbox: Sandbox, transport: Transport) -> None:
    """Why the cookie has to be collected with the order: GA4 compares order numbers within one client only."""
    hit = {"v": "2", "tid": STREAM, "cid": CLIENT, "en": "purchase", "ep.transaction_id": "A-1001"}
    sandbox.get("/script/g/collect", **hit)
    SENDER.send(send_request(transport, [conversion(user=replace(BUYER, click_ids={}))]))
    assert sandbox.received()[1]["notes"]["duplicates"] == 0
