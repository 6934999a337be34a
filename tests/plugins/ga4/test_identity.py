"""Whom and which visit an event is counted for."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from adrail import RawIdentifier, UserData
from plugins.ga4.identity import client_id, session_id
from tests.plugins.ga4.factories import BUYER, NOW, conversion


def with_clicks(**click_ids: str) -> UserData:
    return replace(BUYER, click_ids=click_ids)


@pytest.mark.parametrize(
    "cookie",
    ["GA1.1.1098115397.1795100000", "GA1.2.1098115397.1795100000", "GA1.2-2.1098115397.1795100000",
     "1098115397.1795100000", " GA1.1.1098115397.1795100000 "],
)  # fmt: skip
def test_the_cookie_says_who_it_was(cookie: str) -> None:
    assert client_id(conversion(user=with_clicks(ga=cookie))) == "1098115397.1795100000"


@pytest.mark.parametrize("cookie", ["", "GA1.1.x.y", "GA1.1.1098115397", "<script>", "GA1.1.1.2.3.4", "amp-abc"])
def test_an_unreadable_cookie_counts_as_none(cookie: str) -> None:
    made = client_id(conversion(user=with_clicks(ga=cookie)))
    assert made == client_id(conversion(user=with_clicks()))
    assert re.fullmatch(r"[1-9][0-9]{0,9}\.[1-9][0-9]{0,9}", made)


def test_without_a_cookie_the_customer_decides() -> None:
    user = with_clicks()
    first = client_id(conversion(user=user))
    assert client_id(conversion(user=user, order_id="A-2", event_id="other")) == first
    assert client_id(conversion(user=replace(user, external_id=RawIdentifier("c-8")))) != first


def test_two_streams_cannot_be_joined_over_a_derived_id() -> None:
    user = with_clicks()
    assert client_id(conversion(user=user)) != client_id(conversion(user=user, destination_id="G-OTHER12345"))


def test_of_nobody_the_order_decides_and_then_the_event() -> None:
    nobody = UserData()
    assert client_id(conversion(user=nobody)) == client_id(conversion(user=nobody, event_id="other"))
    assert client_id(conversion(user=nobody)) != client_id(conversion(user=nobody, order_id="A-2"))
    assert client_id(conversion(user=nobody, order_id=None)) == client_id(conversion(user=nobody, order_id=None))


@pytest.mark.parametrize(
    "cookie",
    ["GS1.1.1795190400.3.1.1795190591.0.0.0", "GS2.1.s1795190400$o3$g1$t1795190591$j60$l0$h0", "GS2.1.s1795190400",
     "1795190400"],
)  # fmt: skip
def test_the_streams_cookie_says_which_visit_it_was(cookie: str) -> None:
    assert session_id(conversion(user=with_clicks(ga_ABCDE12345=cookie))) == "1795190400"


@pytest.mark.parametrize("click_ids", [{}, {"ga_OTHER12345": "GS1.1.1795190400.3"}, {"ga_ABCDE12345": "nonsense"}])
def test_without_it_the_half_hour_stands_in(click_ids: dict[str, str]) -> None:
    assert session_id(conversion(user=with_clicks(**click_ids))) == "1795190400"
    later = conversion(user=with_clicks(**click_ids), occurred_at=NOW + timedelta(minutes=30))
    assert session_id(later) == "1795192200"
