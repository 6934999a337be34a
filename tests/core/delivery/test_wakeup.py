"""Push on commit without a job per event, and without ever forgetting a row."""

from __future__ import annotations

import os
import threading
import time
from datetime import timedelta
from typing import Any

import pytest

from core.delivery import dispatch, jobs, reasons, wakeup
from core.delivery.preparing import prepare
from core.jobs import CONVERSIONS, queue
from core.valkey import client
from server.worker import Worker
from tests.core.delivery.world import World
from tests.process_state import use_environment


@pytest.fixture(autouse=True)
def empty_valkey(database: str) -> None:
    client().flushdb()


def waiting(world: World) -> list[tuple[Any, ...]]:
    found = [tuple(job.args) for job in queue(CONVERSIONS).jobs]
    return [arguments for arguments in found if arguments[0] == world.tenant_id]


def timers() -> int:
    return len(queue(CONVERSIONS).scheduled_job_registry)


def work() -> None:
    Worker((CONVERSIONS,)).work(burst=True, logging_level=None)


def test_many_events_make_one_job_per_connection(world: World) -> None:
    for _ in range(50):
        wakeup.wake(world.tenant_id, world.plan(world.event()))
    assert sorted(waiting(world)) == [
        (world.tenant_id, world.connection(name).id)
        for name in sorted(("market", "org-1"), key=lambda name: world.connection(name).id)
    ]


def test_a_worker_sends_what_was_woken_and_leaves_nothing_behind(world: World) -> None:
    wakeup.wake(world.tenant_id, world.plan(world.order()))
    work()
    assert {row.state for row in world.rows()} == {"accepted"}
    assert waiting(world) == []
    assert timers() == 0
    assert client().keys("adrail:deliver:*") == []


def test_a_row_that_arrives_while_a_job_is_finishing_is_not_forgotten(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worst moment: after the last claim found nothing, before the job gives up its turn."""
    world.plan(world.event())
    connection = world.connection("org-1").id
    last_claim = dispatch.run

    def run_then_a_row_arrives(*arguments: Any, **keywords: Any) -> timedelta | None:
        wait = last_claim(*arguments, **keywords)
        monkeypatch.setattr(dispatch, "run", last_claim)
        wakeup.wake(world.tenant_id, world.plan(world.event()))
        client().delete(queue(CONVERSIONS).key)  # the job just enqueued starts at once and finds the turn taken
        jobs.deliver(world.tenant_id, connection)
        return wait

    monkeypatch.setattr(dispatch, "run", run_then_a_row_arrives)
    jobs.deliver(world.tenant_id, connection)
    assert [row.state for row in world.rows("org-1")] == ["accepted", "pending"]
    work()
    assert [row.state for row in world.rows("org-1")] == ["accepted", "accepted"]


def test_rows_written_from_many_threads_are_all_sent_though_jobs_are_few(world: World) -> None:
    """Writers and senders race without any pause between them; at the end nothing due may be left unwoken."""
    connections = set(world.plan(world.event()))
    done, deadline = threading.Event(), time.monotonic() + 60

    def write() -> None:
        for _ in range(15):
            wakeup.wake(world.tenant_id, world.plan(world.event()))

    def send() -> None:
        while time.monotonic() < deadline and (not done.is_set() or queue(CONVERSIONS).count):
            job_id: Any = client().lpop(queue(CONVERSIONS).key)
            job = queue(CONVERSIONS).fetch_job(job_id.decode()) if job_id else None
            if job is not None:
                jobs.deliver(*job.args)

    writers = [threading.Thread(target=write) for _ in range(3)]
    senders = [threading.Thread(target=send) for _ in range(2)]
    for thread in (*senders, *writers):
        thread.start()
    for thread in writers:
        thread.join()
    done.set()
    for thread in senders:
        thread.join()
    assert queue(CONVERSIONS).count == 0, "jobs call each other without end"
    rows = [row for row in world.rows() if row.connection_id in connections]
    assert len(rows) == 2 * 46
    assert {row.state for row in rows} == {"accepted"}
    assert all(row.attempts == 1 for row in rows)


def test_two_jobs_on_one_connection_do_not_work_at_the_same_time(world: World) -> None:
    world.plan(world.event())
    connection = world.connection("org-1").id
    with wakeup.turn(world.tenant_id, connection) as mine:
        assert mine is not None
        jobs.deliver(world.tenant_id, connection)
        assert world.rows("org-1")[0].state == "pending"
        assert timers() == 1, "should the holder have crashed, somebody comes back"
    jobs.deliver(world.tenant_id, connection)
    assert world.rows("org-1")[0].state == "accepted"


def test_what_arrives_during_a_turn_makes_one_job_and_not_two(world: World) -> None:
    """Two for one would double with every turn while events keep coming, and keep other connections waiting."""
    connection = world.connection("org-1").id
    with wakeup.turn(world.tenant_id, connection):
        wakeup.wake(world.tenant_id, [connection])
    assert waiting(world) == [(world.tenant_id, connection)]


def test_a_trickle_on_one_connection_does_not_keep_others_waiting(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    claims: list[int] = []

    def prepare_and_another_arrives(tenant_id: int, connection_id: int) -> Any:
        claims.append(connection_id)
        batch = prepare(tenant_id, connection_id)
        world.plan(world.event())
        return batch

    world.plan(world.event())
    monkeypatch.setattr(dispatch, "prepare", prepare_and_another_arrives)
    assert dispatch.run(world.tenant_id, world.connection("org-1").id) == timedelta(0)
    assert len(claims) == 1


def test_a_job_comes_back_when_the_next_row_is_due_and_only_one_does(world: World) -> None:
    world.plan(world.event())
    world.sql("UPDATE conversion_deliveries SET next_attempt_at = now() + interval '10 minutes'")
    for _ in range(5):
        jobs.deliver(world.tenant_id, world.connection("org-1").id)
    assert timers() == 1
    world.sql("UPDATE conversion_deliveries SET next_attempt_at = now() + interval '1 minute'")
    for _ in range(5):
        jobs.deliver(world.tenant_id, world.connection("org-1").id)
    assert timers() == 2, "a sooner one is worth another timer"


def test_a_held_connection_makes_no_timer(world: World) -> None:
    world.plan(world.event())
    connection = world.connection("org-1").id
    world.sql("UPDATE connections SET state = 'needs_reconnect' WHERE id = :id", id=connection)
    jobs.deliver(world.tenant_id, connection)
    assert timers() == 0
    assert world.rows("org-1")[0].state == "pending"


def test_a_job_out_of_time_hands_over_to_another(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.plan(world.event())
    connection = world.connection("org-1").id
    monkeypatch.setattr(dispatch.run, "__kwdefaults__", {**(dispatch.run.__kwdefaults__ or {}), "budget_seconds": 0.0})
    jobs.deliver(world.tenant_id, connection)
    assert (world.tenant_id, connection) in waiting(world)
    assert world.rows("org-1")[0].state == "pending"


def test_without_valkey_waking_fails_silently_and_the_sweep_catches_up(world: World) -> None:
    connections = world.plan(world.order())
    given = {name: os.environ[name] for name in ("DATABASE_URL", "ADRAIL_SANDBOX_URL")}
    with use_environment(**given, REDIS_URL="redis://127.0.0.1:1/0"):
        wakeup.wake(world.tenant_id, connections)
    assert waiting(world) == []
    jobs.sweep()
    work()
    assert {row.state for row in world.rows()} == {"accepted"}


def test_the_sweep_leaves_alone_what_is_leased_or_not_due(world: World) -> None:
    world.plan(world.order())
    world.sql("UPDATE conversion_deliveries SET lease_until = now() + interval '1 minute' WHERE organizer_id IS NULL")
    world.sql(
        "UPDATE conversion_deliveries SET next_attempt_at = now() + interval '1 hour' WHERE organizer_id = :id",
        id=world.marketplace.organizers["org-1"],
    )
    jobs.sweep()
    assert waiting(world) == [(world.tenant_id, world.connection("org-2").id)]


def test_the_sweep_wakes_no_connection_that_waits_for_a_person(world: World) -> None:
    world.plan(world.order())
    world.sql("UPDATE connections SET state = 'needs_reconnect' WHERE organizer_id IS NOT NULL")
    jobs.sweep()
    assert waiting(world) == [(world.tenant_id, world.connection("market").id)]


@pytest.mark.parametrize("state", ["dead", "pending"])
def test_the_sweep_erases_addresses_of_what_did_not_leave_within_a_week(world: World, state: str) -> None:
    world.plan(world.order())
    world.sql("UPDATE conversion_deliveries SET state = :state", state=state)
    world.sql(
        "UPDATE conversion_deliveries SET received_at = now() - interval '8 days' WHERE organizer_id IS NULL",
    )
    jobs.sweep()
    kept = {row.organizer_id is None: row.sealed_client is not None for row in world.rows()}
    assert kept == {True: False, False: True}


def test_a_platform_that_hangs_costs_its_job_and_neither_the_worker_nor_the_row(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.jobs.JOB_TIMEOUT_SECONDS", 1)
    world.fault("slow", "org-1", seconds=30)
    wakeup.wake(world.tenant_id, world.plan(world.event()))
    work()
    assert {row.state for row in world.rows("market")} == {"accepted"}
    (row,) = world.rows("org-1")
    assert (row.state, row.reason, row.lease_until) == ("pending", reasons.RETRYING, None)
    (attempt,) = world.attempts(row.id)
    assert attempt.message.startswith("the plugin failed: JobTimeoutException")
