"""Whatever happens, every delivery is in exactly one state, and what was accepted or ignored stays so."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from core.delivery.api import last_accepted, ledger, replay
from core.delivery.verdicts import ACCEPTED, DEAD, IGNORED
from tests.core.delivery.world import World

FAULTS = ("http_500", "html_502", "transient", "reset", "invalid_event")


def steps(world: World, dice: random.Random) -> list[Callable[[], object]]:
    """What can happen to deliveries, in any order."""
    pixels = sorted(world.pixels)

    def new_events() -> None:
        world.plan(
            world.order(f"A-{world.events}"),
            world.event(visitor_id=f"v-{dice.randrange(4)}", is_bot=dice.random() < 0.2),
            world.event(consent={"marketing": dice.random() < 0.7}),
            world.event(occurred_at=datetime.now(UTC) - timedelta(days=dice.choice([0, 6, 8]))),
        )

    def withdraw() -> None:
        world.sql("DELETE FROM tx_identity_links")
        visitor = f"v-{dice.randrange(4)}"
        if not world.sql("SELECT 1 FROM consent_ledger WHERE subject_id = :visitor", visitor=visitor):
            world.say("visitor", visitor, marketing=False)

    def replay_some() -> None:
        dead = [row.id for row in world.rows() if row.state == DEAD]
        replay(world.marketplace.staff, dead[:3])

    def years_pass() -> None:
        world.sql("UPDATE delivery_attempts SET at = at - interval '3 days'")

    def a_worker_dies() -> None:
        world.sql(
            "UPDATE conversion_deliveries SET lease_until = now() - interval '1 second'"
            " WHERE state = 'pending' AND id % 2 = 0"
        )

    return [
        new_events,
        lambda: world.fault(dice.choice(FAULTS), dice.choice(pixels)),
        world.deliver,
        world.deliver,
        world.make_due,
        withdraw,
        replay_some,
        years_pass,
        a_worker_dies,
    ]


@pytest.mark.parametrize("seed", range(3))
def test_the_ledger_adds_up_at_every_step_of_a_random_walk(world: World, seed: int) -> None:
    dice = random.Random(seed)
    choices = steps(world, dice)
    choices[0]()
    final: dict[int, str] = {}
    for _ in range(40):
        dice.choice(choices)()
        counts, rows = ledger(world.marketplace.staff), world.rows()
        assert counts.accepted + counts.ignored + counts.pending + counts.dead == counts.expected == len(rows)
        now_final = {row.id: row.state for row in rows if row.state in {ACCEPTED, IGNORED}}
        assert final.items() <= now_final.items(), "a final state changed"
        final = now_final
        assert all(row.sealed_client is None for row in rows if row.state in {ACCEPTED, IGNORED})
    for name in world.pixels:
        received = {item["event_id"] for item in world.received(name)}
        accepted = {row.platform_event_id for row in world.rows(name) if row.state == ACCEPTED}
        assert accepted <= received, "something counts as accepted that the platform never saw"


def test_organisers_ledgers_and_the_marketplaces_own_make_up_the_whole(world: World) -> None:
    world.plan(world.order(), world.event())
    world.deliver()
    whole = ledger(world.marketplace.staff)
    parts = [ledger(world.marketplace.organizer(name)).expected for name in ("org-1", "org-2")]
    own = len(world.rows("market"))
    assert (whole.expected, parts, own) == (5, [2, 1], 2)
    assert whole.accepted == 5


def test_the_ledger_can_be_drawn_up_for_an_order_or_a_period(world: World) -> None:
    world.plan(world.order("A-7"), world.event(received_at=datetime.now(UTC) - timedelta(hours=2)))
    staff = world.marketplace.staff
    assert ledger(staff, order="A-7").expected == 3
    assert ledger(staff, since=datetime.now(UTC) - timedelta(hours=1)).expected == 3
    assert ledger(staff, order="A-8").expected == 0


def test_the_ledger_can_be_drawn_up_for_a_conversion_a_platform_or_a_connection(world: World) -> None:
    world.plan(world.order(), world.event())
    staff = world.marketplace.staff
    assert ledger(staff, canonical="event_view").expected == 2
    assert ledger(staff, provider=world.provider).expected == 5
    assert ledger(staff, provider="another").expected == 0
    assert ledger(staff, connection_id=world.connection("org-1").id).expected == 2


def test_a_code_tells_when_a_platform_last_accepted_something_for_it(world: World) -> None:
    world.plan(world.order())
    codes = world.marketplace.codes
    assert last_accepted(world.marketplace.staff, codes.values()) == {}
    world.deliver([world.connection("org-1").id])
    (row,) = world.rows("org-1")
    assert last_accepted(world.marketplace.staff, codes.values()) == {codes["org-1"]: row.settled_at}
    assert last_accepted(world.marketplace.organizer("org-2"), codes.values()) == {}
    assert last_accepted(world.marketplace.staff, []) == {}
