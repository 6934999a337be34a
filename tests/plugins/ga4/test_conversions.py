"""The request builder: one golden payload, then one rule at a time."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from adrail import Item, RawIdentifier, UserData
from plugins.ga4.conversions import EVENT_NAMES, build_request
from plugins.ga4.encoding import to_json
from tests.plugins.ga4.factories import ANALYTICS, BUYER, CLIENT, NOW, conversion


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def params(**changes: Any) -> dict[str, Any]:
    found: dict[str, Any] = build_request(conversion(**changes))["events"][0]["params"]
    return found


def test_golden_purchase() -> None:
    assert build_request(conversion(), user_provided_data=True) == {
        "client_id": CLIENT,
        "user_id": sha256("c-7"),
        "user_data": {
            "sha256_email_address": [sha256("anamaria@gmail.com")],
            "sha256_phone_number": [sha256("+40722123456")],
        },
        "timestamp_micros": 1795190591250000,
        "consent": {"ad_user_data": "GRANTED", "ad_personalization": "GRANTED"},
        "events": [
            {
                "name": "purchase",
                "params": {
                    "session_id": "1795190400",
                    "engagement_time_msec": 1,
                    "event_id": "6f1c3d0e-8a51-5b0e-9d0c-0d9a2f6f5a11",
                    "page_location": "https://tickets.example/thank-you?order=A-1001",
                    "transaction_id": "A-1001",
                    "value": Decimal("240.10"),
                    "currency": "RON",
                    "items": [
                        {"item_id": "tt-1", "price": Decimal("100.05"), "quantity": 2},
                        {"item_id": "tt-2", "price": Decimal("40.00"), "quantity": 1},
                    ],
                },
            }
        ],
    }


def test_search_carries_its_text_and_nothing_of_a_purchase() -> None:
    search = params(
        canonical="search_performed", search_string="jazz cluj", value=None, currency=None, order_id="A-1", items=()
    )
    assert search["search_term"] == "jazz cluj"
    assert not {"transaction_id", "value", "currency", "items"} & set(search)


def test_a_live_event_without_a_price_is_still_an_item() -> None:
    view = params(canonical="event_view", items=(Item("ev-9", "ev-9", 1),), value=None, currency=None)
    assert view["items"] == [{"item_id": "ev-9", "quantity": 1}]


def test_every_server_event_has_googles_name() -> None:
    names = {name: build_request(conversion(canonical=name))["events"][0]["name"] for name in EVENT_NAMES}
    assert names == {
        "event_view": "view_item",
        "search_performed": "search",
        "add_to_cart": "add_to_cart",
        "checkout_started": "begin_checkout",
        "payment_method_selected": "add_payment_info",
        "order_completed": "purchase",
    }


def test_a_purchase_without_an_order_number_is_known_by_its_event_id() -> None:
    assert params(order_id=None)["transaction_id"] == "6f1c3d0e-8a51-5b0e-9d0c-0d9a2f6f5a11"


def test_the_person_stays_out_unless_switched_on() -> None:
    body = build_request(conversion())
    assert not {"user_id", "user_data"} & set(body)


def test_analytics_alone_denies_advertising_and_the_person() -> None:
    body = build_request(conversion(consent=ANALYTICS), user_provided_data=True)
    assert body["consent"] == {"ad_user_data": "DENIED", "ad_personalization": "DENIED"}
    assert not {"user_id", "user_data"} & set(body)


def test_a_user_id_needs_something_to_go_with() -> None:
    user = UserData(external_id=RawIdentifier("c-7"), email=RawIdentifier("no address"))
    assert not {"user_id", "user_data"} & set(build_request(conversion(user=user), user_provided_data=True))


def test_names_addresses_and_devices_never_leave() -> None:
    text = to_json(build_request(conversion(), user_provided_data=True))
    hashes = [sha256("ana"), sha256("popescu")]
    assert [part for part in ("203.0.113.7", "Mozilla", "Cluj", "Cj0KCQ", *hashes) if part in text] == []


def test_debug_view_marks_the_event() -> None:
    assert build_request(conversion(), debug_view=True)["events"][0]["params"]["debug_mode"] == 1
    assert "debug_mode" not in params()


def test_custom_parameters_fit_googles_rules() -> None:
    custom = {
        "campaign": "autumn",
        "vip": True,
        "row": 7,
        "note": "x" * 150,
        "blank": "  ",
        "currency": "EUR",
        "ga_session": "no",
        "firebase_x": "no",
        "google_x": "no",
        "gtag_x": "no",
        "_x": "no",
        "9x": "no",
        "x" * 41: "no",
    }
    found = params(custom_params=custom)
    assert {name: found[name] for name in ("campaign", "vip", "row", "note", "currency")} == {
        "campaign": "autumn",
        "vip": "true",
        "row": 7,
        "note": "x" * 100,
        "currency": "RON",
    }
    assert "no" not in found.values()
    assert "blank" not in found


def test_an_event_has_at_most_25_parameters_and_its_own_come_first() -> None:
    found = params(custom_params={f"custom_{number}": number for number in range(30)})
    assert len(found) == 25
    assert {"transaction_id", "value", "items", "custom_0"} <= set(found)


def test_texts_are_cut_to_what_google_takes() -> None:
    found = params(
        order_id="A" * 150,
        search_string="s" * 150,
        source_url="https://tickets.example/" + "p" * 2000,
        items=(Item("i" * 150, "ev-9", 1, Decimal(1)),) * 201,
    )
    assert [len(found[name]) for name in ("transaction_id", "search_term", "page_location", "items")] == [
        100,
        100,
        1000,
        200,
    ]
    assert len(found["items"][0]["item_id"]) == 100


def test_time_is_in_microseconds_and_exact() -> None:
    moment = NOW.replace(microsecond=123_457)
    assert build_request(conversion(occurred_at=moment))["timestamp_micros"] == 1795190591123457
    later = build_request(conversion(occurred_at=moment + timedelta(microseconds=1)))
    assert later["timestamp_micros"] == 1795190591123458


@pytest.mark.parametrize(
    ("value", "currency", "text"),
    [
        (Decimal("100.10"), "RON", "100.10"),
        (Decimal(1500), "JPY", "1500"),
        (Decimal("1E+3"), "JPY", "1000"),
        (Decimal("12.345"), "KWD", "12.345"),
        (Decimal(0), "EUR", "0"),
        (Decimal("9007199254740993.07"), "IDR", "9007199254740993.07"),
    ],
)
def test_amounts_keep_every_digit_on_the_wire(value: Decimal, currency: str, text: str) -> None:
    wire = to_json(build_request(conversion(value=value, currency=currency)))
    assert f'"value":{text},' in wire
    assert json.loads(wire, parse_float=Decimal)["events"][0]["params"]["value"] == value


@pytest.mark.parametrize(
    "value", [None, True, 3, 'ș " \\ \u2028 </script>', [], {}, {"a": [1, {"b": None}]}, ["x", ["y"]]]
)
def test_wire_text_reads_back_as_what_it_was(value: Any) -> None:
    assert json.loads(to_json(value)) == value


def test_a_person_nobody_knows_is_still_an_event() -> None:
    body = build_request(conversion(user=UserData()), user_provided_data=True)
    assert body["client_id"]
    assert "user_data" not in body


def test_half_a_character_breaks_nothing() -> None:
    user = replace(BUYER, external_id=RawIdentifier("c\ud800"), email=RawIdentifier("a\ud800@b.ro"), click_ids={})
    wire = to_json(build_request(conversion(user=user, order_id="A\ud800"), user_provided_data=True))
    assert wire.encode()
