"""Clocks jump, ahead and back, at the sender's and at ours: nothing is refused for long, done twice or given up."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from adrail import Retry, Throttled
from core.delivery.backoff import GIVE_UP_AFTER
from core.delivery.verdicts import PENDING, judge
from core.schedules import next_run
from core.token_buckets import Bucket, take
from core.valkey import client
from tests.tracking.events import event
from tracking.collector.service import clock_skew
from tracking.registry import registry
from tracking.registry.check import check_event

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
JUMPS = (-timedelta(days=366), -HOUR, -timedelta(minutes=6), timedelta(minutes=6), HOUR, timedelta(days=366))


@pytest.mark.parametrize("jump", JUMPS)
def test_a_sender_whose_clock_is_wrong_is_understood(jump: timedelta) -> None:
    """Its own time stamp of the batch tells how wrong; the event gets our time and keeps what was claimed."""
    theirs = NOW + jump
    sent = event(occurred_at=(theirs - timedelta(seconds=3)).isoformat())
    skew = clock_skew(theirs.isoformat(), NOW)
    verdict = check_event(registry(), sent, trusted=False, now=NOW, skew=skew)
    assert verdict.spec is not None
    assert verdict.occurred_at == NOW - timedelta(seconds=3)
    assert verdict.claimed_at == theirs - timedelta(seconds=3)


@pytest.mark.parametrize("jump", JUMPS)
def test_an_event_from_before_our_clock_jumped_is_judged_by_its_age(jump: timedelta) -> None:
    """It was made when our clocks agreed and comes after ours has jumped: within the limits of age it is taken."""
    sent = event(occurred_at=(NOW - jump).isoformat())
    verdict = check_event(registry(), sent, trusted=False, now=NOW, skew=clock_skew(NOW.isoformat(), NOW))
    in_time = -timedelta(minutes=5) <= jump <= timedelta(days=30)
    assert (verdict.spec is not None) is in_time
    assert in_time or verdict.code in {"too_new", "too_old"}


@pytest.mark.parametrize("jump", JUMPS)
@pytest.mark.parametrize("outcome", [Retry("away"), Throttled(60.0)])
def test_a_delivery_is_given_up_after_three_days_of_failing_by_one_clock_only(
    jump: timedelta, outcome: Retry | Throttled
) -> None:
    verdict = judge(outcome, attempts=3, failing_since=NOW, now=NOW + jump)
    assert (verdict.state == PENDING) is (jump < GIVE_UP_AFTER)
    if verdict.state == PENDING:
        assert verdict.wait is not None
        assert timedelta(0) <= verdict.wait <= max(timedelta(hours=1), GIVE_UP_AFTER - jump)


@pytest.mark.parametrize("jump", JUMPS)
def test_a_schedule_goes_on_from_where_the_clock_is(jump: timedelta) -> None:
    """What a jump ahead has passed over is due once, not once for every time that was missed."""
    due = next_run("*/5 * * * *", "UTC", NOW + jump)
    assert timedelta(0) < due - (NOW + jump) <= timedelta(minutes=5)


@pytest.mark.parametrize("back", [timedelta(minutes=1), HOUR, timedelta(days=366)])
def test_a_clock_set_back_refuses_nobody_who_was_active(database: str, back: timedelta) -> None:
    bucket = Bucket(f"clock:{back}", per_minute=3)
    assert take([bucket]) == 0
    _shift(bucket, back)
    assert [take([bucket]) for _ in range(3)] == [0, 0, 0]
    assert 0 < take([bucket]) <= 20


def test_a_clock_set_ahead_fills_a_bucket_once(database: str) -> None:
    bucket = Bucket("clock:ahead", per_minute=3)
    assert [take([bucket]) for _ in range(3)] == [0, 0, 0]
    _shift(bucket, -HOUR)
    assert [take([bucket]) for _ in range(3)] == [0, 0, 0]
    assert take([bucket]) > 0


def _shift(bucket: Bucket, by: timedelta) -> None:
    """Let a bucket have been stored at another time."""
    stored = client().get(bucket.key)
    assert isinstance(stored, bytes)
    level, _, at = stored.partition(b" ")
    client().set(bucket.key, b"%b %.6f" % (level, float(at) + by.total_seconds()))
