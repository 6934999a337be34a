"""Who hears of an event, and of how much of it."""

from __future__ import annotations

import uuid
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.delivery import reasons
from tests.core.delivery.examples import (
    ALPHA,
    BETA,
    NAMESPACE,
    PLACES,
    code,
    event,
    item,
    order,
    planned,
    plans,
    value,
)

MARKET = code(1, "px-market")
ALPHA_DEFAULT = code(2, "px-alpha", organizer=ALPHA)
BETA_DEFAULT = code(3, "px-beta", organizer=BETA)
ALPHA_SPECIAL = code(4, "px-special", organizer=ALPHA, event=101)
ALL = [MARKET, ALPHA_DEFAULT, BETA_DEFAULT]
CURRENCIES = {"JPY": 0, "EUR": 2, "RON": 2, "BHD": 3}


def test_an_order_of_two_organisers_is_split_and_the_marketplace_sees_the_whole() -> None:
    found = planned(order([item("ev-a1", "100.00", 2), item("ev-b1", "40.00")], "240.00", "RON"), ALL)
    assert {name: value(entry) for name, entry in found.items()} == {
        "px-market": Decimal("240.00"),
        "px-alpha": Decimal("200.00"),
        "px-beta": Decimal("40.00"),
    }
    assert [line["live_event_id"] for line in found["px-alpha"].conversion["items"]] == ["ev-a1"]
    assert len(found["px-market"].conversion["items"]) == 2
    assert found["px-alpha"].live_event_id == "ev-a1"
    assert found["px-market"].live_event_id is None


def test_every_destination_of_an_order_has_the_id_that_its_pixel_derives() -> None:
    found = planned(order([item("ev-a1", "10"), item("ev-b1", "10")], "20"), ALL)
    assert {name: entry.platform_event_id for name, entry in found.items()} == {
        "px-market": str(uuid.uuid5(NAMESPACE, "A-1|order_completed|*")),
        "px-alpha": str(uuid.uuid5(NAMESPACE, "A-1|order_completed|org-alpha")),
        "px-beta": str(uuid.uuid5(NAMESPACE, "A-1|order_completed|org-beta")),
    }


def test_other_events_keep_their_own_id_everywhere() -> None:
    stored = event("event_view", event_entity_id="ev-a1")
    found = planned(stored, ALL)
    assert {name: entry.platform_event_id for name, entry in found.items()} == {
        "px-market": str(stored.event_id),
        "px-alpha": str(stored.event_id),
    }


def test_a_live_events_own_code_takes_its_lines_from_the_organisers_default() -> None:
    found = planned(order([item("ev-a1", "100"), item("ev-a2", "30")], "130"), [*ALL, ALPHA_SPECIAL])
    assert value(found["px-special"]) == Decimal(100)
    assert value(found["px-alpha"]) == Decimal(30)


def test_equal_destinations_become_one_and_the_whole_order_wins() -> None:
    same = code(5, "px-market", organizer=ALPHA)
    found = planned(order([item("ev-a1", "100"), item("ev-b1", "30")], "130"), [MARKET, same, BETA_DEFAULT])
    assert set(found) == {"px-market", "px-beta"}
    assert value(found["px-market"]) == Decimal(130)
    assert found["px-market"].code.id == MARKET.id


def test_two_organisers_that_share_a_pixel_each_send_their_own_part() -> None:
    shared = [code(7, "px-agency", organizer=BETA), code(6, "px-agency", organizer=ALPHA)]
    found = plans(order([item("ev-a1", "100"), item("ev-b1", "30")], "130"), shared)
    assert [(entry.code.id, value(entry), entry.platform_event_id) for entry in found] == [
        (6, Decimal(100), str(uuid.uuid5(NAMESPACE, "A-1|order_completed|org-alpha"))),
        (7, Decimal(30), str(uuid.uuid5(NAMESPACE, "A-1|order_completed|org-beta"))),
    ]


def test_an_organisers_codes_with_one_pixel_make_one_conversion_and_the_default_speaks() -> None:
    special = code(1, "px-alpha", organizer=ALPHA, event=101, custom_params={"tier": "special"})
    default = code(2, "px-alpha", organizer=ALPHA, custom_params={"tier": "default"})
    found = planned(order([item("ev-a1", "100"), item("ev-a2", "30")], "130"), [special, default])
    assert (found["px-alpha"].code.id, value(found["px-alpha"])) == (2, Decimal(130))
    assert found["px-alpha"].conversion["custom_params"] == {"tier": "default"}


def test_codes_that_are_all_switched_off_leave_one_ignored_row_of_all_their_lines() -> None:
    off = [
        code(2, "px-alpha", organizer=ALPHA, enabled=False),
        code(4, "px-alpha", organizer=ALPHA, event=101, enabled=False),
    ]
    found = planned(order([item("ev-a1", "100"), item("ev-a2", "30")], "130"), off)
    assert (found["px-alpha"].reason, value(found["px-alpha"])) == (reasons.CODE_DISABLED, Decimal(130))


def test_a_switched_off_code_leaves_an_ignored_row() -> None:
    found = planned(order([item("ev-a1", "100")], "100"), [MARKET, code(2, "px-alpha", organizer=ALPHA, enabled=False)])
    assert (found["px-alpha"].state, found["px-alpha"].reason) == ("ignored", reasons.CODE_DISABLED)
    assert found["px-market"].state == "pending"


def test_lines_of_a_switched_off_code_stay_out_of_the_same_pixels_other_lines() -> None:
    silent = code(9, "px-alpha", organizer=ALPHA, event=102, enabled=False)
    found = planned(order([item("ev-a1", "100"), item("ev-a2", "30")], "130"), [ALPHA_DEFAULT, silent])
    assert found["px-alpha"].state == "pending"
    assert value(found["px-alpha"]) == Decimal(100)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"consent": {}}, reasons.NO_CONSENT),
        ({"consent": {"marketing": False, "analytics": True}}, reasons.NO_CONSENT),
        ({"consent": {"marketing": "yes"}}, reasons.NO_CONSENT),
        ({"is_bot": True}, reasons.BOT),
        ({"is_bot": True, "consent": {}}, reasons.BOT),
    ],
)
def test_what_must_not_be_sent_is_planned_as_ignored_with_the_reason(changes: dict[str, Any], reason: str) -> None:
    found = planned(order([item("ev-a1", "100")], "100", **changes), ALL)
    assert {(entry.state, entry.reason) for entry in found.values()} == {("ignored", reason)}
    assert set(found) == {"px-market", "px-alpha"}


def test_the_codes_own_purpose_decides() -> None:
    analytics = code(8, "px-analytics", purpose="analytics")
    found = planned(event("event_view", event_entity_id="ev-a1", consent={"analytics": True}), [MARKET, analytics])
    assert found["px-analytics"].state == "pending"
    assert found["px-market"].reason == reasons.NO_CONSENT


@pytest.mark.parametrize(
    "absent",
    [
        code(2, "px-alpha", organizer=ALPHA, connection_id=None),
        code(2, "px-alpha", organizer=ALPHA, conversion_events=("event_view",)),
        code(2, "px-alpha", organizer=ALPHA, provider="unmapped"),
    ],
    ids=["browser only", "conversion not chosen", "platform has no such conversion"],
)
def test_a_code_that_does_not_want_it_leaves_no_trace(absent: Any) -> None:
    stored = order([item("ev-a1", "100")], "100")
    found = planned(stored, [MARKET, absent], takes=lambda provider, _: provider != "unmapped")
    assert set(found) == {"px-market"}


def test_a_line_of_an_unknown_live_event_is_seen_by_the_marketplace_alone() -> None:
    found = planned(order([item("ev-gone", "10"), item("ev-a1", "5")], "15"), ALL)
    assert value(found["px-market"]) == Decimal(15)
    assert value(found["px-alpha"]) == Decimal(5)


def test_an_order_without_a_browser_did_not_happen_on_a_website() -> None:
    bare = planned(order([item("ev-a1", "5")], "5", context={}, sealed_client=None), [MARKET])["px-market"]
    full = planned(order([item("ev-a1", "5")], "5"), [MARKET])["px-market"]
    assert (bare.conversion["action_source"], full.conversion["action_source"]) == ("system", "website")


def test_a_conversion_carries_what_the_builder_needs() -> None:
    with_code = code(1, "px-market", settings={"test_event_code": "TEST1"}, custom_params={"season": "2026"})
    stored = event("search_performed", payload={"query": "jazz"}, context={"page": {"url": "https://t.example/s?q=j"}})
    assert planned(stored, [with_code])["px-market"].conversion == {
        "action_source": "website",
        "value": None,
        "currency": None,
        "search_string": "jazz",
        "source_url": "https://t.example/s?q=j",
        "items": [],
        "click_ids": {},
        "custom_params": {"season": "2026"},
        "test_code": "TEST1",
    }


lines = st.lists(
    st.tuples(st.sampled_from(sorted(PLACES)), st.integers(0, 10**9), st.integers(1, 20), st.integers(0, 10**4)),
    min_size=1,
    max_size=12,
)
switches = st.lists(st.booleans(), min_size=4, max_size=4)


@given(lines, st.sampled_from(sorted(CURRENCIES)), st.integers(-(10**5), 10**5), switches)
def test_organisers_values_add_up_to_the_whole_and_no_line_reaches_two_of_them(
    drawn: list[tuple[str, int, int, int]], currency: str, difference: int, own: list[bool]
) -> None:
    digits = CURRENCIES[currency]

    def money(units: int) -> str:
        return format(Decimal(units).scaleb(-digits), "f")

    items = [
        item(live_event, money(price), quantity, fees=money(fee), line=str(position))
        for position, (live_event, price, quantity, fee) in enumerate(drawn)
    ]
    gross = Decimal(max(0, sum((price + fee) * count for _, price, count, fee in drawn) + difference)).scaleb(-digits)
    codes = [MARKET, ALPHA_DEFAULT, BETA_DEFAULT]
    codes += [
        code(10 + place.live_event_id, f"px-{name}", organizer=place.organizer_id, event=place.live_event_id)
        for (name, place), wanted in zip(sorted(PLACES.items()), own, strict=False)
        if wanted and place.live_event_id and place.organizer_id
    ]
    found = planned(order(items, gross, currency), codes)
    parts = [entry for entry in found.values() if entry.code.organizer_id is not None]
    assert value(found["px-market"]) == gross
    assert sum((value(entry) or Decimal(0) for entry in parts), Decimal(0)) == gross
    assert all((value(entry) or Decimal(0)) >= 0 for entry in parts)
    assert sum(len(entry.conversion["items"]) for entry in parts) == len(items)
    assert len({entry.platform_event_id for entry in found.values()}) >= 2
