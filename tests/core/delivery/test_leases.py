"""Leases: a worker that dies or is overtaken neither loses a row nor undoes what another found out."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.delivery import claims, dispatch
from core.delivery.preparing import Batch, prepare
from core.jobs import JOB_TIMEOUT_SECONDS
from tests.core.delivery.world import World

NEVER = float("inf")


def test_a_worker_that_dies_leaves_its_rows_to_another_with_the_same_event_id(world: World) -> None:
    stored = world.event()
    world.plan(stored)
    connection = world.connection("org-1").id
    abandoned = prepare(world.tenant_id, connection)
    assert isinstance(abandoned, Batch)
    assert isinstance(prepare(world.tenant_id, connection), Batch) is False
    wait = dispatch.run(world.tenant_id, connection)
    assert wait is not None
    assert timedelta(seconds=100) < wait <= claims.LEASE
    assert world.received("org-1") == []

    world.sql("UPDATE conversion_deliveries SET lease_until = now() - interval '1 second'")
    dispatch.run(world.tenant_id, connection)
    row = world.rows("org-1")[0]
    assert (row.state, row.attempts) == ("accepted", 2)
    assert [item["event_id"] for item in world.received("org-1")] == [str(stored.event_id)]


def test_no_job_outlives_the_lease_of_what_it_sends() -> None:
    assert dispatch.BUDGET_SECONDS < JOB_TIMEOUT_SECONDS < claims.LEASE.total_seconds()


def test_a_worker_that_lost_its_lease_cannot_undo_what_the_next_one_found_out(world: World) -> None:
    world.plan(world.event())
    connection = world.connection("org-1").id
    slow = prepare(world.tenant_id, connection)
    assert isinstance(slow, Batch)
    world.sql("UPDATE conversion_deliveries SET lease_until = now() - interval '1 second'")
    dispatch.run(world.tenant_id, connection)
    world.fault("http_500", "org-1")
    lease = dispatch.Lease(world.tenant_id, slow, dispatch.nothing_to_do, NEVER)
    dispatch._send(world.tenant_id, slow, lease)
    row = world.rows("org-1")[0]
    assert row.state == "accepted"
    assert [attempt.outcome for attempt in world.attempts(row.id)] == ["accepted", "retry"]


def test_a_worker_that_lost_its_lease_leaves_the_next_ones_lease_alone(world: World) -> None:
    world.plan(world.event())
    connection = world.connection("org-1").id
    slow = prepare(world.tenant_id, connection)
    assert isinstance(slow, Batch)
    world.sql("UPDATE conversion_deliveries SET lease_until = now() - interval '1 second'")
    second = prepare(world.tenant_id, connection)
    assert isinstance(second, Batch)
    world.fault("http_500", "org-1")
    for batch, state in ((slow, "pending"), (second, "accepted")):
        dispatch._send(world.tenant_id, batch, dispatch.Lease(world.tenant_id, batch, dispatch.nothing_to_do, NEVER))
        row = world.rows("org-1")[0]
        assert (row.state, row.attempts) == (state, 2)
        assert row.lease_until == (second.lease if state == "pending" else None)


def test_a_lease_is_prolonged_while_calls_take_long_and_given_up_once_lost(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatch, "RENEW_SECONDS", 0.0)
    world.plan(world.event())
    batch = prepare(world.tenant_id, world.connection("org-1").id)
    assert isinstance(batch, Batch)
    signs: list[None] = []
    lease = dispatch.Lease(world.tenant_id, batch, lambda: signs.append(None), NEVER)
    assert lease.may_go_on()
    assert len(signs) == 1
    assert lease.until > batch.lease
    assert world.rows("org-1")[0].lease_until == lease.until
    world.sql("UPDATE conversion_deliveries SET lease_until = now() + interval '9 minutes'")
    assert not lease.may_go_on()


def test_rows_that_were_not_tried_are_given_back_as_they_were(world: World) -> None:
    world.plan(world.event())
    batch = prepare(world.tenant_id, world.connection("org-1").id)
    assert isinstance(batch, Batch)
    dispatch._send(world.tenant_id, batch, dispatch.Lease(world.tenant_id, batch, dispatch.nothing_to_do, 0.0))
    row = world.rows("org-1")[0]
    assert (row.state, row.attempts, row.lease_until, row.reason) == ("pending", 0, None, None)
    assert world.attempts(row.id) == []
