"""Checks of Valkey and of the way from it into the database."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import redis

from core.config import settings
from core.embedded.errors import ServerRequirementError
from core.embedded.requirements import check_valkey
from core.events.api import lanes, shards, streams
from core.valkey import client
from server import vitals
from server.doctor.findings import Finding, fail, graded, ok, warn
from tracking.ingest.entries import DEAD_STREAM, GROUP

STUCK_MS = 120_000


def reachable() -> Iterator[Finding]:
    """The server answers, keeps an append-only file and never evicts; without it nothing else of it is checked."""
    try:
        found = check_valkey(settings().redis_url.get_secret_value())
    except ServerRequirementError as exc:
        yield fail("valkey", str(exc), "Start it or change its settings, or correct REDIS_URL.")
        return
    fsync = ""
    with suppress(redis.ResponseError):  # managed servers hide their configuration
        answer: Any = client().config_get("appendfsync")
        fsync = str(answer.get("appendfsync", ""))
    says = f"{found.product} {found.version} answers, append-only file on"
    if fsync == "no":
        yield warn(
            "valkey", f"{says}, but appendfsync is no: seconds of events can be lost", "Set `appendfsync always`."
        )
    else:
        lost = "; up to one second of events is lost at a power cut" if fsync == "everysec" else ""
        yield ok("valkey", f"{says}{f', appendfsync {fsync}' if fsync else ''}{lost}")


def memory() -> Iterator[Finding]:
    """There is room, and what is accepted gets to the disk."""
    info: Any = client().info()
    used, most = int(info["used_memory"]), int(info.get("maxmemory", 0))
    megabytes = f"{used / 2**20:.0f} MB"
    if most:
        yield graded(
            "valkey memory",
            used / most,
            f"{megabytes} of {most / 2**20:.0f} MB in use",
            "Is ingest keeping up? Otherwise raise maxmemory: at the limit nothing is accepted any more.",
            warn_from=0.7,
            fail_from=0.9,
        )
    else:
        yield ok("valkey memory", f"{megabytes} in use, no limit set")
    bad = [name for name in ("aof_last_write_status", "aof_last_bgrewrite_status") if info.get(name, "ok") != "ok"]
    if bad:
        yield fail("valkey disk", f"{', '.join(bad)} is not ok", "Free space on its disk, then look at its log.")


def backlog() -> Iterator[Finding]:
    """What was accepted is stored soon."""
    most = settings().stream_max_entries
    waiting = {shard: sum(int(client().xlen(name)) for name in (shard, *lanes(shard))) for shard in shards()}
    fullest = max(waiting.values())
    yield graded(
        "waiting events",
        fullest / most,
        f"{sum(waiting.values())} requests wait to be stored, the fullest stream holds {fullest} of {most}",
        "Run more `adrail ingest` processes, and look at the database: full streams answer 503.",
        warn_from=0.25,
        fail_from=0.9,
    )
    oldest = max((vitals.oldest_seconds(name) for name in waiting), default=0.0)
    yield graded(
        "oldest waiting event",
        oldest,
        f"waits for {oldest:.0f} s" if oldest else "nothing waits",
        "Is `adrail ingest` running, and what does its log say?",
        warn_from=30,
        fail_from=300,
    )


def readers() -> Iterator[Finding]:
    """Somebody stores what is accepted, and nothing is stuck with a reader that is gone."""
    alive = min(vitals.readers(name) for name in shards())
    stuck = sum(_stuck(name) for name in streams())
    if alive:
        yield ok("ingest", f"{alive} reading")
    else:
        yield fail("ingest", "nobody stores what is accepted", "Start `adrail ingest`.")
    if stuck:
        yield warn(
            "unfinished events",
            f"{stuck} requests were taken over {STUCK_MS // 1000} s ago and are not stored yet",
            "Look at ingest's log: the database may refuse or be slow.",
        )


def _stuck(stream: str) -> int:
    try:
        return len(client().xpending_range(stream, GROUP, "-", "+", 1000, idle=STUCK_MS))
    except redis.ResponseError:  # no such group
        return 0


def set_aside() -> Iterator[Finding]:
    """Nothing had to be set aside."""
    count = int(client().xlen(DEAD_STREAM))
    if count:
        yield warn(
            "events set aside",
            f"{count} requests could not be stored and are kept in {DEAD_STREAM}",
            "Each names its reason there, and ingest's log says «set aside»; remove them once they are understood.",
        )
    else:
        yield ok("events set aside", "none")


def clocks(now: Any = time.time) -> Iterator[Finding]:
    """Valkey's clock agrees with ours."""
    before = now()
    seconds, microseconds = client().time()
    skew = abs(seconds + microseconds / 1e6 - (before + now()) / 2)
    yield graded(
        "clock of valkey",
        skew,
        f"{skew * 1000:.0f} ms from ours",
        "Let both machines follow the same time servers (chrony or systemd-timesyncd).",
        warn_from=1,
        fail_from=5,
    )
