"""Planning in ingest's transaction: one statement, repeatable, nothing when the transaction fails."""

from __future__ import annotations

import uuid

import pytest
from sqlalchemy import event as sqlalchemy_event

from core.accounts.api import tenant_view
from core.db.session import APP, engine, tenant_session
from core.delivery import api
from core.delivery.api import ledger
from tests.core.delivery.world import World
from tests.marketplace import Marketplace


def test_an_order_writes_one_row_per_destination_with_what_is_sent_later(world: World) -> None:
    connections = world.plan(world.order(person_id=world.person()))
    rows = world.rows()
    namespace = tenant_view(world.tenant_id).uuid_namespace
    assert connections == world.connections()
    assert {row.public_id: (row.conversion["value"], row.platform_event_id) for row in rows} == {
        world.pixels["market"]: ("270.00", str(uuid.uuid5(namespace, "A-1|order_completed|*"))),
        world.pixels["org-1"]: ("180.00", str(uuid.uuid5(namespace, "A-1|order_completed|org-1"))),
        world.pixels["org-2"]: ("90.00", str(uuid.uuid5(namespace, "A-1|order_completed|org-2"))),
    }
    assert {row.state for row in rows} == {"pending"}
    assert {row.organizer_id for row in rows} == {None, *world.marketplace.organizers.values()}
    assert all(row.sealed_client is not None and row.next_attempt_at is not None for row in rows)


def test_planning_the_same_events_again_changes_nothing(world: World) -> None:
    events = [world.order(), world.event()]
    first = world.plan(*events)
    assert world.plan(*events) == []
    assert first != []
    assert len(world.rows()) == 3 + 2


def test_a_whole_batch_is_one_insert(world: World) -> None:
    statements: list[str] = []

    def remember(*arguments: object) -> None:
        statements.append(str(arguments[2]))

    world.plan(world.event())  # the codes are known to this process now
    sqlalchemy_event.listen(engine(APP), "before_cursor_execute", remember)
    try:
        world.plan(*[world.event() for _ in range(200)])
    finally:
        sqlalchemy_event.remove(engine(APP), "before_cursor_execute", remember)
    assert sum("INSERT INTO conversion_deliveries" in statement for statement in statements) == 1
    assert len([statement for statement in statements if "set_config" not in statement]) <= 8
    assert len(world.rows()) == 2 * 201


def test_rows_of_a_transaction_that_fails_are_gone(world: World) -> None:
    def ingest_that_dies() -> None:
        with tenant_session(world.tenant_id) as session:
            api.plan(session, world.tenant_id, [world.order()], namespace=uuid.uuid4())
            raise RuntimeError("ingest died")

    with pytest.raises(RuntimeError, match="ingest died"):
        ingest_that_dies()
    assert world.rows() == []


def test_what_is_no_conversion_or_has_nowhere_to_go_writes_nothing(
    world: World, other_marketplace: Marketplace
) -> None:
    assert world.plan(world.event("scroll_depth"), world.event("page_view", event_entity_id="ev-1")) == []
    assert world.rows() == []


def test_a_purchase_from_a_public_key_reaches_nobody(world: World) -> None:
    assert world.plan(world.order(trusted=False)) == []
    assert world.rows() == []


def test_refused_rows_are_written_settled_and_without_the_visitors_address(world: World) -> None:
    assert world.plan(world.order(consent={"marketing": False}), world.event(is_bot=True)) == []
    rows = world.rows()
    assert {row.reason for row in rows} == {"no_consent", "bot"}
    assert {(row.state, row.sealed_client, row.next_attempt_at) for row in rows} == {("ignored", None, None)}
    assert all(row.settled_at is not None for row in rows)
    counts = ledger(world.marketplace.staff)
    assert (counts.expected, counts.ignored, counts.reasons) == (5, 5, {"no_consent": 3, "bot": 2})


def test_another_marketplace_sees_nothing_of_it(world: World, other_marketplace: Marketplace) -> None:
    world.plan(world.order())
    assert ledger(other_marketplace.staff).expected == 0
