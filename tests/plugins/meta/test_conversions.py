"""The event builder: one golden payload, then one rule at a time."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from adrail import Item, RawIdentifier, UserData
from plugins.meta.conversions import EVENT_NAMES, build_event, to_json
from tests.plugins.meta.factories import BUYER, NOW, conversion


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def test_golden_purchase() -> None:
    assert build_event(conversion()) == {
        "event_name": "Purchase",
        "event_time": 1795190591,
        "event_id": "6f1c3d0e-8a51-5b0e-9d0c-0d9a2f6f5a11",
        "action_source": "website",
        "event_source_url": "https://tickets.example/thank-you?order=A-1001",
        "user_data": {
            "em": [sha256("john_smith@gmail.com")],
            "ph": [sha256("40722123456")],
            "fn": [sha256("valéry")],
            "ln": [sha256("obrienpopescu")],
            "ct": [sha256("clujnapoca")],
            "country": [sha256("ro")],
            "external_id": [sha256("c-7")],
            "client_ip_address": "203.0.113.7",
            "client_user_agent": "Mozilla/5.0 (X11; Linux x86_64)",
            "fbc": "fb.1.1795190591250.IwAR0aBcDeF",
            "fbp": "fb.1.1558571054389.1098115397",
        },
        "custom_data": {
            "value": Decimal("240.10"),
            "currency": "RON",
            "order_id": "A-1001",
            "content_type": "product",
            "content_ids": ["tt-1", "tt-2"],
            "contents": [
                {"id": "tt-1", "quantity": 2, "item_price": Decimal("100.05")},
                {"id": "tt-2", "quantity": 1, "item_price": Decimal("40.00")},
            ],
            "num_items": 3,
        },
    }


def test_search_carries_its_text_and_nothing_of_a_purchase() -> None:
    search = conversion(
        canonical="search_performed", search_string="jazz cluj", value=None, currency=None, order_id=None, items=()
    )
    event = build_event(search)
    assert event["event_name"] == "Search"
    assert event["custom_data"] == {"search_string": "jazz cluj"}


def test_a_live_event_without_a_price_is_still_content() -> None:
    event = build_event(conversion(canonical="event_view", items=(Item("ev-9", "ev-9", 1),), value=None, currency=None))
    assert event["event_name"] == "ViewContent"
    assert event["custom_data"]["contents"] == [{"id": "ev-9", "quantity": 1}]


@pytest.mark.parametrize(
    ("source", "expected"),
    [("website", "website"), ("app", "app"), ("offline", "physical_store"), ("system", "system_generated")],
)
def test_action_sources(source: str, expected: str) -> None:
    assert build_event(conversion(action_source=source))["action_source"] == expected


def test_every_server_event_has_metas_name() -> None:
    names = {canonical: build_event(conversion(canonical=canonical))["event_name"] for canonical in EVENT_NAMES}
    assert names == dict(EVENT_NAMES)


def test_a_cookie_of_the_click_goes_before_the_bare_click_id() -> None:
    cookie = "fb.1.1554763741205.FromCookie"
    user = replace(BUYER, click_ids={"fbc": cookie, "fbclid": "FromUrl"})
    assert build_event(conversion(user=user))["user_data"]["fbc"] == cookie


def test_without_advanced_matching_nothing_about_the_person_leaves() -> None:
    data = build_event(conversion(), advanced_matching=False)["user_data"]
    assert set(data) == {"client_ip_address", "client_user_agent", "fbc", "fbp"}


def test_unusable_identifiers_are_left_out() -> None:
    user = UserData(
        email=RawIdentifier("not an address"),
        phone=RawIdentifier("0722 123 456"),  # national, and no region says which nation's
        client_ip=RawIdentifier("unknown"),
        user_agent=RawIdentifier("Mozilla/5.0"),
        country="Romania",
        click_ids={"fbp": "x"},
    )
    assert build_event(conversion(user=user))["user_data"] == {"client_user_agent": "Mozilla/5.0"}


def test_a_national_number_is_read_by_country_when_no_region_is_known() -> None:
    user = UserData(phone=RawIdentifier("0722 123 456"), country="RO")
    assert build_event(conversion(user=user))["user_data"]["ph"] == [sha256("40722123456")]


def test_custom_parameters_never_replace_metas_own() -> None:
    event = build_event(conversion(custom_params={"campaign": "autumn", "vip": True, "currency": "EUR"}))
    assert event["custom_data"]["currency"] == "RON"
    assert event["custom_data"]["campaign"] == "autumn"
    assert event["custom_data"]["vip"] is True


def test_time_is_whole_seconds_whatever_the_fraction() -> None:
    early, late = build_event(conversion()), build_event(conversion(occurred_at=NOW + timedelta(milliseconds=700)))
    assert early["event_time"] == late["event_time"] == 1795190591


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
    wire = to_json(build_event(conversion(value=value, currency=currency)))
    assert f'"value":{text},' in wire
    assert json.loads(wire, parse_float=Decimal)["custom_data"]["value"] == value


@pytest.mark.parametrize(
    "value", [None, True, 3, 'ș " \\ \u2028 </script>', [], {}, {"a": [1, {"b": None}]}, ["x", ["y"]]]
)
def test_wire_text_reads_back_as_what_it_was(value: Any) -> None:
    assert json.loads(to_json(value)) == value
