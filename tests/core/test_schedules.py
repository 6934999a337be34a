"""Schedules: claimed once however many tick, caught up once after downtime, in the tenant's own time."""

from __future__ import annotations

import json
import threading
import zlib
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from rq.job import Job
from rq.serializers import JSONSerializer
from structlog.testing import capture_logs

from core.jobs import DEFAULT, QUEUES, enqueue, queue
from core.schedules import INSTALLATION, ensure_schedules, next_run, tick
from core.valkey import client
from server.worker import TICK_JOB, Cron, TickJob, Worker
from tests.marketplace import Marketplace

Admin = psycopg.Connection[tuple[Any, ...]]


@pytest.fixture(autouse=True)
def clean(admin_connection: Admin) -> None:
    """No schedules, nothing queued."""
    admin_connection.execute("DELETE FROM schedules")
    client().flushdb()


def queued(name: str = DEFAULT) -> list[str]:
    """Functions of the jobs that wait, oldest first."""
    return [str(job.func_name) for job in queue(name).jobs]


def stored_call(job: Job) -> Any:
    """What of a job lies in Valkey: function, instance, arguments, keywords; JSON under RQ's own compression."""
    data = client().hget(job.key, "data")
    assert isinstance(data, bytes)
    return json.loads(zlib.decompress(data))


def make_due(admin: Admin, ago: timedelta = timedelta(seconds=1)) -> None:
    """Let everything have been due for a while."""
    admin.execute("UPDATE schedules SET next_run_at = now() - %s", [ago])


def add(admin: Admin, job: str, *, cron: str = "0 * * * *", zone: str = "UTC", tenant: int | None = None) -> None:
    """Add a schedule that is due."""
    admin.execute(
        "INSERT INTO schedules (tenant_id, job, queue, cron, zone, next_run_at) VALUES (%s, %s, %s, %s, %s, now())",
        [tenant, job, DEFAULT, cron, zone],
    )


def test_nothing_runs_before_its_time(admin_connection: Admin) -> None:
    ensure_schedules()
    assert tick() == []
    assert queued() == []


def test_due_jobs_are_enqueued_once_and_planned_again(admin_connection: Admin) -> None:
    ensure_schedules()
    make_due(admin_connection)
    assert sorted(tick()) == sorted(item.job for item in INSTALLATION)
    assert tick() == []
    assert sorted(queued()) == sorted(item.job for item in INSTALLATION)
    rows = admin_connection.execute(
        "SELECT next_run_at > now(), runs, last_run_at IS NOT NULL FROM schedules"
    ).fetchall()
    assert set(rows) == {(True, 1, True)}


def test_what_was_missed_for_days_runs_once(admin_connection: Admin) -> None:
    add(admin_connection, "core.delivery.jobs.sweep", cron="*/5 * * * *")
    make_due(admin_connection, timedelta(days=3))
    assert tick() == ["core.delivery.jobs.sweep"]
    assert tick() == []
    assert queued() == ["core.delivery.jobs.sweep"]


def test_many_schedulers_at_once_enqueue_every_job_once(admin_connection: Admin) -> None:
    jobs = [f"core.jobs.nothing_{number}" for number in range(40)]
    for job in jobs:
        add(admin_connection, job)
    barrier = threading.Barrier(4)

    def tick_together(_: int) -> list[str]:
        barrier.wait()
        return tick()

    with ThreadPoolExecutor(4) as pool:
        claimed = [job for found in pool.map(tick_together, range(4)) for job in found]
    assert sorted(claimed) == sorted(jobs)
    assert sorted(queued()) == sorted(jobs)


def test_a_tenants_job_is_told_its_tenant(admin_connection: Admin, marketplace: Marketplace) -> None:
    add(admin_connection, "core.jobs.nothing", tenant=marketplace.tenant_id)
    tick()
    [job] = queue(DEFAULT).jobs
    assert list(job.args) == [marketplace.tenant_id]


@pytest.mark.parametrize(("cron", "zone"), [("nonsense", "UTC"), ("0 * * * *", "Mars/Olympus"), ("0 * * *", "UTC")])
def test_a_schedule_that_cannot_be_read_does_not_stop_the_others(admin_connection: Admin, cron: str, zone: str) -> None:
    add(admin_connection, "core.jobs.unreadable", cron=cron, zone=zone)
    add(admin_connection, "core.jobs.fine")
    with capture_logs() as logs:
        assert tick() == ["core.jobs.fine"]
        assert tick() == []
    assert [line["job"] for line in logs] == ["core.jobs.unreadable"]


def test_the_installations_schedules_follow_the_code(admin_connection: Admin) -> None:
    add(admin_connection, "core.jobs.of_an_older_version")
    add(admin_connection, INSTALLATION[0].job, cron="0 0 1 1 *")
    add(admin_connection, INSTALLATION[1].job, cron=INSTALLATION[1].cron)
    ensure_schedules()
    rows: dict[str, str] = dict(admin_connection.execute("SELECT job, cron FROM schedules").fetchall())
    assert rows == {item.job: item.cron for item in INSTALLATION}
    # Unchanged rhythms keep their time: a restart must not postpone what is due.
    assert tick() == [INSTALLATION[1].job]


def test_every_scheduled_function_exists() -> None:
    for item in INSTALLATION:
        assert callable(Job.create(item.job, connection=client(), serializer=JSONSerializer).func)
        assert item.queue in QUEUES


def test_cron_enqueues_a_tick_as_json(database: str) -> None:
    cron = Cron(client())
    [job] = cron.get_jobs()
    assert isinstance(job, TickJob)
    assert (job.cron, job.func_name) == ("* * * * *", TICK_JOB)
    job.next_enqueue_time = datetime.now(UTC) - timedelta(minutes=5)
    assert cron.enqueue_jobs() == [job]
    assert cron.enqueue_jobs() == []
    [made] = queue(DEFAULT).jobs
    assert stored_call(made) == [TICK_JOB, None, [], {}]


def test_a_worker_runs_the_tick_and_what_it_finds(admin_connection: Admin) -> None:
    ensure_schedules()
    make_due(admin_connection)
    TickJob(queue_name=DEFAULT, func=tick, cron="* * * * *").enqueue(client())
    Worker(QUEUES).work(burst=True, logging_level=None)
    assert queued() == []
    assert all(queue(name).failed_job_registry.count == 0 for name in QUEUES)
    assert admin_connection.execute("SELECT sum(runs) FROM schedules").fetchone() == (len(INSTALLATION),)


def test_jobs_go_to_known_queues_as_json_and_leave_no_result(database: str) -> None:
    job = enqueue(DEFAULT, "core.jobs.nothing", 7, "seven")
    assert (job.retries_left, job.retry_intervals, job.result_ttl) == (3, [1, 10, 60], 0)
    assert stored_call(job) == ["core.jobs.nothing", None, [7, "seven"], {}]
    with pytest.raises(ValueError, match="unknown queue 'conversation'; known: conversions"):
        enqueue("conversation", "core.jobs.nothing")


def runs(cron: str, after: str, number: int) -> list[str]:
    """The next runs in Bucharest's time, in UTC."""
    moment, found = datetime.fromisoformat(after), []
    for _ in range(number):
        moment = next_run(cron, "Europe/Bucharest", moment)
        found.append(moment.strftime("%d %H:%M"))
    return found


def test_times_follow_the_zone_over_the_years_two_clock_changes() -> None:
    assert runs("0 9 * * *", "2026-03-28T12:00:00Z", 2) == ["29 06:00", "30 06:00"]
    assert runs("0 9 * * *", "2026-10-24T12:00:00Z", 2) == ["25 07:00", "26 07:00"]


def test_an_hour_that_does_not_exist_is_made_up_for_and_one_that_comes_twice_counts_once() -> None:
    assert runs("30 3 * * *", "2026-03-28T12:00:00Z", 2) == ["29 01:00", "30 00:30"]
    assert runs("30 3 * * *", "2026-10-24T12:00:00Z", 3) == ["25 00:30", "26 01:30", "27 01:30"]
    assert runs("30 * * * *", "2026-10-25T00:00:00Z", 3) == ["25 00:30", "25 01:30", "25 02:30"]
