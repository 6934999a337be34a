"""Sending through the real vendor SDK to the sandbox: one outcome per item, exceptions for the whole call."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from adrail import (
    Accepted,
    AdrailError,
    AuthError,
    Ignored,
    Invalid,
    InvalidPayloadError,
    RawIdentifier,
    RetryableError,
    ThrottledError,
    Transport,
    UserData,
)
from plugins.meta.sender import MetaConversions
from tests.plugins.meta.conftest import Sandbox
from tests.plugins.meta.factories import NOW, PIXEL, conversion, send_request

SENDER = MetaConversions()


def test_a_batch_is_accepted_in_one_call(sandbox: Sandbox, transport: Transport) -> None:
    items = [conversion(event_id=f"e-{number}") for number in range(3)]
    outcomes = SENDER.send(send_request(transport, items))
    assert outcomes == [outcomes[0]] * 3
    assert isinstance(outcomes[0], Accepted)
    assert outcomes[0].ref
    [record] = sandbox.received()
    assert record["verdict"] == "accepted"
    assert [event["event_id"] for event in record["body"]["data"]] == ["e-0", "e-1", "e-2"]


def test_the_request_on_the_wire(sandbox: Sandbox, transport: Transport) -> None:
    SENDER.send(send_request(transport, [conversion()], test_code="TEST12345"))
    [record] = sandbox.received()
    assert record["method"] == "POST"
    assert record["path"] == f"/meta/api/v26.0/{PIXEL}/events"
    assert record["query"] == {}
    assert record["headers"]["content-type"] == "application/x-www-form-urlencoded"
    assert record["headers"]["authorization"] == "Bearer …1234"
    assert set(record["body"]) == {"data", "partner_agent", "test_event_code"}
    assert record["body"]["test_event_code"] == "TEST12345"
    assert record["body"]["data"][0]["custom_data"]["value"] == 240.1
    assert rb"%22value%5C%22%3A240.10%2C" in sandbox.server.host.log.select()[0].request.body


def test_what_cannot_be_sent_does_not_sink_the_rest(sandbox: Sandbox, transport: Transport) -> None:
    items = [
        conversion(event_id="good-1"),
        conversion(user=UserData(email=RawIdentifier("a@b.ro"))),
        conversion(occurred_at=NOW - timedelta(days=8)),
        conversion(canonical="page_view"),
        conversion(event_id="good-2"),
    ]
    outcomes = SENDER.send(send_request(transport, items))
    kinds = [type(outcome) for outcome in outcomes]
    assert kinds == [Accepted, Invalid, Ignored, Ignored, Accepted]
    [record] = sandbox.received()
    assert [event["event_id"] for event in record["body"]["data"]] == ["good-1", "good-2"]


def test_nothing_to_send_means_no_call(sandbox: Sandbox, transport: Transport) -> None:
    assert SENDER.send(send_request(transport, [])) == []
    assert SENDER.send(send_request(transport, [conversion(canonical="page_view")])) == [Ignored("not_mapped")]
    assert sandbox.received() == []


def test_more_than_a_thousand_are_refused_before_sending(sandbox: Sandbox, transport: Transport) -> None:
    with pytest.raises(InvalidPayloadError, match="1000 events"):
        SENDER.send(send_request(transport, [conversion()] * 1001))
    assert sandbox.received() == []


def test_a_thousand_go_at_once(sandbox: Sandbox, transport: Transport) -> None:
    items = [conversion(event_id=f"e-{number}") for number in range(1000)]
    assert all(isinstance(outcome, Accepted) for outcome in SENDER.send(send_request(transport, items)))
    assert sandbox.received()[0]["notes"] == {"events": 1000, "duplicates": 0, "test": False}


def test_the_blame_names_the_callers_event_and_not_the_place_on_the_wire(
    sandbox: Sandbox, transport: Transport
) -> None:
    sandbox.arm("invalid_event", params={"index": 1, "field": "custom_data.currency"})
    items = [conversion(canonical="page_view"), *(conversion(event_id=f"e-{number}") for number in range(3))]
    with pytest.raises(InvalidPayloadError) as caught:
        SENDER.send(send_request(transport, items))
    assert (caught.value.index, caught.value.pointer, caught.value.code) == (2, "/custom_data/currency", "100")


@pytest.mark.parametrize("params", [{"blame": False}, {"index": 9}], ids=["nobody", "somebody who was not there"])
def test_when_nobody_can_be_blamed_the_whole_call_is_invalid(
    sandbox: Sandbox, transport: Transport, params: dict[str, Any]
) -> None:
    sandbox.arm("invalid_event", params=params)
    with pytest.raises(InvalidPayloadError) as caught:
        SENDER.send(send_request(transport, [conversion(event_id="a"), conversion(event_id="b")]))
    assert (caught.value.code, caught.value.index) == ("100", None)


@pytest.mark.parametrize(
    ("kind", "expected", "code"),
    [
        ("http_500", RetryableError, "not_graph"),
        ("html_502", RetryableError, "not_graph"),
        ("transient", RetryableError, "2"),
        ("reset", RetryableError, "connection"),
        ("throttle", ThrottledError, "4"),
        ("expired_token", AuthError, "190/463"),
        ("revoked_token", AuthError, "190/467"),
        ("permission", AuthError, "200"),
        ("version_gone", RetryableError, "2635"),
    ],
)
def test_faults(sandbox: Sandbox, transport: Transport, kind: str, expected: type[AdrailError], code: str) -> None:
    sandbox.arm(kind)
    with pytest.raises(expected) as caught:
        SENDER.send(send_request(transport, [conversion()]))
    assert type(caught.value) is expected
    assert caught.value.code == code
    assert isinstance(SENDER.send(send_request(transport, [conversion()]))[0], Accepted)


def test_throttling_states_the_wait_of_the_usage_header(sandbox: Sandbox, transport: Transport) -> None:
    sandbox.arm("throttle", params={"minutes": 7, "code": 80004})
    with pytest.raises(ThrottledError) as caught:
        SENDER.send(send_request(transport, [conversion()]))
    assert caught.value.retry_after == 420.0
    assert caught.value.code == "80004"


def test_an_ambiguous_timeout_is_retried_and_counts_once(sandbox: Sandbox) -> None:
    sandbox.arm("timeout_after", params={"seconds": 30})
    with pytest.raises(RetryableError) as caught:
        SENDER.send(send_request(sandbox.transport(read_timeout=0.3), [conversion()]))
    assert caught.value.code == "timeout"
    assert isinstance(SENDER.send(send_request(sandbox.transport(), [conversion()]))[0], Accepted)
    first, second = sandbox.received()
    assert first["body"] == second["body"]
    assert (first["notes"]["duplicates"], second["notes"]["duplicates"]) == (0, 1)


def test_a_slow_answer_is_waited_for(sandbox: Sandbox, transport: Transport) -> None:
    sandbox.arm("slow", params={"seconds": 0.2})
    assert isinstance(SENDER.send(send_request(transport, [conversion()]))[0], Accepted)


def test_nobody_listening_is_worth_a_retry(sandbox: Sandbox) -> None:
    closed = Transport({"api": "http://127.0.0.1:9/meta/api"}, connect_timeout=1.0, read_timeout=1.0)
    with pytest.raises(RetryableError) as caught:
        SENDER.send(send_request(closed, [conversion()]))
    assert caught.value.code == "connection"


@pytest.mark.parametrize("token", ["", "short", "with space in it", "tökentökentöken", "line\nbreak-token"])
def test_an_unusable_token_is_never_sent(sandbox: Sandbox, transport: Transport, token: str) -> None:
    with pytest.raises(AuthError) as caught:
        SENDER.send(send_request(transport, [conversion()], token=token))
    assert caught.value.code == "no_token"
    assert sandbox.received() == []


@pytest.mark.parametrize("pixel", ["", "123", "../me", "12345/../6"])
def test_an_unusable_pixel_id_never_enters_a_path(sandbox: Sandbox, transport: Transport, pixel: str) -> None:
    with pytest.raises(AuthError) as caught:
        SENDER.send(send_request(transport, [conversion(destination_id=pixel)]))
    assert caught.value.code == "no_pixel"
    assert sandbox.received() == []


def test_advanced_matching_follows_the_settings(sandbox: Sandbox, transport: Transport) -> None:
    SENDER.send(send_request(transport, [conversion()], settings={"advanced_matching": False}))
    [record] = sandbox.received()
    assert "em" not in record["body"]["data"][0]["user_data"]


def test_preview_shows_what_would_go_without_sending(sandbox: Sandbox, transport: Transport) -> None:
    [event] = SENDER.preview(send_request(transport, [conversion()]))
    assert event["custom_data"]["value"] == Decimal("240.10")
    assert sandbox.received() == []
