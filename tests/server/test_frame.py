"""What every answer has in common: one kind of error, a request id, nothing that breaks on odd input."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families
from structlog.testing import capture_logs
from werkzeug.test import TestResponse

from tests.marketplace import Marketplace
from tests.process_state import use_environment

Admin = psycopg.Connection[tuple[Any, ...]]
ORDERS = "/api/v1/orders"
DATABASE_AWAY = {"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nothing"}
VALKEY_AWAY = {"REDIS_URL": "redis://127.0.0.1:1/0"}


def problem(answer: TestResponse, status: int, code: str) -> dict[str, Any]:
    """The body of an error, after checking that it has the shape every error has."""
    assert answer.content_type == "application/problem+json", answer.text
    body: dict[str, Any] = answer.get_json()
    assert set(body) == {"type", "title", "status", "code", "detail", "errors", "request_id"}
    assert (answer.status_code, body["status"], body["code"]) == (status, status, code)
    assert body["type"] == f"urn:adrail:problem:{code}"
    assert body["title"]
    assert body["detail"]
    assert body["request_id"] == answer.headers["X-Request-Id"]
    assert all(set(item) == {"pointer", "rule", "message"} for item in body["errors"])
    return body


@contextmanager
def without_table(admin: Admin, table: str) -> Iterator[None]:
    """A database in which one table is missing, as after a wrong deployment."""
    admin.execute(f"ALTER TABLE {table} RENAME TO {table}_gone")
    try:
        yield
    finally:
        admin.execute(f"ALTER TABLE {table}_gone RENAME TO {table}")


@pytest.mark.parametrize("path", ["/api/nothing", "/api/v1/nothing", "/api/tx/nothing", "/sdk/nothing.js"])
def test_an_unknown_address(client: FlaskClient, path: str) -> None:
    problem(client.get(path), 404, "not_found")


def test_a_method_that_is_not_served_names_those_that_are(client: FlaskClient) -> None:
    answer = client.delete(ORDERS)
    problem(answer, 405, "method_not_allowed")
    assert set(answer.headers["Allow"].split(", ")) == {"GET", "HEAD", "POST"}


def test_a_body_that_is_not_declared_as_json(client: FlaskClient, marketplace: Marketplace) -> None:
    answer = client.post(ORDERS, data="external_id=A-1", headers=marketplace.bearer())
    assert "Content-Type: application/json" in problem(answer, 415, "unsupported_media_type")["detail"]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "invalid_json"),
        (b"{", "invalid_json"),
        (b'{"a": NaN}', "invalid_json"),
        (b'{"a": "\\ud800"}', "invalid_json"),
        (b"\xff\xfe", "invalid_json"),
        (b'{"external_id": "A\\u0000"}', "nul"),
        (b"[" * 5000 + b"]" * 5000, "invalid_json"),
        (b"[" * 100 + b"]" * 100, "too_deep"),
    ],
)
def test_a_body_that_is_no_usable_json(client: FlaskClient, marketplace: Marketplace, body: bytes, code: str) -> None:
    answer = client.post(ORDERS, data=body, content_type="application/json", headers=marketplace.bearer())
    problem(answer, 400, code)


def test_a_body_that_is_too_large(client: FlaskClient, marketplace: Marketplace) -> None:
    body = b'{"external_id": "' + b"x" * (8 * 1024 * 1024) + b'"}'
    answer = client.post(ORDERS, data=body, content_type="application/json", headers=marketplace.bearer())
    problem(answer, 413, "body_too_large")


def test_fields_that_are_wrong(client: FlaskClient, marketplace: Marketplace) -> None:
    body = problem(client.post(ORDERS, json={}, headers=marketplace.bearer()), 422, "invalid_input")
    assert {"pointer": "/items", "rule": "schema", "message": "Missing data for required field."} in body["errors"]


@pytest.mark.parametrize("query", ["limit=0", "limit=many", "limit=999", "cursor=nonsense"])
def test_query_parameters_that_are_wrong(client: FlaskClient, marketplace: Marketplace, query: str) -> None:
    answer = client.get(f"/api/v1/deliveries?{query}", headers=marketplace.bearer())
    [found] = problem(answer, 422, "invalid_input")["errors"]
    assert found["pointer"] == f"/{query.partition('=')[0]}"


@pytest.mark.parametrize("path", [f"{ORDERS}/A%00", "/api/v1/deliveries?order=%00", "/%00", "/?q=%00"])
def test_nul_in_an_address_is_refused_before_anybody_looks_it_up(
    client: FlaskClient, marketplace: Marketplace, path: str
) -> None:
    answer = client.get(path, headers=marketplace.bearer())
    assert answer.status_code == 400
    if path.startswith("/api"):
        assert "NUL" in problem(answer, 400, "bad_request")["detail"]


def test_a_failure_of_ours_tells_an_id_and_nothing_else(
    client: FlaskClient, marketplace: Marketplace, admin_connection: Admin
) -> None:
    with without_table(admin_connection, "order_items"), capture_logs() as logs:
        answer = client.post(ORDERS, json=marketplace.order("A-500"), headers=marketplace.bearer())
    body = problem(answer, 500, "internal_error")
    assert not re.search("order_items|relation|psycopg|sql", json.dumps(body), re.IGNORECASE)
    [line] = [item for item in logs if item["event"] == "request failed"]
    assert line["path"] == ORDERS
    # The statement's values are people's and stay out of the error as well.
    assert "hide_parameters" in str(line["exc_info"])
    assert "A-500" not in str(line["exc_info"])
    assert client.post(ORDERS, json=marketplace.order("A-500"), headers=marketplace.bearer()).status_code == 201


def test_a_page_that_fails_is_a_page(client: FlaskClient) -> None:
    answer = client.get("/nothing-here")
    assert (answer.status_code, answer.mimetype) == (404, "text/html")
    assert answer.headers["X-Request-Id"]


def test_servers_that_are_away_are_told_apart_from_failures(client: FlaskClient, marketplace: Marketplace) -> None:
    with use_environment(**DATABASE_AWAY), capture_logs() as logs:
        answer = client.post(ORDERS, json=marketplace.order(), headers=marketplace.bearer())
    problem(answer, 503, "unavailable")
    assert answer.headers["Retry-After"] == "5"
    assert [line["event"] for line in logs if line["log_level"] == "error"] == ["a server is away"]
    assert client.post(ORDERS, json=marketplace.order(), headers=marketplace.bearer()).status_code == 201


def test_a_missing_key_says_how_to_send_one(client: FlaskClient) -> None:
    answer = client.post(ORDERS, json={})
    assert "Authorization: Bearer" in problem(answer, 401, "key_missing")["detail"]
    assert answer.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("sent", ["abc-123", "0af7651916cd43dd8448eb211c80319c", "a.b:c_d", "x" * 64])
def test_a_callers_request_id_is_kept(client: FlaskClient, sent: str) -> None:
    for path in ("/healthz", "/api/nothing", "/nothing"):
        assert client.get(path, headers={"X-Request-Id": sent}).headers["X-Request-Id"] == sent


@pytest.mark.parametrize("sent", ["", "x" * 65, "a b", "é", "<script>", "a;b", '"'])
def test_an_id_that_could_do_harm_is_replaced(client: FlaskClient, sent: str) -> None:
    answer = client.get("/api/nothing", headers={"X-Request-Id": sent})
    assert re.fullmatch("[0-9a-f]{32}", answer.headers["X-Request-Id"])
    problem(answer, 404, "not_found")


def test_every_request_without_id_gets_its_own(client: FlaskClient) -> None:
    assert len({client.get("/healthz").headers["X-Request-Id"] for _ in range(5)}) == 5


def test_requests_are_logged_with_their_id_and_without_their_query(
    client: FlaskClient, marketplace: Marketplace
) -> None:
    with capture_logs() as logs:
        client.get(f"/api/v1/deliveries?order=canary&key={marketplace.write_key}", headers=marketplace.bearer())
        client.get("/healthz")
    [line] = [item for item in logs if item["event"] == "request"]
    assert (line["method"], line["path"], line["status"]) == ("GET", "/api/v1/deliveries", 200)
    assert line["ms"] >= 0
    assert "canary" not in json.dumps(line)


def test_answers_are_not_sniffed(client: FlaskClient) -> None:
    for path in ("/healthz", "/api/nothing", "/api/openapi.json", "/metrics"):
        assert client.get(path).headers["X-Content-Type-Options"] == "nosniff"


def test_alive_is_alive_whatever_is_away(client: FlaskClient) -> None:
    with use_environment(**DATABASE_AWAY, **VALKEY_AWAY):
        answer = client.get("/healthz")
    assert (answer.status_code, answer.get_json()) == (200, {"status": "alive"})


def test_ready_when_everything_is_there(client: FlaskClient) -> None:
    answer = client.get("/readyz")
    assert (answer.status_code, answer.get_json()) == (
        200, {"status": "ready", "checks": {"database": "ok", "valkey": "ok", "migrations": "ok"}},
    )  # fmt: skip


@pytest.mark.parametrize(("away", "names"), [(DATABASE_AWAY, {"database", "migrations"}), (VALKEY_AWAY, {"valkey"})])
def test_not_ready_names_what_is_away(client: FlaskClient, away: dict[str, str], names: set[str]) -> None:
    with use_environment(**away):
        answer = client.get("/readyz")
    checks = answer.get_json()["checks"]
    assert answer.status_code == 503
    assert {name for name, state in checks.items() if state.startswith("away: ")} == names
    assert {state for name, state in checks.items() if name not in names} <= {"ok"}
    assert "127.0.0.1" not in answer.text


def test_not_ready_before_the_migration_and_ready_after_a_newer_one(
    client: FlaskClient, admin_connection: Admin
) -> None:
    def ready(revision: str) -> tuple[int, str]:
        admin_connection.execute("UPDATE alembic_version SET version_num = %s", [revision])
        answer = client.get("/readyz")
        return answer.status_code, answer.get_json()["checks"]["migrations"]

    before = admin_connection.execute("SELECT version_num FROM alembic_version").fetchone()
    assert before is not None
    try:
        assert ready("9999_of_a_later_version") == (200, "ok")
        status, said = ready("0001_tables")
        assert status == 503
        assert re.fullmatch(r"pending: 0002_\w+.*; run `adrail migrate`", said)
    finally:
        assert ready(before[0]) == (200, "ok")


def test_metrics_can_be_parsed_and_count(client: FlaskClient, marketplace: Marketplace) -> None:
    def counted() -> dict[tuple[str, str, str], float]:
        families = text_string_to_metric_families(client.get("/metrics").text)
        return {
            (sample.labels["method"], sample.labels["endpoint"], sample.labels["status"]): sample.value
            for family in families
            for sample in family.samples
            if sample.name == "adrail_http_requests_total"
        }

    before = counted()
    client.post(ORDERS, json={}, headers=marketplace.bearer())
    client.open("/api/nothing", method="INVENTED")
    client.open("/api/nothing", method="ALSO-INVENTED")
    after = counted()
    assert after["POST", "api_orders.Orders", "422"] == before.get(("POST", "api_orders.Orders", "422"), 0) + 1
    assert after["other", "unknown", "404"] == before.get(("other", "unknown", "404"), 0) + 2
    assert {method for method, _, _ in after} <= {"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "other"}


def test_metrics_tell_what_waits_and_leave_out_what_is_away(client: FlaskClient) -> None:
    def names() -> set[str]:
        answer = client.get("/metrics")
        assert answer.status_code == 200
        return {family.name for family in text_string_to_metric_families(answer.text)}

    waiting = {"adrail_stream_entries", "adrail_queue_jobs", "adrail_deliveries_pending", "adrail_outbox_rows"}
    assert waiting <= names()
    with use_environment(**VALKEY_AWAY):
        assert "adrail_outbox_rows" in names()
        assert "adrail_stream_entries" not in names()
    with use_environment(**DATABASE_AWAY):
        assert "adrail_stream_entries" in names()
        assert "adrail_outbox_rows" not in names()
