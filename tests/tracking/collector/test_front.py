"""The callable in front of the framework: the same ids, counts, refusals and failures as behind it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
import structlog
from flask import Flask
from prometheus_client.parser import text_string_to_metric_families
from structlog.testing import capture_logs
from werkzeug.test import Client

from core.accounts.api import forget_sites
from tests.marketplace import ORIGIN, Marketplace
from tests.tracking.events import Page, event

PATHS = ("/api/tx/events", "/api/tx/events/batch", "/api/tx/collect")
Admin = psycopg.Connection[tuple[Any, ...]]


@contextmanager
def without_function(admin: Admin) -> Iterator[None]:
    """Take away what write keys are looked up with: a failure of ours that nothing expects."""
    forget_sites()
    admin.execute("ALTER FUNCTION adrail_site_of_key(text) RENAME TO elsewhere")
    try:
        yield
    finally:
        admin.execute("ALTER FUNCTION elsewhere(text) RENAME TO adrail_site_of_key")


@pytest.mark.parametrize("path", PATHS)
def test_an_answer_carries_the_callers_request_id_or_a_new_one(page: Page, path: str) -> None:
    given = page.post(event(), path, **{"X-Request-Id": "abc-123"})
    assert given.headers["X-Request-Id"] == "abc-123"
    for strange in ("", "x" * 65, "a b", "<script>"):
        made = page.post({"events": 7}, path, **{"X-Request-Id": strange})
        assert re.fullmatch("[0-9a-f]{32}", made.headers["X-Request-Id"])
        if made.status_code >= 400:
            assert made.get_json()["request_id"] == made.headers["X-Request-Id"]
    assert given.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("path", PATHS)
def test_what_is_logged_while_answering_carries_this_requests_id(page: Page, path: str) -> None:
    for name in ("first-1", "second-2"):
        page.post(event(), path, **{"X-Request-Id": name})
        assert structlog.contextvars.get_contextvars()["request_id"] == name


def test_an_answer_without_content_has_no_length(page: Page) -> None:
    said = page.post({"events": []}, "/api/tx/collect")
    asked = page.client.options(PATHS[0], headers={"Origin": ORIGIN})
    told = page.post({"events": []}, "/api/tx/events/batch")
    assert [(answer.status_code, "Content-Length" in answer.headers) for answer in (said, asked, told)] == [
        (204, False), (204, False), (202, True),
    ]  # fmt: skip


def test_a_failure_of_ours_is_told_in_general_and_logged_in_full(
    page: Page, admin_connection: Admin, marketplace: Marketplace
) -> None:
    with without_function(admin_connection), capture_logs() as logs:
        answer = page.post({"events": [event()]})
    assert (answer.status_code, answer.content_type) == (500, "application/problem+json")
    assert answer.get_json()["code"] == "internal_error"
    assert not re.search("adrail_site|psycopg|sql|Traceback", answer.text, re.IGNORECASE)
    (line,) = [item for item in logs if item["log_level"] == "error"]
    assert (line["event"], line["path"]) == ("request failed", "/api/tx/events/batch")
    assert marketplace.write_key not in json.dumps(line, default=str)
    assert page.post({"events": [event()]}).status_code == 202


@pytest.mark.parametrize("query", ["key=%00", "key=a%00b", "x=%00"])
def test_nul_in_the_address_is_refused(page: Page, query: str) -> None:
    answer = page.client.post(f"/api/tx/collect?{query}", data=b"{}", headers={"Origin": ORIGIN})
    assert (answer.status_code, answer.get_json()["code"]) == (400, "bad_request")
    assert "NUL" in answer.get_json()["detail"]


def test_answers_are_counted_by_endpoint_and_status(page: Page) -> None:
    def counted(endpoint: str, status: str) -> float:
        families = text_string_to_metric_families(page.client.get("/metrics").text)
        wanted = {"endpoint": endpoint, "status": status}
        return sum(
            sample.value
            for family in families
            for sample in family.samples
            if sample.name == "adrail_http_requests_total" and wanted.items() <= sample.labels.items()
        )

    cases = {("one", "202"): event(), ("batch", "422"): {"events": 7}, ("beacon", "204"): {"events": []}}
    for path, ((name, status), body) in zip(PATHS, cases.items(), strict=True):
        before = counted(f"collector.{name}", status)
        page.post(body, path)
        assert counted(f"collector.{name}", status) == before + 1


@pytest.mark.parametrize("path", PATHS)
def test_the_framework_behind_gives_the_same_answers(app: Flask, page: Page, path: str) -> None:
    """Whoever comes another way, by a path that the framework repairs, meets the same code."""
    behind = Client(lambda environ, start_response: Flask.wsgi_app(app, environ, start_response))
    for body in (event(), {"events": [event(), {}]}, {"events": 7}, 7):
        headers = page.marketplace.collect_headers()
        first, second = (client.post(path, json=body, headers=headers) for client in (page.client, behind))
        assert (first.status_code, first.content_type if first.data else "") == (
            second.status_code,
            second.content_type if second.data else "",
        )
        for name in ("Access-Control-Allow-Origin", "Vary", "Cache-Control"):
            assert first.headers.get(name) == second.headers.get(name)
    assert behind.options(path, headers={"Origin": ORIGIN}).headers["Access-Control-Allow-Origin"] == ORIGIN
