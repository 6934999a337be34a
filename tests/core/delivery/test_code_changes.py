"""What happens to deliveries that wait while somebody changes their tracking code."""

from __future__ import annotations

import pytest

from core.codes.api import delete_code, forget_codes, history, undo, update_code
from core.delivery import reasons
from core.delivery.api import replay
from tests.core.delivery.world import World


def matching(world: World, name: str, wanted: bool) -> None:
    """Let an organiser say whether hashed identifiers may go out."""
    code = world.marketplace.codes[name]
    update_code(world.marketplace.organizer("org-1"), code, {"settings": {"advanced_matching": wanted}})


def identified(world: World, name: str) -> list[bool]:
    """Whether each conversion that arrived said who it was."""
    return ["em" in item["user_data"] for item in world.received(name)]


def test_what_the_code_says_when_it_is_sent_decides(world: World) -> None:
    world.plan(world.event(person_id=world.person()))
    matching(world, "org-1", wanted=False)
    world.deliver()
    assert identified(world, "org-1") == [False]
    assert identified(world, "market") == [True]


def test_undoing_a_change_undoes_it_for_what_is_sent(world: World) -> None:
    matching(world, "org-1", wanted=False)
    matching(world, "org-1", wanted=True)
    seller, code = world.marketplace.organizer("org-1"), world.marketplace.codes["org-1"]
    undo(seller, code, history(seller, code).items[0].id)
    world.plan(world.event(person_id=world.person()))
    world.deliver()
    assert identified(world, "org-1") == [False]


def test_two_codes_of_one_account_keep_their_own_settings(world: World) -> None:
    world.marketplace.add_code(
        world.provider,
        "special",
        world.pixels["org-1"],
        organizer="org-1",
        live_event_id="ev-1",
        settings={"advanced_matching": False},
    )
    matching(world, "org-1", wanted=True)
    forget_codes()
    person = world.person()
    world.plan(*[world.event(event_entity_id=live_event, person_id=person) for live_event in ("ev-1", "ev-2")])
    world.deliver()
    assert sorted(identified(world, "org-1")) == [False, True]


@pytest.mark.parametrize("deleted", [False, True], ids=["switched off", "deleted"])
def test_what_waits_for_a_code_that_is_taken_away_does_not_leave(world: World, deleted: bool) -> None:
    world.plan(world.event(), world.order())
    seller, code = world.marketplace.organizer("org-1"), world.marketplace.codes["org-1"]
    if deleted:
        delete_code(seller, code)
    else:
        update_code(seller, code, {"enabled": False})
    world.deliver()
    assert world.received("org-1") == []
    assert {(row.state, row.reason, row.sealed_client, row.attempts) for row in world.rows("org-1")} == {
        ("ignored", reasons.CODE_DISABLED, None, 1)
    }
    assert {row.state for row in world.rows("market")} == {"accepted"}


def test_a_dead_letter_of_a_deleted_code_is_not_sent_by_a_replay(world: World) -> None:
    world.fault("invalid_event", "org-1", blame=False)
    world.plan(world.event())
    world.deliver()
    (dead,) = world.rows("org-1")
    delete_code(world.marketplace.organizer("org-1"), world.marketplace.codes["org-1"])
    assert replay(world.marketplace.staff, [dead.id]) == 1
    world.deliver()
    assert (world.rows("org-1")[0].state, world.rows("org-1")[0].reason) == ("ignored", reasons.CODE_DISABLED)
