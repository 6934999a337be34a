"""Runs all checks in their order; what depends on a server that is away is not even tried."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

import redis
from sqlalchemy.exc import SQLAlchemyError

from core.config import ConfigError, settings
from core.registry import PluginError, check_endpoints, registry
from server.doctor import archive, database, edge, secrets, stream, work
from server.doctor.findings import Check, Finding, State, fail, ok, warn

DATABASE: Sequence[Check] = (
    database.roles, database.migrations, database.row_level_security, database.partitions, database.connections,
    work.clocks, archive.place, archive.months,
)  # fmt: skip
VALKEY: Sequence[Check] = (
    stream.memory, stream.backlog, stream.readers, stream.set_aside, stream.clocks, work.workers,
)  # fmt: skip
BOTH: Sequence[Check] = (work.schedules, work.outbox, work.deliveries, work.connections, secrets.keys, edge.ready)


def examine(*, probe: bool = False, tenant: str | None = None) -> Iterator[Finding]:
    """Yield findings as they come; never raises for what is wrong with the installation."""
    try:
        config = settings()
    except ConfigError as exc:
        yield fail("settings", str(exc), "Correct the environment; `adrail config` prints what is in force.")
        return
    yield _environment(config.env, config.base_url)
    yield from _plugins()
    found = [*_run(database.reachable), *_run(stream.reachable)]
    yield from found
    away = {item.check for item in found if item.state is State.FAIL}
    for needs, checks in (({"database"}, DATABASE), ({"valkey"}, VALKEY), ({"database", "valkey"}, BOTH)):
        if not needs & away:
            for check in checks:
                yield from _run(check)
    if probe and not away:
        yield from _run(lambda: edge.probe(tenant))


def _run(check: Callable[[], Iterable[Finding]]) -> Iterator[Finding]:
    try:
        yield from check()
    except (SQLAlchemyError, redis.RedisError) as exc:
        name = getattr(check, "__name__", "check").replace("_", " ")
        reason = type(getattr(exc, "orig", None) or exc).__name__
        yield fail(name, f"could not be checked: {reason}", "See the findings before this one; is the schema migrated?")


def _environment(env: str, base_url: str) -> Finding:
    if env != "production" and base_url.startswith("https://"):
        return warn(
            "settings",
            f"complete, but ADRAIL_ENV is {env} while {base_url} looks like the real thing",
            "Set ADRAIL_ENV=production: it refuses sandboxes and demo data.",
        )
    return ok("settings", f"complete, for {env}")


def _plugins() -> Iterator[Finding]:
    try:
        check_endpoints(settings())
    except (PluginError, ConfigError) as exc:
        yield fail("plugins", str(exc), "Repair or remove it: no process starts like this.")
        return
    platforms = registry().all()
    if platforms:
        yield ok("plugins", ", ".join(item.slug for item in platforms))
    else:
        yield warn("plugins", "none is installed", "Install a distribution that offers platforms.")
