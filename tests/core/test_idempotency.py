"""Idempotency-Key over HTTP: repeated requests, requests that are still at work, and ones that died."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from core import idempotency
from tests.marketplace import Marketplace

Connection = psycopg.Connection[tuple[object, ...]]


def place(client: FlaskClient, shop: Marketplace, order: dict[str, Any], key: str = "k-1") -> TestResponse:
    return client.post("/api/v1/orders", json=order, headers={**shop.bearer(), "Idempotency-Key": key})


def test_a_repeated_request_gets_the_first_answer(client: FlaskClient, marketplace: Marketplace) -> None:
    order = marketplace.order()
    first, second = place(client, marketplace, order), place(client, marketplace, order)
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.get_json() == second.get_json()
    assert second.headers["Idempotent-Replayed"] == "true"


def test_a_key_belongs_to_one_request(client: FlaskClient, marketplace: Marketplace) -> None:
    assert place(client, marketplace, marketplace.order("A-1")).status_code == 201
    answer = place(client, marketplace, marketplace.order("A-2"))
    assert (answer.status_code, answer.get_json()["code"]) == (409, "idempotency_key_reused")


def test_an_error_leaves_the_key_free(client: FlaskClient, marketplace: Marketplace) -> None:
    order = marketplace.order()
    assert place(client, marketplace, {**order, "currency": "no such"}).status_code == 422
    assert place(client, marketplace, order).status_code == 201


def test_a_request_at_work_keeps_its_key_until_it_dies(
    client: FlaskClient, marketplace: Marketplace, database: str
) -> None:
    order = marketplace.order()
    lock = {"name": f"idempotency {marketplace.tenant_id} orders k-1"}
    with psycopg.connect(database) as other:
        other.execute(str(idempotency.LOCK).replace(":name", "%(name)s").encode(), lock)
        answer = place(client, marketplace, order)
        assert (answer.status_code, answer.get_json()["code"]) == (409, "request_in_progress")
    assert place(client, marketplace, order).status_code == 201


def test_many_requests_at_once_do_not_starve_each_other(app: Flask, marketplace: Marketplace) -> None:
    def send(number: int) -> int:
        return place(app.test_client(), marketplace, marketplace.order(f"A-{number}"), f"k-{number}").status_code

    with ThreadPoolExecutor(20) as pool:
        assert set(pool.map(send, range(40))) == {201}


@pytest.mark.parametrize("key", ["", "x" * 256, "café"])
def test_an_unusable_key_is_named(client: FlaskClient, marketplace: Marketplace, key: str) -> None:
    answer = place(client, marketplace, marketplace.order(), key)
    assert answer.status_code == 422
    assert answer.get_json()["errors"][0]["pointer"] == "/Idempotency-Key"
