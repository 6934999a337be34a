"""Faults on request, over HTTP."""

from __future__ import annotations

import time
from typing import Any

import pytest
import requests

from tests.sdk.python.sandboxes import Client
from tests.waiting import until


def test_http_500_is_json_that_careless_clients_take_for_success(client: Client) -> None:
    client.arm("http_500")
    answer = client.get("/counter/api")
    assert (answer.status_code, answer.json()) == (500, {"status": "internal"})
    assert client.get("/counter/api").json() == {"handled": 1}
    assert [item["verdict"] for item in client.received()] == ["fault: http_500", "accepted"]


def test_html_502_is_a_page_of_a_proxy(client: Client) -> None:
    client.arm("html_502")
    answer = client.get("/counter/api")
    assert (answer.status_code, answer.headers["Content-Type"]) == (502, "text/html; charset=utf-8")
    assert "<h1>502 Bad Gateway</h1>" in answer.text


def test_reset_cuts_the_connection_without_handling_the_request(client: Client) -> None:
    client.arm("reset")
    with pytest.raises(requests.ConnectionError, match="reset by peer"):
        client.get("/counter/api")
    [item] = client.received()
    assert (item["verdict"], item["status"]) == ("fault: reset", None)
    assert client.get("/counter/api").json() == {"handled": 1}


def test_slow_waits_and_then_answers(client: Client) -> None:
    client.arm("slow", params={"seconds": 0.2})
    started = time.monotonic()
    assert client.get("/counter/api").json() == {"handled": 1}
    assert time.monotonic() - started >= 0.2


def test_timeout_after_handles_the_request_and_then_holds_the_answer(client: Client) -> None:
    client.arm("timeout_after", params={"seconds": 30})
    with pytest.raises(requests.ReadTimeout):
        client.get("/counter/api", timeout=0.2)
    assert [item["verdict"] for item in until(client.received, what="the request")] == ["accepted"]
    assert client.get("/counter/api").json() == {"handled": 2}


def test_a_slow_platform_does_not_slow_another(client: Client) -> None:
    client.arm("timeout_after", params={"seconds": 30})
    with pytest.raises(requests.ReadTimeout):
        client.get("/counter/api", timeout=0.1)
    until(client.received, what="the request")
    started = time.monotonic()
    assert client.get("/plain/api").text == "yes /api"
    assert time.monotonic() - started < 20


def test_count_says_how_often(client: Client) -> None:
    client.arm("http_500", count=2)
    assert [client.get("/counter/api").status_code for _ in range(3)] == [500, 500, 200]


def test_null_means_until_disarmed(client: Client) -> None:
    client.arm("http_500", count=None)
    assert [client.get("/counter/api").status_code for _ in range(3)] == [500] * 3
    assert client.call("DELETE", "/_sandbox/faults").status_code == 204
    assert client.get("/counter/api").status_code == 200
    assert len(client.received()) == 4


def test_a_match_limits_the_path(client: Client) -> None:
    client.arm("http_500", match={"path_contains": "/events"})
    assert client.get("/counter/api/users").status_code == 200
    assert client.get("/counter/api/events").status_code == 500


def test_faults_of_one_platform_leave_the_others_alone(client: Client) -> None:
    client.arm("http_500")
    assert client.get("/plain/api").status_code == 200


def test_faults_are_played_in_the_order_they_were_armed(client: Client) -> None:
    client.arm("html_502")
    client.arm("http_500")
    assert [client.get("/counter/api").status_code for _ in range(3)] == [502, 500, 200]


def test_a_platform_plays_its_own_faults_and_says_which_requests_they_are_for(client: Client) -> None:
    client.arm("busy", params={"why": "full house"})
    assert client.get("/counter/api/free").status_code == 200
    answer = client.get("/counter/api/busy")
    assert (answer.status_code, answer.json()) == (429, {"busy": "full house"})
    assert client.get("/counter/api/busy").status_code == 200
    assert client.received()[1]["verdict"] == "fault: busy"


def test_a_mistake_in_a_fault_is_a_500_and_recorded(client: Client) -> None:
    client.arm("broken")
    assert client.get("/counter/api").status_code == 500
    assert client.received()[0]["verdict"] == "sandbox error: ZeroDivisionError"


def test_armed_faults_are_listed(client: Client) -> None:
    answer = client.arm("slow", count=3, params={"seconds": 0}, match={"path_contains": "/x"})
    assert answer.status_code == 201
    client.get("/counter/api/x")
    [item] = client.get("/_sandbox/faults").json()["items"]
    assert item == answer.json() | {"remaining": 2}
    assert item | {"id": 0} == {
        "id": 0,
        "platform": "counter",
        "kind": "slow",
        "remaining": 2,
        "params": {"seconds": 0},
        "match": {"path_contains": "/x"},
    }


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        ([], "JSON object"),
        ({"platform": "unknown", "kind": "slow"}, "unknown platform 'unknown'; served here: counter, plain"),
        ({"platform": "counter", "kind": "odd"}, "plays: http_500, html_502, slow, reset, timeout_after, busy"),
        ({"platform": "plain", "kind": "busy"}, "unknown kind 'busy'"),
        ({"kind": "slow"}, "unknown platform None"),
        ({"platform": "plain", "kind": "slow", "times": 2}, "unknown field 'times'"),
        ({"platform": "plain", "kind": "slow", "count": 0}, "count"),
        ({"platform": "plain", "kind": "slow", "count": True}, "count"),
        ({"platform": "plain", "kind": "slow", "count": "2"}, "count"),
        ({"platform": "plain", "kind": "slow", "params": [1]}, "params"),
        ({"platform": "plain", "kind": "slow", "params": {"seconds": "1"}}, "seconds"),
        ({"platform": "plain", "kind": "slow", "params": {"seconds": 301}}, "300"),
        ({"platform": "plain", "kind": "slow", "match": {"path": "/x"}}, "path_contains"),
        ({"platform": "plain", "kind": "slow", "match": {"path_contains": 5}}, "path_contains"),
    ],
)
def test_wishes_that_make_no_sense_are_refused_with_what_does(client: Client, wish: Any, words: str) -> None:
    answer = client.call("POST", "/_sandbox/faults", json=wish)
    assert answer.status_code == 400
    assert words in answer.json()["detail"]
    assert client.get("/_sandbox/faults").json() == {"items": []}


def test_a_wish_that_is_no_json_is_refused(client: Client) -> None:
    answer = client.call("POST", "/_sandbox/faults", data=b"{")
    assert (answer.status_code, answer.json()["detail"]) == (400, "the body must be JSON")
