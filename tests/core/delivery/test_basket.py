"""Sharing money among lines: exact in every currency, nothing negative, true parts unchanged."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.delivery.basket import amount, read_basket
from core.money import digits_of, share
from tests.core.delivery.examples import event, item, order

CURRENCIES = {"JPY": 0, "EUR": 2, "RON": 2, "BHD": 3}
minor_units = st.integers(min_value=0, max_value=10**12)


@given(st.sampled_from(sorted(CURRENCIES)), minor_units, st.lists(minor_units, min_size=1, max_size=12))
def test_shares_add_up_to_the_whole_and_are_never_negative(currency: str, whole: int, weights: list[int]) -> None:
    digits = CURRENCIES[currency]
    total = Decimal(whole).scaleb(-digits)
    shares = share(total, [Decimal(weight).scaleb(-digits) for weight in weights], digits)
    assert sum(shares) == total
    assert len(shares) == len(weights)
    assert all(part >= 0 for part in shares)
    assert all(part == part.quantize(Decimal(1).scaleb(-digits)) for part in shares)


@given(st.sampled_from(sorted(CURRENCIES)), st.lists(minor_units, min_size=1, max_size=12).filter(any))
def test_lines_that_add_up_keep_their_own_amounts(currency: str, units: list[int]) -> None:
    digits = CURRENCIES[currency]
    parts = [Decimal(unit).scaleb(-digits) for unit in units]
    assert share(sum(parts, Decimal(0)), parts, digits) == parts


@given(minor_units, st.lists(minor_units, min_size=2, max_size=8).filter(any))
def test_a_share_differs_from_the_exact_one_by_less_than_one_unit(whole: int, weights: list[int]) -> None:
    total, sum_of_weights = Decimal(whole) / 100, sum(weights)
    for part, weight in zip(share(total, [Decimal(weight) for weight in weights], 2), weights, strict=True):
        assert abs(part - total * weight / sum_of_weights) <= Decimal("0.01")


def test_a_free_order_is_shared_without_dividing_by_zero() -> None:
    assert share(Decimal(0), [Decimal(0), Decimal(0)], 2) == [Decimal(0), Decimal(0)]


def test_fees_and_discounts_of_a_ticket_count_for_its_line() -> None:
    basket = read_basket(
        order([item("ev-a1", "100.00", 2, fees="8.00"), item("ev-b1", "50.00", 1, discount="10.00")], "256.00")
    )
    assert [line.value for line in basket.lines] == [Decimal("216.00"), Decimal("40.00")]


def test_what_the_lines_do_not_explain_is_shared_in_proportion() -> None:
    basket = read_basket(order([item("ev-a1", "100.00", 2), item("ev-b1", "100.00", 1)], "300.01"))
    assert [line.value for line in basket.lines] == [Decimal("200.01"), Decimal("100.00")]


@pytest.mark.parametrize(
    ("total", "currency", "digits"),
    [("1500", "JPY", 0), ("10.5", "EUR", 2), ("10.1234", "EUR", 4), ("1.234", "BHD", 3), ("100.0000", "EUR", 2)],
)
def test_sharing_is_as_fine_as_the_currency_or_the_stated_total(total: str, currency: str, digits: int) -> None:
    assert digits_of(Decimal(total), currency) == digits


@pytest.mark.parametrize("text", ["", "x", "NaN", "Infinity", "1e30", "-1e13", "0.00000001", None, 1.5, True, [], {}])
def test_what_is_no_amount_is_left_out(text: object) -> None:
    assert amount(text) is None


def test_a_cart_is_worth_what_the_page_says_and_its_parts_what_their_items_say() -> None:
    basket = read_basket(
        event(
            "add_to_cart",
            payload={
                "items": [{"live_event_id": "ev-a1", "ticket_type_id": "t", "qty": 2, "price": "10.50"}],
                "cart_value": "25.00",
                "currency": "EUR",
            },
        )
    )
    assert basket.value_of(None) == Decimal("25.00")
    assert basket.value_of([0]) == Decimal("21.00")


def test_without_currency_nothing_has_a_value() -> None:
    basket = read_basket(event("add_to_cart", payload={"items": [{"live_event_id": "e", "price": "1"}], "value": "1"}))
    assert basket.value_of(None) is None
    assert basket.value_of([0]) is None


def test_looking_at_a_live_event_is_one_item_without_price() -> None:
    basket = read_basket(event("event_view", event_entity_id="ev-a1"))
    assert [(line.id, line.live_event_id, line.quantity, line.price) for line in basket.lines] == [
        ("ev-a1", "ev-a1", 1, None)
    ]


FIELDS = ("items", "qty", "quantity", "price", "unit_price", "live_event_id", "currency", "gross_amount")
payloads = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda deep: st.lists(deep) | st.dictionaries(st.sampled_from(FIELDS), deep),
)


@given(payloads)
def test_no_payload_breaks_the_reading(payload: object) -> None:
    fields = payload if isinstance(payload, dict) else {"items": payload, "currency": "EUR", "gross_amount": "1"}
    for name in ("order_completed", "add_to_cart", "event_view"):
        basket = read_basket(event(name, payload=fields, event_entity_id="ev-a1", trusted=True))
        assert basket.value_of(()) is None
