"""The database goes away while a platform is being called: what it answered is not forgotten."""

from __future__ import annotations

import threading

import pytest

from core.delivery import dispatch
from core.delivery.preparing import Batch, prepare
from tests.core.delivery.world import World
from tests.outages import away
from tests.platform_records import received
from tests.waiting import until


def test_what_the_platform_took_is_written_when_the_database_is_back(world: World, database: str) -> None:
    world.fault("slow", "org-1", seconds=2)
    world.plan(world.event())
    connection = world.connection("org-1").id
    job = threading.Thread(target=dispatch.run, args=(world.tenant_id, connection))
    job.start()
    until(lambda: world.rows("org-1")[0].lease_until, what="the lease")
    with away(database):
        until(lambda: received(world.sandbox.url, world.provider), what="the request at the platform")
        job.join(1.0)
        assert job.is_alive()
    job.join(30)
    row = world.rows("org-1")[0]
    assert (row.state, row.attempts, row.lease_until) == ("accepted", 1, None)
    assert len(world.received("org-1")) == 1


def test_a_database_that_stays_away_ends_the_job(world: World, database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatch, "KEEP_SECONDS", 0.2)
    world.plan(world.event())
    batch = prepare(world.tenant_id, world.connection("org-1").id)
    assert isinstance(batch, Batch)
    lease = dispatch.Lease(world.tenant_id, batch, dispatch.nothing_to_do, float("inf"))
    with away(database), pytest.raises(dispatch.AWAY):
        dispatch._send(world.tenant_id, batch, lease)
    assert world.rows("org-1")[0].state == "pending"


def test_without_the_database_no_lease_is_prolonged(
    world: World, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatch, "RENEW_SECONDS", 0.0)
    world.plan(world.event())
    batch = prepare(world.tenant_id, world.connection("org-1").id)
    assert isinstance(batch, Batch)
    lease = dispatch.Lease(world.tenant_id, batch, dispatch.nothing_to_do, float("inf"))
    with away(database):
        assert not lease.may_go_on()
    assert lease.may_go_on()
