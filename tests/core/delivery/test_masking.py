"""Canaries: what people must not see is planted everywhere a plugin could put it, and must not come out."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adrail import ConsentReceipt, Conversion, Credentials, RawIdentifier, UserData
from core.delivery.masking import MAX_MESSAGE, Mask

EMAIL, PHONE, FIRST, LAST = "Canary.Bird@Example.org", "+40 721 555 019", "Filomela", "Privighetoare"
IP, UA = "203.0.113.77", "CanaryBrowser/9.9 (Linux; x86_64)"
TOKEN = "EAAcanaryTOKEN0123456789abcdef"
EXTERNAL, FBP = "customer-canary-000777", "fb.1.1700000000000.1234567890"
CANARIES = (EMAIL, PHONE, FIRST, LAST, IP, UA, TOKEN, EXTERNAL, FBP)
DIGEST = hashlib.sha256(EMAIL.lower().encode()).hexdigest()

USER = UserData(
    email=RawIdentifier(EMAIL),
    phone=RawIdentifier(PHONE),
    first_name=RawIdentifier(FIRST),
    last_name=RawIdentifier(LAST),
    city="Cluj-Napoca",
    country="RO",
    external_id=RawIdentifier(EXTERNAL),
    client_ip=RawIdentifier(IP),
    user_agent=RawIdentifier(UA),
    click_ids={"fbp": FBP},
)
NOW = datetime(2026, 11, 20, tzinfo=UTC)
CONVERSION = Conversion(
    event_id="e-1",
    canonical="order_completed",
    occurred_at=NOW,
    destination_id="1",
    consent=ConsentReceipt("marketing", None, None, NOW),
    user=USER,
)


@pytest.fixture
def mask() -> Mask:
    return Mask([CONVERSION], Credentials({"access_token": TOKEN}))


def leaks(shown: Any) -> list[str]:
    text = json.dumps(shown, ensure_ascii=False).lower()
    return [canary for canary in (*CANARIES, DIGEST) if canary.lower() in text]


def test_a_payload_shows_that_something_was_sent_but_not_what(mask: Mask) -> None:
    shown = mask.payload(
        {
            "event_name": "Purchase",
            "user_data": {
                "em": [DIGEST],
                "client_ip_address": IP,
                "client_user_agent": UA,
                "fbp": FBP,
                "ct": "cluj-napoca",
            },
            "custom_data": {"value": Decimal("240.00"), "currency": "RON", "num_items": 2},
            "event_source_url": f"https://tickets.example/ok?email={EMAIL}&fbclid=abc",
            "access_token": TOKEN,
        }
    )
    assert shown == {
        "event_name": "Purchase",
        "user_data": {
            "em": [f"sha256 …{DIGEST[-4:]}"],
            "client_ip_address": "sent",
            "client_user_agent": "sent",
            "fbp": "…7890",
            "ct": "hidden",
        },
        "custom_data": {"value": "240.00", "currency": "RON", "num_items": 2},
        "event_source_url": "https://tickets.example/ok?…",
        "access_token": "hidden",
    }


@pytest.mark.parametrize("canary", CANARIES)
@pytest.mark.parametrize("frame", ["{}", "before {} after", '{{"x": "{}"}}', "https://x.example/{}?a={}", "{}@{}"])
def test_no_canary_comes_out_of_a_text_whatever_stands_around_it(mask: Mask, canary: str, frame: str) -> None:
    for form in (canary, canary.upper(), canary.lower()):
        assert leaks(mask.text(frame.replace("{}", form))) == []
        assert leaks(mask.message(f"refused: {frame.replace('{}', form)}")) == []


@given(st.recursive(
    st.sampled_from([*CANARIES, DIGEST, 1, None, True, "plain"]),
    lambda deep: st.lists(deep, max_size=4) | st.dictionaries(st.sampled_from(["a", "ip", "token", "em"]), deep),
    max_leaves=20,
))  # fmt: skip
def test_no_canary_comes_out_of_any_structure(payload: Any) -> None:
    assert leaks(Mask([CONVERSION], {"access_token": TOKEN}).payload(payload)) == []


@pytest.mark.parametrize("text", ["who@else.example", "call +49 171 1234567 now", "from 198.51.100.7", "f" * 64])
def test_what_merely_looks_like_an_identifier_is_hidden_too(text: str) -> None:
    shown = Mask([]).text(text)
    assert shown != text
    assert "else.example" not in shown
    assert "1234567" not in shown
    assert "198.51.100.7" not in shown
    assert "f" * 10 not in shown


def test_a_short_name_is_hidden_as_a_value_but_not_inside_other_words() -> None:
    conversion = Conversion(
        "e", "page_view", NOW, "1", CONVERSION.consent, user=UserData(first_name=RawIdentifier("Al"))
    )
    shown = Mask([conversion]).payload({"fn": "al", "title": "Festival"})
    assert shown == {"fn": "hidden", "title": "Festival"}


def test_what_is_no_secret_stays_readable(mask: Mask) -> None:
    payload = {"order_id": "A-1001", "event_id": "0b8f7c1e-9d0a-5f3e-8a51-5b7f0f0f0f0f", "event_time": 1763661791}
    assert mask.payload(payload) == payload


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (f"http://{IP}:8765/demo/checkout", f"http://{IP}:8765/demo/checkout"),
        (f"https://{LAST}-festival.example/{IP}", f"https://{LAST}-festival.example/sent"),
        (f"https://x.example/of/{EMAIL}/next", "https://x.example/of/hidden/next"),
        ("https://x.example/of/who%40else.example/next", "https://x.example/of/hidden/next"),
        (f"https://x.example/{TOKEN}?a=1#{TOKEN}", "https://x.example/hidden?…"),
        (f"https://{TOKEN}.example/", "https://hidden.example/"),
        (f"https://{EMAIL}@x.example/", "https://x.example/"),
    ],
    ids=["own-machine", "name-in-host", "e-mail", "encoded-e-mail", "token", "token-in-host", "user"],
)
def test_an_address_keeps_its_host_and_loses_what_tells_of_a_person(mask: Mask, url: str, shown: str) -> None:
    assert mask.text(url) == shown


@pytest.mark.parametrize(
    ("field", "value", "shown"),
    [
        ("client_id", "1098115397.1795100000", "…0000"),
        ("session_id", "1700000000000", "…0000"),
        ("user_id", "u-1", "hidden"),
        ("client_id", "", ""),
        ("order_id", "1098115397.1795100000", "1098115397.1795100000"),
    ],
    ids=["made-up", "part-of-a-cookie", "short", "empty", "order"],
)
def test_what_recognises_a_visitor_again_is_shortened(mask: Mask, field: str, value: str, shown: str) -> None:
    assert mask.payload({field: value}) == {field: shown}


def test_a_message_fits_on_a_page() -> None:
    assert len(Mask([]).message("word " * 1000)) == MAX_MESSAGE


def test_a_bottomless_payload_ends() -> None:
    bottomless: dict[str, Any] = {}
    bottomless["x"] = bottomless
    assert "…" in json.dumps(Mask([]).payload(bottomless), ensure_ascii=False)
