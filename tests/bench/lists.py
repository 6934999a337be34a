"""How quickly lists answer on a marketplace of full size: every page and endpoint, with search and filters."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from typing import Any

import httpx
import psycopg

from tests.bench import catalogue_lists, order_lists, overview_lists
from tests.bench.list_cases import ListCase, ListSource
from tests.bench.load import milliseconds
from tests.installation import Installation

SOURCES: tuple[ListSource, ...] = (catalogue_lists.SOURCE, order_lists.SOURCE, overview_lists.SOURCE)
"""Whoever has lists adds how to fill them, and what to ask."""
TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')
MOST = 60
LEAST = 20


def lists(installation: Installation, seconds: float) -> dict[str, Any]:
    """Fill the demo marketplace with set-based SQL, then ask for every list, one request after the other."""
    facts = installation.facts
    filled = {name: took for source in SOURCES for name, took in _fill(source, facts)}
    cases = [case for source in SOURCES for case in source.cases]
    slowest: dict[str, dict[str, Any]] = {}
    with closing(_staff(facts)) as browser, closing(_backend(facts)) as backend:
        for case in cases:
            client = browser if case.page else backend
            slowest[case.name] = _measure(client, case, seconds / len(cases))
    worst = max(slowest, key=lambda name: float(slowest[name]["p95_ms"]))
    return {
        "value": slowest[worst]["p95_ms"],
        "unit": f"ms p95 of the slowest list ({worst})",
        "n": sum(case["n"] for case in slowest.values()),
        "lists": slowest,
        "filled_seconds": filled,
    }


def _fill(source: ListSource, facts: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    started = time.perf_counter()
    with psycopg.connect(facts["database_url"], autocommit=True) as connection:
        # References of millions of rows, checked one by one, would take longer than all the rest.
        for what in ("DISABLE TRIGGER ALL", "ENABLE TRIGGER USER"):
            _alter(connection, source, what)
        for statement in source.fill:
            connection.execute(statement, {"tenant": facts["tenant_id"]})
        _alter(connection, source, "ENABLE TRIGGER ALL")
        for table in source.tables:
            connection.execute(f"VACUUM ANALYZE {table}".encode())
        yield source.name, round(time.perf_counter() - started, 1)


def _alter(connection: psycopg.Connection[Any], source: ListSource, what: str) -> None:
    for table in source.tables:
        connection.execute(f"ALTER TABLE {table} {what}".encode())


def _measure(client: httpx.Client, case: ListCase, seconds: float) -> dict[str, Any]:
    """Ask at least twenty times; what a first request prepares for the next ones is not counted."""
    path = _path(client, case)
    took: list[float] = []
    until = time.perf_counter() + seconds
    while len(took) <= LEAST or (len(took) <= MOST and time.perf_counter() < until):
        started = time.perf_counter()
        answer = client.get(path)
        took.append(time.perf_counter() - started)
        assert answer.status_code == 200, f"{case.name}: {answer.status_code} {answer.text[:300]}"
    return {"n": len(took) - 1, "p50_ms": milliseconds(took[1:], 50), "p95_ms": milliseconds(took[1:], 95)}


def _path(client: httpx.Client, case: ListCase) -> str:
    """The address of a case; a deep one goes on from the page before."""
    if not case.deep:
        return case.path
    answer = client.get(case.path)
    assert answer.status_code == 200, f"{case.name}: {answer.status_code} {answer.text[:300]}"
    return f"{case.path}{'&' if '?' in case.path else '?'}cursor={answer.json()['next_cursor']}"


def _backend(facts: Mapping[str, Any]) -> httpx.Client:
    return httpx.Client(
        base_url=facts["base_url"], headers={"Authorization": f"Bearer {facts['server_key']}"}, timeout=60
    )


def _staff(facts: Mapping[str, Any]) -> httpx.Client:
    client = httpx.Client(base_url=facts["base_url"], timeout=60)
    found = TOKEN.search(client.get("/sign-in").text)
    assert found, "the sign-in page has no form"
    fields = {"csrf_token": found[1], "email": facts["admin_email"], "password": facts["admin_password"]}
    assert client.post("/sign-in", data=fields).status_code == 302
    return client


BENCHMARKS: tuple[Callable[[Installation, float], dict[str, Any]], ...] = (lists,)
