"""The delivery log: who may see what, filters, pages, explanations, and one query however long it is."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from sqlalchemy import event as sqlalchemy_event

from core.accounts.api import Actor
from core.db.session import APP, engine
from core.delivery import jobs
from core.delivery.api import delivery_detail, delivery_log, ledger, replay
from core.errors import ForbiddenError, InvalidInputError, NotFoundError
from tests.core.delivery.world import World
from tests.marketplace import Marketplace


@pytest.fixture
def busy(world: World) -> World:
    """An order sent, one event refused, one dead."""
    world.fault("invalid_event", "org-2", blame=False)
    world.plan(world.order(), world.event(consent={}))
    world.deliver()
    return world


def pixels(world: World, actor: Actor, **filters: str) -> list[str]:
    names = {pixel: name for name, pixel in world.pixels.items()}
    return sorted(names[item.public_id] for item in delivery_log(actor, **filters).items)  # type: ignore[arg-type]


def test_an_organiser_sees_its_own_accounts_deliveries_and_staff_all(busy: World) -> None:
    shop = busy.marketplace
    assert pixels(busy, shop.staff) == ["market", "market", "org-1", "org-1", "org-2"]
    assert pixels(busy, shop.organizer("org-1")) == ["org-1", "org-1"]
    assert pixels(busy, shop.organizer("org-2")) == ["org-2"]


def test_filters_narrow_the_log(busy: World) -> None:
    staff = busy.marketplace.staff
    assert pixels(busy, staff, state="accepted") == ["market", "org-1"]
    assert pixels(busy, staff, state="dead") == ["org-2"]
    assert pixels(busy, staff, order="A-1") == ["market", "org-1", "org-2"]
    assert pixels(busy, staff, order="A-2") == []
    assert pixels(busy, staff, provider=busy.provider, state="ignored") == ["market", "org-1"]
    assert pixels(busy, staff, provider="another") == []
    assert pixels(busy, staff, live_event_id="ev-3") == ["market", "org-2"]
    assert pixels(busy, staff, live_event_id="ev-1", state="accepted") == ["market", "org-1"]


def test_pages_join_up_without_gap_or_repetition(world: World) -> None:
    world.plan(*[world.event() for _ in range(13)])
    staff, seen, cursor, pages = world.marketplace.staff, [], None, 0
    while True:
        page = delivery_log(staff, limit=5, cursor=cursor)
        seen += [item.id for item in page.items]
        cursor, pages = page.next_cursor, pages + 1
        if cursor is None:
            break
    assert seen == sorted({row.id for row in world.rows()}, reverse=True)
    assert (len(seen), pages) == (26, 6)


def test_pages_of_one_live_event_join_up_with_orders_of_several(world: World) -> None:
    world.plan(*[step for number in range(6) for step in (world.event(), world.order(f"A-{number}"))])
    world.plan(world.event(event_entity_id="ev-2"))
    staff, seen, cursor = world.marketplace.staff, [], None
    while True:
        page = delivery_log(staff, live_event_id="ev-3", limit=4, cursor=cursor)
        seen += [item.id for item in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
    wanted = {row.id for row in world.rows("org-2")} | {row.id for row in world.rows("market") if row.order_id}
    assert seen == sorted(wanted, reverse=True)
    assert len(wanted) == 12


def test_what_was_sent_is_shown_for_ninety_days_and_that_it_was_sent_for_ever(busy: World) -> None:
    staff = busy.marketplace.staff
    old, young = (item.id for item in delivery_log(staff, state="accepted").items)
    for delivery, age in ((old, "90 days 1 minute"), (young, "89 days 23 hours")):
        busy.sql(f"UPDATE delivery_attempts SET at = now() - interval '{age}' WHERE delivery_id = :id", id=delivery)
    jobs.prune()
    assert delivery_detail(staff, young).sent is not None
    late = delivery_detail(staff, old)
    assert late.sent is None
    assert late.left
    assert [attempt.outcome for attempt in late.attempts] == ["accepted"]


def test_a_page_costs_one_query(busy: World) -> None:
    statements: list[str] = []

    def remember(*arguments: object) -> None:
        statements.append(str(arguments[2]))

    sqlalchemy_event.listen(engine(APP), "before_cursor_execute", remember)
    try:
        delivery_log(busy.marketplace.staff)
    finally:
        sqlalchemy_event.remove(engine(APP), "before_cursor_execute", remember)
    assert len([statement for statement in statements if "set_config" not in statement]) == 1


def test_a_line_of_the_log_says_what_people_want_to_know(busy: World) -> None:
    item = next(entry for entry in delivery_log(busy.marketplace.organizer("org-1"), state="accepted").items)
    assert (item.organizer_name, item.live_event_title, item.order_id) == ("Organiser org-1", "Event 1", "A-1")
    assert (item.value, item.currency, item.connection_state) == (Decimal("180.00"), "RON", "active")
    assert item.settled_at is not None
    assert item.settled_at >= item.received_at


def test_detail_tells_every_try_and_explains_the_state(busy: World) -> None:
    staff = busy.marketplace.staff
    dead = delivery_detail(staff, busy.rows("org-2")[0].id)
    assert [attempt.outcome for attempt in dead.attempts] == ["invalid"]
    assert dead.attempts[0].sent == dead.sent
    assert dead.can_replay
    assert dead.explanation is not None
    assert dead.explanation.by == "platform"
    assert dead.explanation.happened
    assert dead.explanation.remedy

    ignored = next(row for row in busy.rows("org-1") if row.state == "ignored")
    refused = delivery_detail(staff, ignored.id)
    assert refused.explanation is not None
    assert (refused.explanation.by, refused.attempts, refused.sent) == ("adrail", [], None)
    assert refused.consent == {}

    accepted = next(row for row in busy.rows("org-1") if row.state == "accepted")
    assert delivery_detail(staff, accepted.id).explanation is None


def test_what_is_not_yours_is_not_there(busy: World, other_marketplace: Marketplace) -> None:
    other = busy.rows("org-2")[0].id
    for actor in (busy.marketplace.organizer("org-1"), other_marketplace.staff):
        with pytest.raises(NotFoundError):
            delivery_detail(actor, other)
        assert replay(actor, [other]) == 0
        assert ledger(actor, order="A-1").dead == 0
    assert busy.rows("org-2")[0].state == "dead"


def test_a_wrong_state_or_cursor_says_what_is_allowed(world: World) -> None:
    with pytest.raises(InvalidInputError) as wrong:
        delivery_log(world.marketplace.staff, state="lost")
    assert wrong.value.errors[0].message == "use one of pending, accepted, ignored, dead"
    with pytest.raises(InvalidInputError):
        delivery_log(world.marketplace.staff, cursor="bm9uc2Vuc2U")


def test_a_replay_revives_dead_ones_only_and_once(busy: World) -> None:
    staff = busy.marketplace.staff
    everything = [row.id for row in busy.rows()]
    assert replay(staff, everything) == 1
    assert replay(staff, everything) == 0
    assert ledger(staff).pending == 1
    busy.deliver()
    row = busy.rows("org-2")[0]
    assert (row.state, row.attempts, row.reason) == ("accepted", 1, None)
    assert [item["event_id"] for item in busy.received("org-2")] == [row.platform_event_id]
    assert [attempt.outcome for attempt in busy.attempts(row.id)] == ["invalid", "replay", "accepted"]
    (audit,) = busy.sql("SELECT action, detail FROM audit_log WHERE action LIKE 'delivery.%'")
    assert audit.detail == {"ids": [row.id]}


def test_a_replay_gets_three_days_of_its_own(world: World) -> None:
    world.fault("http_500", "org-1", count=3)
    world.plan(world.event())
    connection = [world.connection("org-1").id]
    world.deliver(connection)
    world.sql("UPDATE delivery_attempts SET at = at - interval '3 days'")
    world.make_due()
    world.deliver(connection)
    row = world.rows("org-1")[0]
    assert row.state == "dead"
    assert replay(world.marketplace.staff, [row.id]) == 1
    world.deliver(connection)
    assert world.rows("org-1")[0].state == "pending"
    world.make_due()
    world.deliver(connection)
    assert world.rows("org-1")[0].state == "accepted"


def test_a_replay_asks_for_consent_again(busy: World) -> None:
    busy.say("visitor", "v-1", marketing=False)
    assert replay(busy.marketplace.staff, [busy.rows("org-2")[0].id]) == 1
    busy.deliver()
    assert (busy.rows("org-2")[0].state, busy.rows("org-2")[0].reason) == ("ignored", "consent_withdrawn")


def test_whoever_may_only_look_cannot_replay(busy: World) -> None:
    analyst = replace(busy.marketplace.staff, permissions=frozenset({"view_deliveries"}))
    with pytest.raises(ForbiddenError):
        replay(analyst, [busy.rows("org-2")[0].id])
    assert busy.rows("org-2")[0].state == "dead"
