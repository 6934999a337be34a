"""The emulator's strictness at wire level, spoken to by hand so that our builder cannot hide a mistake."""

from __future__ import annotations

from copy import deepcopy
from datetime import timedelta
from typing import Any

import pytest

from tests.plugins.ga4.conftest import Sandbox
from tests.plugins.ga4.factories import NOW, SECRET, STREAM

# After the purchase sample of developers.google.com, Measurement Protocol, events, with a client id in Google's form.
SAMPLE: dict[str, Any] = {
    "client_id": "1098115397.1795100000",
    "events": [
        {
            "name": "purchase",
            "params": {
                "currency": "USD",
                "value": 30.03,
                "transaction_id": "T_12345",
                "coupon": "SUMMER_FUN",
                "shipping": 3.33,
                "tax": 1.11,
                "items": [
                    {
                        "item_id": "SKU_12345",
                        "item_name": "Stan and Friends Tee",
                        "affiliation": "Google Merchandise Store",
                        "price": 10.01,
                        "quantity": 3,
                    }
                ],
            },
        }
    ],
}
REMOVED = object()
MICROS = int(NOW.timestamp()) * 1_000_000
HASH = "88d7ecb5c5b21d7b1e2f3a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f"


def changed(**changes: Any) -> dict[str, Any]:
    """Return the sample with values changed by path; ``p__value`` is the event's parameter ``value``."""
    body = deepcopy(SAMPLE)
    for path, value in changes.items():
        target, name = body, path
        if path.startswith("p__"):
            target, name = body["events"][0]["params"], path[3:]
        elif path.startswith("e__"):
            target, name = body["events"][0], path[3:]
        elif path.startswith("i__"):
            target, name = body["events"][0]["params"]["items"][0], path[3:]
        if value is REMOVED:
            del target[name]
        else:
            target[name] = value
    return body


def validate(sandbox: Sandbox, body: Any, *, strict: bool = True) -> list[dict[str, str]]:
    """Return what the validation server says."""
    if isinstance(body, dict) and strict:
        body = {**body, "validation_behavior": "ENFORCE_RECOMMENDATIONS"}
    answer = sandbox.post("/debug/mp/collect", body)
    assert answer.status_code == 200
    messages: list[dict[str, str]] = answer.json()["validationMessages"]
    return messages


def test_the_documented_sample_is_taken(sandbox: Sandbox) -> None:
    answer = sandbox.post("/mp/collect", SAMPLE)
    assert (answer.status_code, answer.content) == (204, b"")
    assert sandbox.received()[0]["notes"] == {"events": 1, "duplicates": 0, "messages": []}
    assert validate(sandbox, SAMPLE) == []


@pytest.mark.parametrize(
    "body",
    [
        changed(timestamp_micros=MICROS),
        changed(timestamp_micros=str(MICROS)),
        changed(timestamp_micros=MICROS - (72 * 3600 - 1) * 1_000_000),
        changed(user_id="c-7", user_properties={"tier": {"value": "gold"}}),
        changed(user_data={"sha256_email_address": [HASH], "address": [{"sha256_first_name": HASH, "country": "RO"}]}),
        changed(consent={"ad_user_data": "GRANTED", "ad_personalization": "DENIED"}),
        changed(p__session_id="123", p__engagement_time_msec=1),
        changed(p__page_location="https://tickets.example/" + "x" * 900),
        changed(p__items=REMOVED),
        changed(e__name="my_event", p__value=REMOVED, p__currency=REMOVED),
        changed(ip_override="203.0.113.7", user_agent="Mozilla/5.0"),
    ],
)
def test_documented_variants_are_taken(sandbox: Sandbox, body: dict[str, Any]) -> None:
    sandbox.post("/mp/collect", body)
    assert sandbox.received()[0]["verdict"] == "accepted"


@pytest.mark.parametrize(
    ("body", "path", "code"),
    [
        (changed(client_id=REMOVED), "client_id", "VALUE_REQUIRED"),
        (changed(client_id=""), "client_id", "VALUE_REQUIRED"),
        (changed(client_id=5), "client_id", "VALUE_REQUIRED"),
        (changed(client_id="5d1a6c0e-8a51"), "client_id", "VALUE_INVALID"),
        (changed(events=REMOVED), "events", "VALUE_REQUIRED"),
        (changed(events=[]), "events", "VALUE_REQUIRED"),
        (changed(events={}), "events", "VALUE_REQUIRED"),
        (changed(events=SAMPLE["events"] * 26), "events", "EXCEEDED_MAX_ENTITIES"),
        (changed(events=["purchase"]), None, "VALUE_INVALID"),
        (changed(e__names="purchase"), None, "VALUE_INVALID"),
        (changed(measurement="G-1"), None, "VALUE_INVALID"),
        (changed(e__name=REMOVED), "events[0].name", "VALUE_REQUIRED"),
        (changed(e__name="_badEventName"), "events", "NAME_INVALID"),
        (changed(e__name="9lives"), "events", "NAME_INVALID"),
        (changed(e__name="add to cart"), "events", "NAME_INVALID"),
        (changed(e__name="x" * 41), "events", "NAME_INVALID"),
        (changed(e__name="session_start"), "events", "NAME_RESERVED"),
        (changed(e__name="ga_thing"), "events", "NAME_RESERVED"),
        (changed(e__params=[]), "events[0].params", "VALUE_INVALID"),
        (changed(e__params={f"p{n}": 1 for n in range(26)}), "events[0].params", "EXCEEDED_MAX_ENTITIES"),
        (changed(**{"p__bad name": 1}), "events[0].params.bad name", "NAME_INVALID"),
        (changed(p__google_x=1), "events[0].params.google_x", "NAME_RESERVED"),
        (changed(p__flag=True), "events[0].params.flag", "VALUE_INVALID"),
        (changed(p__nothing=None), "events[0].params.nothing", "VALUE_INVALID"),
        (changed(p__nested={"a": 1}), "events[0].params.nested", "VALUE_INVALID"),
        (changed(p__note="x" * 101), "events[0].params.note", "VALUE_OUT_OF_BOUNDS"),
        (changed(p__page_location="x" * 1001), "events[0].params.page_location", "VALUE_OUT_OF_BOUNDS"),
        (changed(p__transaction_id=REMOVED), "events[0].params.transaction_id", "VALUE_REQUIRED"),
        (changed(p__value=REMOVED), "events[0].params.value", "VALUE_REQUIRED"),
        (changed(p__value="30.03"), "events[0].params.value", "VALUE_INVALID"),
        (changed(p__currency=REMOVED), "events[0].params.currency", "VALUE_REQUIRED"),
        (changed(p__currency="dollars"), "events[0].params.currency", "VALUE_INVALID"),
        (changed(e__name="add_to_cart", p__currency=REMOVED), "events[0].params.currency", "VALUE_REQUIRED"),
        (changed(p__session_id="abc"), "events[0].params.session_id", "VALUE_INVALID"),
        (changed(p__engagement_time_msec="a while"), "events[0].params.engagement_time_msec", "VALUE_INVALID"),
        (changed(p__items="SKU"), "events[0].params.items", "VALUE_INVALID"),
        (changed(p__items=[{"item_id": "x"}] * 201), "events[0].params.items", "EXCEEDED_MAX_ENTITIES"),
        (changed(p__items=[{"price": 1}]), "events[0].params.items[0]", "VALUE_REQUIRED"),
        (changed(i__price="10.01"), "events[0].params.items[0].price", "VALUE_INVALID"),
        (changed(i__quantity=1.5), "events[0].params.items[0].quantity", "VALUE_INVALID"),
        (changed(i__item_id="x" * 101), "events[0].params.items[0].item_id", "VALUE_OUT_OF_BOUNDS"),
        (
            changed(p__items=[{"item_id": "x", **{f"own{n}": 1 for n in range(11)}}]),
            "events[0].params.items[0]",
            "EXCEEDED_MAX_ENTITIES",
        ),
        (changed(timestamp_micros="soon"), "timestamp_micros", "VALUE_INVALID"),
        (changed(timestamp_micros=True), "timestamp_micros", "VALUE_INVALID"),
        (changed(timestamp_micros=MICROS // 1000), "timestamp_micros", "VALUE_INVALID"),
        (changed(timestamp_micros=MICROS - (72 * 3600 + 1) * 1_000_000), "timestamp_micros", "VALUE_INVALID"),
        (changed(timestamp_micros=MICROS + 3600 * 1_000_000), "timestamp_micros", "VALUE_INVALID"),
        (changed(consent="GRANTED"), "consent", "VALUE_INVALID"),
        (changed(consent={"ad_user_data": "granted"}), "consent.ad_user_data", "VALUE_INVALID"),
        (changed(consent={"ad_storage": "GRANTED"}), "consent.ad_storage", "VALUE_INVALID"),
        (changed(user_id=""), "user_id", "VALUE_INVALID"),
        (changed(user_data=[]), "user_data", "VALUE_INVALID"),
        (changed(user_data={"sha256_email_address": "x"}), "user_data.sha256_email_address", "VALUE_INVALID"),
        (changed(user_data={"sha256_email_address": ["a@b.ro"]}), "user_data.sha256_email_address", "VALUE_INVALID"),
        (changed(user_data={"sha256_phone_number": [HASH.upper()]}), "user_data.sha256_phone_number", "VALUE_INVALID"),
        (
            changed(user_data={"address": [{"sha256_last_name": "x"}]}),
            "user_data.address[0].sha256_last_name",
            "VALUE_INVALID",
        ),
        (changed(user_properties=[]), "user_properties", "VALUE_INVALID"),
        (
            changed(user_properties={f"p{n}": {"value": 1} for n in range(26)}),
            "user_properties",
            "EXCEEDED_MAX_ENTITIES",
        ),
        (changed(user_properties={"x" * 25: {"value": 1}}), f"user_properties.{'x' * 25}", "NAME_INVALID"),
        (changed(user_properties={"tier": {"value": "x" * 37}}), "user_properties.tier", "VALUE_OUT_OF_BOUNDS"),
        ("not an object", None, "VALUE_INVALID"),
    ],
)
def test_mistakes_are_found_and_answered_with_204(sandbox: Sandbox, body: Any, path: str | None, code: str) -> None:
    assert sandbox.post("/mp/collect", body).status_code == 204
    [record] = sandbox.received()
    [message, *_] = record["notes"]["messages"]
    assert (message.get("fieldPath"), message["validationCode"]) == (path, code)
    assert record["verdict"].startswith("rejected: ")
    assert "events" not in record["notes"]
    assert message in validate(sandbox, body)


def test_too_large_a_body_is_found(sandbox: Sandbox) -> None:
    items = [{"item_id": f"{number:03}", "item_name": "x" * 100, **{f"own{n}": "y" * 100 for n in range(8)}}
             for number in range(150)]  # fmt: skip
    sandbox.post("/mp/collect", changed(p__items=items))
    assert sandbox.received()[0]["notes"]["messages"][0]["validationCode"] == "VALUE_OUT_OF_BOUNDS"


@pytest.mark.parametrize(
    "body",
    [changed(client_id="5d1a6c0e"), changed(p__note="x" * 101), changed(p__value="30.03"), changed(p__value=REMOVED)],
)
def test_relaxed_validation_overlooks_what_strict_does_not(sandbox: Sandbox, body: dict[str, Any]) -> None:
    assert validate(sandbox, body, strict=False) == []
    assert validate(sandbox, body) != []


def test_validation_counts_nothing_and_does_not_ask_for_the_secret(sandbox: Sandbox) -> None:
    answer = sandbox.post("/debug/mp/collect", SAMPLE, api_secret="", measurement_id="G-NOSUCH")
    assert answer.json() == {"validationMessages": []}
    sandbox.post("/mp/collect", SAMPLE)
    assert sandbox.received()[1]["notes"]["duplicates"] == 0


@pytest.mark.parametrize(
    ("query", "words"), [({"api_secret": ""}, "api_secret"), ({"measurement_id": "UA-1"}, "measurement_id")]
)
def test_a_wrong_address_is_silent_as_well(sandbox: Sandbox, query: dict[str, str], words: str) -> None:
    assert sandbox.post("/mp/collect", SAMPLE, **query).status_code == 204
    assert sandbox.received()[0]["verdict"].startswith(f"rejected: {words}")


@pytest.mark.parametrize("path", ["/api/mp/collect", "/api/nowhere", "/script/nowhere", "/script/gtag/js", "/"])
def test_paths_that_do_not_exist(sandbox: Sandbox, path: str) -> None:
    assert sandbox.get(path).status_code == 404


def test_a_purchase_counts_once_per_stream_client_and_transaction(sandbox: Sandbox) -> None:
    for body, query in [
        (SAMPLE, {}),
        (SAMPLE, {}),
        (changed(client_id="1.2"), {}),
        (changed(p__transaction_id="T_2"), {}),
        (SAMPLE, {"measurement_id": "G-OTHER12345"}),
    ]:
        sandbox.post("/mp/collect", body, **query)
    assert [item["notes"]["duplicates"] for item in sandbox.received()] == [0, 1, 0, 0, 0]


def test_nothing_but_purchases_is_recognised(sandbox: Sandbox) -> None:
    cart = changed(e__name="add_to_cart")
    sandbox.post("/mp/collect", cart)
    sandbox.post("/mp/collect", cart)
    assert [item["notes"]["duplicates"] for item in sandbox.received()] == [0, 0]


def test_browser_hits_are_recorded_and_count_for_recognition(sandbox: Sandbox) -> None:
    query = {
        "v": "2", "tid": STREAM, "cid": SAMPLE["client_id"], "en": "purchase", "ep.transaction_id": "T_12345",
        "gcs": "G111",
    }  # fmt: skip
    answer = sandbox.get("/script/g/collect", **query)
    assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (204, "*")
    sandbox.post("/mp/collect", SAMPLE)
    hit, copy = sandbox.received()
    assert (hit["verdict"], hit["notes"]) == ("browser hit", {"duplicates": 0, "consent": "G111"})
    assert copy["notes"]["duplicates"] == 1


@pytest.mark.parametrize("missing", ["v", "tid", "cid", "en"])
def test_an_incomplete_hit_is_refused_in_silence(sandbox: Sandbox, missing: str) -> None:
    query = {"v": "2", "tid": STREAM, "cid": "1.1", "en": "page_view"}
    del query[missing]
    assert sandbox.get("/script/g/collect", **query).status_code == 204
    assert sandbox.received()[0]["verdict"].startswith("rejected")


def test_the_tag_is_served_to_any_origin(sandbox: Sandbox) -> None:
    answer = sandbox.get("/script/gtag/js", id=STREAM)
    assert answer.headers["Content-Type"].startswith("text/javascript")
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "google_tag_manager" in answer.text


def test_faults_of_the_api_leave_the_browser_alone(sandbox: Sandbox) -> None:
    sandbox.arm("throttle", count=None)
    assert sandbox.get("/script/gtag/js", id=STREAM).status_code == 200
    answer = sandbox.post("/mp/collect", SAMPLE)
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "30")


def test_the_record_masks_the_secret(sandbox: Sandbox) -> None:
    sandbox.post("/mp/collect", SAMPLE)
    assert SECRET not in str(sandbox.received())
    assert sandbox.received()[0]["query"]["api_secret"] == f"…{SECRET[-4:]}"


def test_the_clock_of_the_sandbox_decides_about_age(sandbox: Sandbox) -> None:
    old = int((NOW - timedelta(hours=73)).timestamp()) * 1_000_000
    assert [item["fieldPath"] for item in validate(sandbox, changed(timestamp_micros=old))] == ["timestamp_micros"]
