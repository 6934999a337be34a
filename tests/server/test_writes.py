"""Every writing endpoint: takes an Idempotency-Key, repeats its answer, and leaves an entry in the audit log."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from adrail.sandbox import SandboxServer
from core.accounts.api import KEY_SCOPES, KeyWish, issue_key, verify_audit
from tests.marketplace import Marketplace
from tests.server.endpoints import WRITING, endpoints
from tests.server.writes import EXEMPT, WRITES, Backend

Admin = psycopg.Connection[tuple[Any, ...]]


@pytest.fixture
def bearer(marketplace: Marketplace) -> dict[str, str]:
    """A key that may everything that keys may."""
    wish = KeyWish("server", "everything", scopes=KEY_SCOPES["server"])
    return marketplace.bearer(issue_key(marketplace.staff, wish).key)


@pytest.fixture
def backend(marketplace: Marketplace, sandbox: SandboxServer, client: FlaskClient) -> Backend:
    """A marketplace with an order."""
    answer = client.post("/api/v1/orders", json=marketplace.order(), headers=marketplace.bearer())
    assert answer.status_code == 201, answer.text
    return Backend(marketplace, sandbox)


def entries(admin: Admin, marketplace: Marketplace) -> list[tuple[str, str]]:
    """(actor, action) of everything in the marketplace's audit log, oldest first."""
    query = "SELECT actor, action FROM audit_log WHERE tenant_id = %s ORDER BY id"
    return admin.execute(query, [marketplace.tenant_id]).fetchall()


def said(answer: TestResponse) -> tuple[int, bytes]:
    return answer.status_code, answer.get_data()


def test_every_writing_endpoint_is_known_here(app: Flask) -> None:
    served = {str(item) for item in endpoints(app, "/api/") if item.method in WRITING}
    assert served == {*WRITES, *EXEMPT}


@pytest.mark.parametrize("name", WRITES)
def test_it_is_done_once_answered_alike_and_audited(
    name: str, backend: Backend, client: FlaskClient, bearer: dict[str, str], admin_connection: Admin
) -> None:
    write = WRITES[name]
    method, path, body = name.partition(" ")[0], write.path(backend), write.body(backend)
    headers = {**bearer, "Idempotency-Key": "k-1"}
    before = entries(admin_connection, backend.marketplace)

    first = client.open(path, method=method, json=body, headers=headers)
    assert first.status_code in {200, 201, 204}, first.text
    assert "Idempotent-Replayed" not in first.headers
    new = entries(admin_connection, backend.marketplace)[len(before) :]

    again = client.open(path, method=method, json=body, headers=headers)
    assert said(again) == said(first)
    assert again.headers["Idempotent-Replayed"] == "true"
    other = client.open(path, method=method, json={**body, "more": 1}, headers=headers)
    assert (other.status_code, other.get_json()["code"]) == (409, "idempotency_key_reused")

    assert entries(admin_connection, backend.marketplace) == [*before, *new], "a repeated request changed something"
    assert [action for actor, action in new if actor.startswith("key:")] == ([write.audited] if write.audited else [])
    assert write.audited or write.instead
    assert verify_audit(backend.marketplace.tenant_id) is None
