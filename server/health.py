"""Liveness and readiness."""

from __future__ import annotations

from collections.abc import Callable

import redis
from flask import Flask, Response, jsonify
from sqlalchemy.exc import SQLAlchemyError

from core.db.migrate import pending_revisions
from core.db.session import APP, engine
from core.valkey import client


def mount(app: Flask) -> None:
    """Add `/healthz` and `/readyz`."""
    app.add_url_rule("/healthz", "healthz", _healthz)
    app.add_url_rule("/readyz", "readyz", _readyz)


def _healthz() -> Response:
    return jsonify(status="alive")


def _readyz() -> Response:
    checks = {"database": _check(_database), "valkey": _check(_valkey), "migrations": _check(_migrations)}
    ready = all(state == "ok" for state in checks.values())
    response = jsonify(status="ready" if ready else "not ready", checks=checks)
    response.status_code = 200 if ready else 503
    return response


def _check(probe: Callable[[], str]) -> str:
    try:
        return probe()
    except (SQLAlchemyError, redis.RedisError) as exc:
        return f"away: {type(exc).__name__}"


def _database() -> str:
    with engine(APP).connect() as connection:
        connection.exec_driver_sql("SELECT 1")
    return "ok"


def _valkey() -> str:
    client().ping()
    return "ok"


def _migrations() -> str:
    with engine(APP).connect() as connection:
        pending = pending_revisions(connection)
    return "ok" if not pending else f"pending: {', '.join(pending)}; run `adrail migrate`"
