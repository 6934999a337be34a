"""What a worker that died had in hand goes to the next one at once; what a living one has does not."""

from __future__ import annotations

import pytest

from core.delivery import jobs
from core.delivery.preparing import Batch, prepare
from core.jobs import CONVERSIONS, queue
from core.valkey import client, mark
from server.worker import Worker
from tests.core.delivery.world import World

DEAD = "adrail-elsewhere-1-ab12/cd34"


@pytest.fixture(autouse=True)
def empty_valkey(database: str) -> None:
    client().flushdb()


def in_hand(world: World, name: str, worker: str) -> int:
    """A worker has taken the turn and leased a row; returns the connection."""
    world.plan(world.event())
    connection = int(world.connection(name).id)
    client().set(f"adrail:deliver:turn:{world.tenant_id}:{connection}", worker, ex=60)
    assert isinstance(prepare(world.tenant_id, connection), Batch)
    return connection


def test_the_turn_and_the_rows_of_a_dead_worker_go_to_the_next_job(world: World) -> None:
    connection = in_hand(world, "org-1", DEAD)
    jobs.deliver(world.tenant_id, connection)
    row = world.rows("org-1")[0]
    assert (row.state, row.attempts) == ("accepted", 2)
    assert len(world.received("org-1")) == 1


@pytest.mark.parametrize("holder", ["of another version", mark()], ids=["foreign", "own"])
def test_whoever_may_be_alive_keeps_turn_and_rows(world: World, holder: str) -> None:
    connection = in_hand(world, "org-1", holder)
    jobs.deliver(world.tenant_id, connection)
    row = world.rows("org-1")[0]
    assert (row.state, row.attempts) == ("pending", 1)
    assert row.lease_until is not None
    assert len(queue(CONVERSIONS).scheduled_job_registry) == 1  # to come back when the turn has run out


def test_a_starting_worker_finds_what_a_dead_one_left_even_where_its_flag_stands(world: World) -> None:
    connection = in_hand(world, "org-1", DEAD)
    client().set(f"adrail:deliver:wake:{world.tenant_id}:{connection}", 1, ex=60)
    jobs.recover()
    Worker((CONVERSIONS,)).work(burst=True, logging_level=None)
    assert {row.state for row in world.rows()} == {"accepted"}


def test_only_the_leases_of_the_inherited_connection_end(world: World) -> None:
    in_hand(world, "market", mark())
    connection = in_hand(world, "org-1", DEAD)
    jobs.deliver(world.tenant_id, connection)
    market = world.rows("market")
    assert {row.state for row in market} == {"pending"}
    assert sum(row.lease_until is not None for row in market) == 1
