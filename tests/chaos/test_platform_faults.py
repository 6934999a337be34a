"""Every fault of a platform: seen in the log with what to do, and over without loss or double count."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from adrail.sandbox import GENERIC_KINDS, SandboxServer
from core.connections.api import replace_secrets
from core.delivery import dispatch
from core.delivery.api import delivery_detail, ledger, replay
from core.registry import registry, transport
from tests.core.delivery.world import World
from tests.marketplace import PLATFORM, Marketplace
from tests.platform_records import received

SANDBOX = registry().get(PLATFORM).sandbox
KINDS = (*GENERIC_KINDS, *(SANDBOX.create().fault_kinds if SANDBOX else ()))
PATIENCE = 2.0
# «slow» still answers in time, «timeout_after» does not.
PARAMS: dict[str, dict[str, Any]] = {
    "throttle": {"minutes": 2},
    "slow": {"seconds": 0.05},
    "timeout_after": {"seconds": PATIENCE + 1.0},
}
FRESH_TOKEN = "FreshToken0123456789abcdefghij"


@pytest.fixture
def world(marketplace: Marketplace, sandbox: SandboxServer) -> World:
    """A marketplace with a code for itself and one for an organiser."""
    made = World(marketplace, sandbox, PLATFORM)
    for name in ("market", "org-1"):
        made.add_code(name)
    return made


@contextmanager
def patience(seconds: float) -> Iterator[None]:
    """How long a platform may think; only while this lasts, so that a busy machine is not taken for a platform."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dispatch, "transport", lambda platform: replace(transport(platform), read_timeout=seconds))
        yield


@pytest.mark.parametrize("kind", KINDS)
def test_a_fault_is_explained_in_the_log_and_over_without_loss_or_double_count(world: World, kind: str) -> None:
    world.fault(kind, "org-1", **PARAMS.get(kind, {}))
    orders = [world.order(f"A-{number}") for number in range(3)]
    world.plan(*orders)
    with patience(PATIENCE if kind == "timeout_after" else 30.0):
        world.deliver()
    if kind == "slow":
        assert {row.state for row in world.rows("org-1")} == {"accepted"}
    else:
        assert_explained(world)
    recover(world)
    world.deliver()
    assert {row.state for row in world.rows()} == {"accepted"}
    for name in ("market", "org-1"):
        assert_counted_once(world, name, len(orders))
    counts = ledger(world.marketplace.staff)
    assert (counts.expected, counts.accepted) == (2 * len(orders), 2 * len(orders))


def assert_explained(world: World) -> None:
    """Whoever opens a delivery that did not arrive reads what happened and what to do."""
    waiting = [row for row in world.rows("org-1") if row.state != "accepted"]
    assert waiting
    for row in waiting:
        detail = delivery_detail(world.marketplace.staff, row.id)
        assert detail.explanation is not None
        assert detail.explanation.happened
        assert detail.explanation.remedy
        assert detail.attempts
        assert detail.attempts[0].message
    assert {row.state for row in world.rows("market")} == {"accepted"}


def recover(world: World) -> None:
    """What people and time do: a new token, another try for the dead, and the end of every pause."""
    connection = world.connection("org-1")
    if connection.state == "needs_reconnect":
        replace_secrets(world.marketplace.staff, connection.id, {"access_token": FRESH_TOKEN})
    replay(world.marketplace.staff, [row.id for row in world.rows("org-1") if row.state == "dead"])
    world.sql("UPDATE connections SET resume_at = NULL")
    world.make_due()


def assert_counted_once(world: World, name: str, number: int) -> None:
    """However often it was sent, the platform counts each event once."""
    pixel = world.pixels[name]
    taken = [
        record
        for record in received(world.sandbox.url, world.provider)
        if pixel in record["path"] and record["verdict"].startswith("accepted")
    ]
    told = {event["event_id"] for record in taken for event in record["body"]["data"]}
    counted = sum(record["notes"]["events"] - record["notes"]["duplicates"] for record in taken)
    assert told == {row.platform_event_id for row in world.rows(name)}
    assert (len(told), counted) == (number, number)
