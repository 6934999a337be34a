"""Every endpoint that takes JSON refuses what is too large, too deep, too much, or no JSON at all, and says so."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass

import psycopg
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from werkzeug.test import TestResponse

from core.db.session import APP, MAINTAINER, anonymous_session, engine
from tests.marketplace import make_marketplace
from tests.process_state import use_environment
from tests.security.attack import READING, Target, targets
from tests.security.fingerprint import changes, fingerprint
from tests.security.prey import Looking, settle
from tests.security.principals import key_of_kind

MIB = 1024 * 1024
PROBLEM = {"type", "title", "status", "code", "detail", "errors", "request_id"}
TOO_LARGE, BOMB = b"[" + b"0," * (5 * MIB) + b"0]", gzip.compress(b'{"a":"' + b" " * (64 * MIB) + b'"}')


@dataclass(frozen=True, slots=True)
class Refusal:
    """A body with its headers, and the statuses that say what is wrong with it."""

    body: bytes
    statuses: frozenset[int]
    content_type: str = "application/json"
    encoding: str = ""


REFUSALS = {
    "10 MiB": Refusal(TOO_LARGE, frozenset({413})),
    "a bomb": Refusal(BOMB, frozenset({400, 413, 415}), encoding="gzip"),
    "an unknown encoding": Refusal(b"{}", frozenset({415}), encoding="br"),
    "damaged gzip": Refusal(gzip.compress(b"{}")[:-3], frozenset({400, 415}), encoding="gzip"),
    "a depth of 5,000": Refusal(b'{"a":' * 5_000 + b"1" + b"}" * 5_000, frozenset({400, 422})),
    "300,000 values": Refusal(b'{"a":[' + b"0," * 300_000 + b"0]}", frozenset({400, 413, 422})),
    "100,000 names": Refusal(
        json.dumps(dict.fromkeys(map(str, range(250_000)), 0)).encode(), frozenset({400, 413, 422})
    ),
    "NUL": Refusal(b'{"a":"\\u0000"}', frozenset({400, 422})),
    "half a surrogate": Refusal(b'{"a":"\\ud800"}', frozenset({400, 422})),
    "no UTF-8": Refusal(b'{"a":"\xff"}', frozenset({400, 422})),
    "no JSON": Refusal(b"{", frozenset({400, 422})),
    "NaN": Refusal(b'{"a":NaN}', frozenset({400, 422})),
    "a number without end": Refusal(b'{"a":' + b"9" * 5_000 + b"}", frozenset({400, 422})),
    "a list": Refusal(b"[]", frozenset({400, 422})),
    "a number": Refusal(b"7", frozenset({400, 422})),
}


@pytest.fixture(scope="module")
def looking(database: str) -> Iterator[Looking]:
    """A superuser's connection, for looking only."""
    with psycopg.connect(database, autocommit=True) as connection:
        yield connection


def test_every_endpoint_refuses_what_it_cannot_take(app: Flask, looking: Looking) -> None:
    limits = {"ADRAIL_RATE_PER_VISITOR": "1000000000", "ADRAIL_RATE_PER_ADDRESS": "1000000000"}
    with use_environment(**limits):
        marketplace = make_marketplace()
        own = settle(looking, marketplace, "ownword")
        headers = marketplace.collect_headers() | marketplace.bearer(key_of_kind(marketplace, "server", "ownword"))
        client = app.test_client()
        findings, tried = [], 0
        before = fingerprint(looking)
        for target in _taking_bodies(app):
            path = target.path(app, {name: own.ids[kind] for name, kind in target.ids.items()})
            for what, refusal in REFUSALS.items():
                tried += 1
                answer = _send(client, target.method, path, refusal, headers)
                findings += [f"{target.name} with {what}: {text}" for text in _unclear(answer, refusal.statuses)]
    assert not findings, "\n".join(findings)
    assert tried > 100
    assert changes(before, fingerprint(looking)) == []


def _taking_bodies(app: Flask) -> list[Target]:
    """Endpoints whose description tells of a body; actions without one read none."""
    document = app.test_client().get("/api/openapi.json").get_json()
    taking = {
        (method.upper(), path)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if "requestBody" in operation
    }
    writing = [target for target in targets(app) if target.is_api and target.method not in READING]
    return [target for target in writing if (target.method, target.described) in taking]


def _send(client: FlaskClient, method: str, path: str, refusal: Refusal, headers: dict[str, str]) -> TestResponse:
    sent = headers | {"Content-Type": refusal.content_type}
    if refusal.encoding:
        sent |= {"Content-Encoding": refusal.encoding}
    return client.open(path, method=method, data=refusal.body, headers=sent, buffered=True)


def _unclear(answer: TestResponse, statuses: frozenset[int]) -> Iterator[str]:
    if answer.status_code == 202 and answer.get_json()["rejected"] == 1:
        return  # the collector says so of the event, not of the request
    if answer.status_code not in statuses:
        yield f"{answer.status_code} instead of {sorted(statuses)}: {answer.get_data(as_text=True)[:200]}"
    elif answer.content_type != "application/problem+json" or set(answer.get_json()) != PROBLEM:
        yield f"{answer.content_type} {answer.get_data(as_text=True)[:200]}"


def test_forms_are_bounded_too(app: Flask, looking: Looking) -> None:
    client = app.test_client()
    for path in ("/sign-in", "/demo/cart", "/forgot-password"):
        large = client.post(path, data={"email": "x" * (9 * MIB)}, buffered=True)
        many = client.post(path, data={str(number): "x" for number in range(20_000)}, buffered=True)
        assert (large.status_code, many.status_code < 500) == (413, True), path


def test_a_statement_that_takes_too_long_is_ended(looking: Looking) -> None:
    with anonymous_session() as session:
        session.execute(text("SET LOCAL statement_timeout = '50ms'"))
        with pytest.raises(OperationalError, match="statement timeout"):
            session.execute(text("SELECT pg_sleep(5)"))
        session.rollback()
    for role in (APP, MAINTAINER):
        with engine(role).connect() as connection:
            assert connection.scalar(text("SHOW statement_timeout")) not in {"0", None}
