"""The emulator's strictness at wire level, spoken to by hand so that our builder cannot hide a mistake."""

from __future__ import annotations

import json
from copy import deepcopy
from datetime import timedelta
from typing import Any

import pytest
import requests

from tests.plugins.meta.conftest import Sandbox
from tests.plugins.meta.factories import NOW, PIXEL, TOKEN

EMAIL_HASH = "309a0a5c3e211326ae75ca18196d301a9bdbd1a882a4d2569511033da23f0abd"
# The sample request of developers.facebook.com, Conversions API, «Using the API», with a current time.
VENDOR_SAMPLE: dict[str, Any] = {
    "event_name": "Purchase",
    "event_time": int(NOW.timestamp()) - 60,
    "user_data": {
        "em": [EMAIL_HASH],
        "ph": [
            "254aa248acb47dd654ca3ea53f48c2c26d641d23d7e2e93a1ec56258df7674c4",
            "6f4fcb9deaeadc8f9746ae76d97ce1239e98b404efe5da3ee0b7149740f89ad6",
        ],
        "client_ip_address": "123.123.123.123",
        "client_user_agent": "$CLIENT_USER_AGENT",
        "fbc": "fb.1.1554763741205.AbCdEfGhIjKlMnOpQrStUvWxYz1234567890",
        "fbp": "fb.1.1558571054389.1098115397",
    },
    "custom_data": {
        "currency": "usd",
        "value": 123.45,
        "contents": [{"id": "product123", "quantity": 1, "delivery_category": "home_delivery"}],
    },
    "event_source_url": "http://jaspers-market.com/product/123",
    "action_source": "website",
}
REMOVED = object()


def changed(**changes: Any) -> dict[str, Any]:
    """Return the sample with values changed by path: ``user_data__em`` is ``user_data.em``."""
    event = deepcopy(VENDOR_SAMPLE)
    for path, value in changes.items():
        *parents, last = path.split("__")
        target = event
        for parent in parents:
            target = target[parent]
        if value is REMOVED:
            del target[last]
        else:
            target[last] = value
    return event


def send(sandbox: Sandbox, *events: Any, path: str = f"/v26.0/{PIXEL}/events", **fields: Any) -> requests.Response:
    return sandbox.post(path, data={"data": json.dumps(events), "access_token": TOKEN, **fields})


def error_of(answer: requests.Response) -> dict[str, Any]:
    error: dict[str, Any] = answer.json()["error"]
    assert {"message", "type", "code", "fbtrace_id"} <= set(error)
    return error


def test_the_vendors_own_sample_is_accepted(sandbox: Sandbox) -> None:
    answer = send(sandbox, VENDOR_SAMPLE)
    assert answer.status_code == 200
    assert answer.json() | {"fbtrace_id": ""} == {"events_received": 1, "messages": [], "fbtrace_id": ""}
    assert {"x-app-usage", "x-business-use-case-usage"} <= {name.lower() for name in answer.headers}


@pytest.mark.parametrize(
    "event",
    [
        changed(custom_data__value="142.52"),
        changed(user_data__ph=None),
        changed(user_data__em=EMAIL_HASH),
        changed(event_name="PageView", custom_data=REMOVED),
        changed(event_time=int((NOW - timedelta(days=6, hours=23)).timestamp())),
        changed(action_source="physical_store", event_time=int((NOW - timedelta(days=60)).timestamp())),
        changed(action_source="system_generated", event_source_url=REMOVED, user_data={"em": [EMAIL_HASH]}),
        changed(unheard_of="ignored"),
    ],
)
def test_documented_variants_are_accepted(sandbox: Sandbox, event: dict[str, Any]) -> None:
    answer = send(sandbox, event)
    assert answer.json().get("events_received") == 1, answer.text


@pytest.mark.parametrize(
    ("event", "field"),
    [
        (changed(event_name=REMOVED), "event_name"),
        (changed(event_name=" "), "event_name"),
        (changed(event_time=REMOVED), "event_time"),
        (changed(event_time="1795190000"), "event_time"),
        (changed(event_time=True), "event_time"),
        (changed(event_time=1795190000.5), "event_time"),
        (changed(event_time=1795190000000), "event_time"),
        (changed(event_id=5), "event_id"),
        (changed(action_source=REMOVED), "action_source"),
        (changed(action_source="web"), "action_source"),
        (changed(action_source="app"), "app_data"),
        (changed(user_data=REMOVED), "user_data"),
        (changed(user_data={}), "user_data"),
        (changed(user_data="x"), "user_data"),
        (changed(user_data__client_user_agent=REMOVED), "user_data.client_user_agent"),
        (changed(event_source_url=REMOVED), "event_source_url"),
        (changed(event_source_url="tickets.example"), "event_source_url"),
        (changed(user_data__em=["john@example.com"]), "user_data.em"),
        (changed(user_data__em=[EMAIL_HASH.upper()]), "user_data.em"),
        (changed(user_data__em=[EMAIL_HASH[:32]]), "user_data.em"),
        (changed(user_data__em=[5]), "user_data.em"),
        (changed(user_data__ph=["+16505551212"]), "user_data.ph"),
        (changed(user_data__fn="mary"), "user_data.fn"),
        (changed(user_data__country=["ro"]), "user_data.country"),
        (changed(user_data__external_id=[""]), "user_data.external_id"),
        (changed(user_data__client_ip_address=EMAIL_HASH), "user_data.client_ip_address"),
        (changed(user_data__client_ip_address="localhost"), "user_data.client_ip_address"),
        (changed(user_data__client_user_agent=EMAIL_HASH), "user_data.client_user_agent"),
        (changed(user_data__fbc="AbCdEf"), "user_data.fbc"),
        (changed(user_data__fbp=EMAIL_HASH), "user_data.fbp"),
        (changed(user_data__fbp=5), "user_data.fbp"),
        (changed(custom_data=REMOVED), "custom_data.value"),
        (changed(custom_data="x"), "custom_data"),
        (changed(custom_data__value=REMOVED), "custom_data.value"),
        (changed(custom_data__value=-1), "custom_data.value"),
        (changed(custom_data__value="a lot"), "custom_data.value"),
        (changed(custom_data__value=True), "custom_data.value"),
        (changed(custom_data__currency=REMOVED), "custom_data.currency"),
        (changed(custom_data__currency="XYZ"), "custom_data.currency"),
        (changed(custom_data__currency="lei"), "custom_data.currency"),
        (changed(custom_data__content_ids="product123"), "custom_data.content_ids"),
        (changed(custom_data__contents=["product123"]), "custom_data.contents"),
        (changed(custom_data__contents=[{"quantity": 1}]), "custom_data.contents"),
        (changed(custom_data__contents=[{"id": "x", "item_price": "free"}]), "custom_data.contents"),
    ],
)
def test_one_bad_event_refuses_the_request_and_is_blamed(sandbox: Sandbox, event: Any, field: str) -> None:
    answer = send(sandbox, VENDOR_SAMPLE, event)
    error = error_of(answer)
    assert (answer.status_code, error["code"]) == (400, 100)
    assert error["error_data"]["blame_field_specs"] == [["data[1]", *field.split(".")]]
    assert error["error_user_msg"]
    [record] = sandbox.received()
    assert record["verdict"].startswith(f"rejected: data[1].{field}: ")


@pytest.mark.parametrize(
    ("event", "subcode"),
    [
        (changed(event_time=int((NOW - timedelta(days=7, seconds=1)).timestamp())), 2804003),
        (
            changed(action_source="physical_store", event_time=int((NOW - timedelta(days=63)).timestamp())),
            2804003,
        ),
        (changed(user_data={"client_user_agent": "UA"}), 2804050),
        (changed(user_data={"client_user_agent": "UA", "ct": [EMAIL_HASH], "country": [EMAIL_HASH]}), 2804050),
        (changed(user_data={"client_user_agent": "UA", "db": [EMAIL_HASH]}), 2804050),
        (changed(user_data={"client_user_agent": "UA", "em": []}), 2804050),
    ],
)
def test_age_and_thin_data_are_refused_without_blame(sandbox: Sandbox, event: Any, subcode: int) -> None:
    error = error_of(send(sandbox, VENDOR_SAMPLE, event))
    assert (error["code"], error["error_subcode"]) == (100, subcode)
    assert "error_data" not in error


def test_an_event_of_the_future_is_refused(sandbox: Sandbox) -> None:
    answer = send(sandbox, changed(event_time=int((NOW + timedelta(minutes=6)).timestamp())))
    assert error_of(answer)["error_user_title"] == "Event time in the future"


@pytest.mark.parametrize(
    ("data", "status"), [("[]", 400), ("", 400), ("not json", 400), ('{"a":1}', 400), ("[5]", 400)]
)
def test_data_must_be_a_list_of_objects(sandbox: Sandbox, data: str, status: int) -> None:
    answer = sandbox.post(f"/v26.0/{PIXEL}/events", data={"data": data, "access_token": TOKEN})
    assert (answer.status_code, error_of(answer)["code"]) == (status, 100)


def test_a_thousand_and_one_are_too_many(sandbox: Sandbox) -> None:
    answer = send(sandbox, *[VENDOR_SAMPLE] * 1001)
    assert "1001" in error_of(answer)["message"]


def test_events_may_be_json_texts_or_objects_in_a_form_or_in_json(sandbox: Sandbox) -> None:
    path = f"/v26.0/{PIXEL}/events"
    as_texts = json.dumps([json.dumps(VENDOR_SAMPLE)])
    header = {"Authorization": f"Bearer {TOKEN}"}
    answers = [
        sandbox.post(path, data={"data": as_texts}, headers=header),
        sandbox.post(path, json={"data": [VENDOR_SAMPLE]}, headers=header),
        sandbox.post(path, json={"data": [VENDOR_SAMPLE], "access_token": TOKEN}),
        sandbox.post(path, json={"data": [VENDOR_SAMPLE]}, params={"access_token": TOKEN}),
    ]
    assert [answer.status_code for answer in answers] == [200] * 4
    assert all(item["body"]["data"] == [VENDOR_SAMPLE] for item in sandbox.received())


@pytest.mark.parametrize(
    ("token", "message"),
    [("", "An access token is required to request this resource."), ("short", "Invalid OAuth access token")],
)
def test_a_token_is_required(sandbox: Sandbox, token: str, message: str) -> None:
    answer = sandbox.post(f"/v26.0/{PIXEL}/events", data={"data": "[]", "access_token": token})
    assert answer.status_code == 401
    error = error_of(answer)
    assert error["code"] == 190
    assert error["message"].startswith(message)


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/26.0/123456789012345/events", 2500),
        ("/v26/123456789012345/events", 2500),
        ("/v26.0/123456789012345/events/more", 2500),
        ("/v9.0/123456789012345/events", 2635),
        ("/v26.0/act_5/events", 100),
        ("/v26.0/123456789012345", 100),
    ],
)
def test_paths_that_do_not_exist(sandbox: Sandbox, path: str, code: int) -> None:
    assert error_of(send(sandbox, VENDOR_SAMPLE, path=path))["code"] == code


@pytest.mark.parametrize(
    ("fields", "field"),
    [({"test_event_code": "no code!"}, "test_event_code"), ({"partner_agent": "x" * 23}, "partner_agent")],
)
def test_request_fields_are_checked(sandbox: Sandbox, fields: dict[str, str], field: str) -> None:
    error = error_of(send(sandbox, VENDOR_SAMPLE, **fields))
    assert error["error_data"]["blame_field_specs"] == [[field]]


def test_test_codes_are_noted(sandbox: Sandbox) -> None:
    assert send(sandbox, VENDOR_SAMPLE, test_event_code="TEST12345").status_code == 200
    assert sandbox.received()[0]["notes"]["test"] is True


def test_duplicates_are_told_by_pixel_name_and_id(sandbox: Sandbox) -> None:
    event, other = changed(event_id="e1"), changed(event_id="e1", event_name="AddToCart")
    send(sandbox, event, other)
    send(sandbox, event)
    send(sandbox, event, path="/v26.0/999999999999999/events")
    send(sandbox, VENDOR_SAMPLE, VENDOR_SAMPLE)
    assert [item["notes"]["duplicates"] for item in sandbox.received()] == [0, 1, 0, 0]


def test_expired_tokens_can_be_told_apart(sandbox: Sandbox) -> None:
    sandbox.arm("expired_token", count=None, params={"token_suffix": "1234"})
    fresh = "EAAfreshtoken0000005678"
    path = f"/api/v26.0/{PIXEL}"
    assert sandbox.get(path, params={"access_token": TOKEN}).json()["error"]["error_subcode"] == 463
    assert sandbox.get(path, params={"access_token": fresh}).json()["id"] == PIXEL
    assert sandbox.get(path, params={"access_token": TOKEN}).status_code == 401


def test_the_browser_script_is_served_to_any_origin(sandbox: Sandbox) -> None:
    answer = sandbox.get("/script/en_US/fbevents.js")
    assert answer.headers["Content-Type"].startswith("text/javascript")
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "trackSingle" in answer.text


def test_browser_hits_are_recorded_and_count_for_deduplication(sandbox: Sandbox) -> None:
    query = {"id": PIXEL, "ev": "Purchase", "eid": "e1", "cd[value]": "240.1", "cd[currency]": "RON"}
    answer = sandbox.get("/script/tr", params=query)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "image/gif")
    send(sandbox, changed(event_id="e1"))
    hit, copy = sandbox.received()
    assert (hit["verdict"], hit["query"]) == ("browser hit", query)
    assert copy["notes"]["duplicates"] == 1


def test_a_hit_without_pixel_is_refused(sandbox: Sandbox) -> None:
    assert sandbox.get("/script/tr", params={"ev": "Purchase"}).status_code == 400
    assert sandbox.received()[0]["verdict"].startswith("rejected")


def test_faults_of_the_api_leave_the_browser_alone(sandbox: Sandbox) -> None:
    sandbox.arm("expired_token", count=None)
    assert sandbox.get("/script/tr", params={"id": PIXEL, "ev": "PageView"}).status_code == 200
