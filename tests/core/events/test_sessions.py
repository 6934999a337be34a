"""Visits: folded from events once, whatever batches they came in."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from core.db.session import tenant_session
from core.events.api import EventRow, Origin, erase_old_seals, update_sessions, visit_context
from core.events.visits import SEAL_DAYS
from tests.marketplace import Marketplace

START = datetime(2026, 11, 20, 12, tzinfo=UTC)


def row(
    marketplace: Marketplace,
    session_id: str | None,
    minute: int,
    *,
    trusted: bool = False,
    sealed_client: bytes | None = None,
    **changes: Any,
) -> EventRow:
    moment = START + timedelta(minutes=minute)
    given: dict[str, Any] = {
        "origin": Origin(marketplace.tenant_id, trusted, moment, sealed_client=sealed_client),
        "event_id": uuid.uuid4().bytes,
        "event_name": "page_view",
        "event_version": 1,
        "source_system": "web",
        "occurred_at": moment,
        "claimed_at": moment,
        "local_date": moment.date(),
        "visitor_id": "v-1",
        "session_id": session_id,
        "sequence_no": minute,
        "consent": {"marketing": minute % 2 == 0},
        "context": {"page": {"url": f"https://shop.example/{minute}"}},
    }
    return EventRow(**{**given, **changes})


def fold(marketplace: Marketplace, *rows: EventRow) -> None:
    with tenant_session(marketplace.tenant_id) as session:
        update_sessions(session, marketplace.tenant_id, rows)


def visit(marketplace: Marketplace, session_id: str) -> dict[str, Any]:
    with tenant_session(marketplace.tenant_id) as session:
        found = session.execute(text("SELECT * FROM tx_sessions WHERE session_id = :id"), {"id": session_id}).one()
        return dict(found._mapping)


def test_a_visit_does_not_depend_on_batches(marketplace: Marketplace) -> None:
    @given(st.lists(st.integers(0, 50), min_size=1, max_size=10, unique=True), st.integers(1, 10))
    def check(minutes: list[int], size: int) -> None:
        session_id = f"s-{uuid.uuid4()}"
        events = [row(marketplace, session_id, minute) for minute in minutes]
        for start in range(0, len(events), size):
            fold(marketplace, *events[start : start + size])
        found, first, last = visit(marketplace, session_id), min(minutes), max(minutes)
        assert (found["events"], found["last_sequence_no"]) == (len(minutes), last)
        assert (found["first_seen_at"], found["last_seen_at"]) == (
            START + timedelta(minutes=first),
            START + timedelta(minutes=last),
        )
        assert (found["landing_page"], found["exit_page"]) == (
            f"https://shop.example/{first}",
            f"https://shop.example/{last}",
        )
        assert (found["initial_consent"], found["final_consent"]) == (
            {"marketing": first % 2 == 0},
            {"marketing": last % 2 == 0},
        )

    check()


CAMPAIGN = {"utm": {"source": "news"}, "click_ids": {"fbclid": "x"}}


def touches(marketplace: Marketplace, session_id: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """First and last touch without their times."""
    found = visit(marketplace, session_id)
    first, last = (
        {name: value for name, value in found[which].items() if name not in ("at", "seen")}
        for which in ("first_touch", "last_touch")
    )
    return first, last


def page(minute: int, **said: Any) -> dict[str, Any]:
    return {"page": {"url": f"https://shop.example/{minute}"}, **said}


def test_the_first_and_last_touch_are_those_that_say_something(marketplace: Marketplace) -> None:
    fold(marketplace, row(marketplace, "s-1", 1))
    fold(marketplace, row(marketplace, "s-1", 3, context=page(3, **CAMPAIGN)))
    fold(marketplace, row(marketplace, "s-1", 0))
    found = visit(marketplace, "s-1")
    moment = "2026-11-20T12:03:00.000000Z"
    said = {**CAMPAIGN, "channel": "social"}
    assert found["first_touch"] == {**said, "landing_page": "https://shop.example/3", "at": moment}
    assert found["last_touch"] == {**said, "seen": {"utm": moment, "click_ids": moment, "channel": moment}}


def test_a_campaign_outlives_plain_links_and_pages_of_the_shop_itself(marketplace: Marketplace) -> None:
    fold(marketplace, row(marketplace, "s-1", 1, context=page(1, **CAMPAIGN)))
    fold(marketplace, row(marketplace, "s-1", 2, context=page(2, referrer="https://www.shop.example/1")))
    assert touches(marketplace, "s-1")[1] == {**CAMPAIGN, "channel": "social"}
    fold(marketplace, row(marketplace, "s-1", 3, context=page(3, referrer="https://search.example/?q=x")))
    assert touches(marketplace, "s-1")[1] == {
        **CAMPAIGN,
        "referrer": "https://search.example/?q=x",
        "channel": "referral",
    }


def test_a_later_campaign_takes_over_and_each_platform_keeps_its_click(marketplace: Marketplace) -> None:
    fold(marketplace, row(marketplace, "s-1", 1, context=page(1, **CAMPAIGN)))
    other = {"utm": {"source": "radio"}, "click_ids": {"gclid": "y"}}
    fold(marketplace, row(marketplace, "s-1", 2, context=page(2, **other)))
    first, last = touches(marketplace, "s-1")
    assert first == {**CAMPAIGN, "landing_page": "https://shop.example/1", "channel": "social"}
    assert last == {"utm": {"source": "radio"}, "click_ids": {"fbclid": "x", "gclid": "y"}, "channel": "paid"}


SAYINGS: tuple[dict[str, Any], ...] = (
    {},
    {"referrer": "https://shop.example/0"},
    {"referrer": "https://search.example/"},
    {"utm": {"source": "news"}},
    {"utm": {"source": "radio"}, "referrer": "https://radio.example/"},
    {"click_ids": {"fbclid": "x"}},
    {"click_ids": {"ga": "1"}, "utm": {"source": "news"}},
)


def test_touches_do_not_depend_on_the_order_events_are_stored_in(marketplace: Marketplace) -> None:
    @given(st.data(), st.lists(st.sampled_from(SAYINGS), min_size=2, max_size=7), st.integers(1, 3))
    def check(data: st.DataObject, said: list[dict[str, Any]], size: int) -> None:
        names = f"s-{uuid.uuid4()}", f"s-{uuid.uuid4()}"
        in_time, as_stored = (
            [row(marketplace, name, minute, context=page(minute, **what)) for minute, what in enumerate(said)]
            for name in names
        )
        fold(marketplace, *in_time)
        as_stored = data.draw(st.permutations(as_stored))
        for start in range(0, len(as_stored), size):
            fold(marketplace, *as_stored[start : start + size])
        for column in ("first_touch", "last_touch"):
            assert visit(marketplace, names[1])[column] == visit(marketplace, names[0])[column]
        campaigns = [what["utm"] for what in said if "utm" in what]
        assert touches(marketplace, names[1])[1].get("utm") == (campaigns[-1] if campaigns else None)

    check()


def test_a_purchase_converts_the_visit_and_adds_up_in_its_first_currency(marketplace: Marketplace) -> None:
    def purchase(minute: int, amount: str, currency: str) -> EventRow:
        return row(
            marketplace,
            "s-1",
            minute,
            event_name="order_completed",
            amount=Decimal(amount),
            currency=currency,
            trusted=True,
            sequence_no=None,
        )

    fold(marketplace, row(marketplace, "s-1", 1), purchase(2, "180.00", "RON"), purchase(3, "20.5", "RON"))
    fold(marketplace, purchase(4, "99.00", "EUR"), purchase(5, "0.0001", "RON"))
    found = visit(marketplace, "s-1")
    assert (found["converted"], found["currency"], found["events"]) == (True, "RON", 5)
    assert found["revenue"] == Decimal("200.5000")


def test_events_without_visitor_or_session_belong_to_no_visit(marketplace: Marketplace) -> None:
    fold(marketplace, row(marketplace, "s-1", 1, visitor_id=None), row(marketplace, None, 1))
    with tenant_session(marketplace.tenant_id) as session:
        assert session.scalar(text("SELECT count(*) FROM tx_sessions")) == 0


def test_the_clients_seal_is_the_browsers_and_lasts_a_week(marketplace: Marketplace) -> None:
    browser = row(marketplace, "s-1", 1, sealed_client=b"browser")
    backend = row(marketplace, "s-1", 2, sealed_client=b"backend", trusted=True)
    fold(marketplace, browser, backend)
    with tenant_session(marketplace.tenant_id) as session:
        found = visit_context(session, marketplace.tenant_id, "v-1")
        assert found is not None
        assert (found.session_id, found.sealed_client) == ("s-1", b"browser")
        assert found.exit_page == "https://shop.example/2"
        session.execute(text("UPDATE tx_sessions SET sealed_at = now() - interval '6 days 23 hours'"))
        assert erase_old_seals(session, SEAL_DAYS) == 0
        session.execute(text("UPDATE tx_sessions SET sealed_at = now() - interval '7 days 1 minute'"))
        late = visit_context(session, marketplace.tenant_id, "v-1", "s-1")
        assert late is not None
        assert late.sealed_client is None
        assert erase_old_seals(session, SEAL_DAYS) == 1
    assert visit(marketplace, "s-1")["sealed_client"] is None


def test_of_several_visits_the_named_or_the_latest_gives_the_context(marketplace: Marketplace) -> None:
    fold(
        marketplace,
        row(marketplace, "s-1", 1),
        row(marketplace, "s-2", 9),
        row(marketplace, "s-3", 5, visitor_id="v-2"),
    )
    with tenant_session(marketplace.tenant_id) as session:
        latest = visit_context(session, marketplace.tenant_id, "v-1")
        named = visit_context(session, marketplace.tenant_id, "v-1", "s-1")
        foreign = visit_context(session, marketplace.tenant_id, "v-1", "s-3")
    assert (latest and latest.session_id, named and named.session_id, foreign) == ("s-2", "s-1", None)


def test_the_newest_cookie_of_a_visit_is_the_one_that_counts(marketplace: Marketplace) -> None:
    fold(marketplace, row(marketplace, "s-1", 1, context={"click_ids": {"fbclid": "x"}}))
    fold(marketplace, row(marketplace, "s-1", 2, context={"click_ids": {"fbclid": "x", "ga": "GA1.1.1.2"}}))
    fold(marketplace, row(marketplace, "s-1", 3, context={"page": {"url": "https://shop.example/"}}))
    assert touches(marketplace, "s-1")[1] == {
        "click_ids": {"fbclid": "x", "ga": "GA1.1.1.2"},
        "channel": "social",
    }
