"""A jump of the clock: every deadline that is stored comes nearer by the same time, as if it had passed at once.

Nothing is waited for, and nothing of adrail is replaced: leases, back-offs, pauses and expiring keys run out just as
they do when the machine's clock is set, or when a laptop wakes up.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import Any

import redis
from rq import Queue
from rq.serializers import JSONSerializer

from tests.chaos.rail import Rail

# Table, column, condition.
DEADLINES = (
    ("conversion_deliveries", "next_attempt_at", "state = 'pending'"),
    ("conversion_deliveries", "lease_until", "state = 'pending'"),
    ("connections", "resume_at", "true"),
    ("schedules", "next_run_at", "true"),
)
RQ_DEADLINES = ("rq:scheduled:*", "rq:wip:*")
TIMERS = "adrail:deliver:timer:*"
TICK = "core.schedules.tick"


def jump(rail: Rail, ahead: timedelta) -> None:
    """Move all clocks of an installation ahead, or back; a tick is due at once, as at every full minute."""
    with rail.database() as connection:
        for table, column, condition in DEADLINES:
            connection.execute(f"UPDATE {table} SET {column} = {column} - %s WHERE {condition}".encode(), [ahead])
    with rail.valkey() as valkey:
        for key in valkey.scan_iter(count=1000):
            _expire_sooner(valkey, key, ahead)
        for pattern in RQ_DEADLINES:
            for key in valkey.scan_iter(pattern):
                for member, _ in valkey.zscan_iter(key):
                    valkey.zincrby(key, -ahead.total_seconds(), member)
        for stream in valkey.scan_iter("adrail:events:*", _type="stream"):
            _older_claims(valkey, stream, ahead)
        Queue("default", connection=valkey, serializer=JSONSerializer).enqueue(TICK, result_ttl=0)


def _expire_sooner(valkey: redis.Redis, key: bytes, ahead: timedelta) -> None:
    left = valkey.pttl(key)
    if left > 0:
        if key.startswith(TIMERS.rstrip("*").encode()):
            planned = valkey.get(key)
            if planned is not None:
                valkey.set(key, float(planned) - ahead.total_seconds(), keepttl=True)
        valkey.pexpire(key, max(1, left - int(ahead.total_seconds() * 1000)))


def _older_claims(valkey: redis.Redis, stream: bytes, ahead: timedelta) -> None:
    """Entries that a reader took look as if it had them for longer."""
    with suppress(redis.ResponseError):  # a stream nobody reads in a group
        groups: Any = valkey.xinfo_groups(stream)
        for group in groups:
            pending: Any = valkey.xpending_range(stream, group["name"], "-", "+", 10_000)
            for item in pending:
                idle = max(0, item["time_since_delivered"] + int(ahead.total_seconds() * 1000))
                valkey.xclaim(stream, group["name"], item["consumer"], 0, [item["message_id"]], idle=idle, justid=True)
