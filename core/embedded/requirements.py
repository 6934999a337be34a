"""What a PostgreSQL and a Valkey or Redis given from outside must be like, checked before anything relies on it."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from urllib.parse import urlsplit

import psycopg
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from core.embedded.errors import ServerRequirementError

_log = logging.getLogger(__name__)

MIN_POSTGRES_MAJOR = 15
MIN_REDIS_MAJOR = 7
_CONNECT_SECONDS = 10


@dataclass(frozen=True, slots=True)
class CheckedServer:
    """What was found; `notes` says what could be checked in a second-best way only."""

    product: str
    version: str
    notes: tuple[str, ...] = ()


def check_postgres(url: str) -> CheckedServer:
    """Accept PostgreSQL 15 or newer; raises `ServerRequirementError` otherwise, or when it cannot be reached."""
    try:
        with psycopg.connect(_libpq_url(url), connect_timeout=_CONNECT_SECONDS) as connection:
            number = connection.info.server_version
    except psycopg.Error as exc:
        raise ServerRequirementError(
            f"PostgreSQL at {_place(url)} cannot be used: {_first_line(exc)}. Check DATABASE_URL and the server."
        ) from exc
    return CheckedServer("PostgreSQL", require_postgres_version(number, _place(url)))


def require_postgres_version(number: int, place: str) -> str:
    """Return libpq's version number (180004) as text ("18.4"); raises `ServerRequirementError` when too old."""
    version = f"{number // 10000}.{number % 10000}"
    if number // 10000 < MIN_POSTGRES_MAJOR:
        raise ServerRequirementError(
            f"PostgreSQL at {place} is version {version}, but adrail needs {MIN_POSTGRES_MAJOR} or newer. "
            "Upgrade it, or leave DATABASE_URL unset to use the embedded one."
        )
    return version


def check_valkey(url: str) -> CheckedServer:
    """Accept Valkey, or Redis 7 or newer, that keeps an append-only file and never evicts.

    Raises `ServerRequirementError` naming the setting and how to change it. Where the server hides its configuration
    (managed ones do), what it reports about itself is taken instead, and the result's `notes` and the log say so.
    """
    try:
        with redis.Redis.from_url(
            url,
            decode_responses=True,
            socket_connect_timeout=_CONNECT_SECONDS,
            socket_timeout=_CONNECT_SECONDS,
            retry=Retry(NoBackoff(), 0),
        ) as client:
            info = _info(client)
            settings, notes = _settings(client, info)
    except (redis.RedisError, ValueError) as exc:
        raise ServerRequirementError(
            f"Valkey at {_place(url)} cannot be used: {_first_line(exc)}. Check REDIS_URL and the server."
        ) from exc
    product, version = product_of(info, _place(url))
    _check_durable(f"{product} at {_place(url)}", settings)
    for note in notes:
        _log.warning("%s at %s: %s", product, _place(url), note)
    return CheckedServer(product, version, notes)


def _check_durable(server: str, settings: dict[str, str]) -> None:
    if settings["appendonly"] != "yes":
        raise ServerRequirementError(
            f"{server} keeps no append-only file (appendonly {settings['appendonly']}): accepted events would be lost "
            "when it restarts. Set `appendonly yes` in its configuration file, or for now CONFIG SET appendonly yes."
        )
    if settings["maxmemory-policy"] != "noeviction" and settings["maxmemory"] != "0":
        raise ServerRequirementError(
            f"{server} may evict keys when memory is short (maxmemory-policy {settings['maxmemory-policy']}): accepted "
            "events and jobs would vanish. Set `maxmemory-policy noeviction`."
        )


def _info(client: redis.Redis) -> dict[str, str]:
    return {str(key): str(value) for key, value in dict(client.info()).items()}


def _settings(client: redis.Redis, info: dict[str, str]) -> tuple[dict[str, str], tuple[str, ...]]:
    try:
        found = client.config_get("appendonly", "maxmemory-policy", "maxmemory")
    except redis.ResponseError:
        reported = {
            "appendonly": "yes" if info.get("aof_enabled") == "1" else "no",
            "maxmemory-policy": info.get("maxmemory_policy", "unknown"),
            "maxmemory": info.get("maxmemory", "unknown"),
        }
        return reported, ("CONFIG GET is not allowed; that it keeps an append-only file is taken from INFO alone",)
    return {str(key): str(value) for key, value in dict(found).items()}, ()


def product_of(info: dict[str, str], place: str) -> tuple[str, str]:
    """Return product and version from an INFO answer; raises `ServerRequirementError` for a Redis that is too old."""
    if "valkey_version" in info:
        return "Valkey", info["valkey_version"]
    version = info.get("redis_version", "0")
    if int(version.split(".")[0]) < MIN_REDIS_MAJOR:
        raise ServerRequirementError(
            f"Redis at {place} is version {version}; adrail needs Valkey, or Redis {MIN_REDIS_MAJOR} or newer. "
            "Upgrade it, or leave REDIS_URL unset to use the embedded one."
        )
    return "Redis", version


def _libpq_url(url: str) -> str:
    return url.replace("postgresql+psycopg://", "postgresql://", 1)


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0].rstrip(".") or type(error).__name__


def _place(url: str) -> str:
    """Return host and port of a URL, without its credentials."""
    return urlsplit(url).netloc.rpartition("@")[2] or "the default address"
