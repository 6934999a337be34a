"""The JSON API keeps what its description says, whatever is sent: no failure, no answer that is not described."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import psycopg
import pytest
import schemathesis
from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import load_all_checks, not_a_server_error
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from werkzeug.test import TestResponse

from core.accounts.key_kinds import KEY_SCOPES
from tests.marketplace import make_marketplace
from tests.process_state import use_environment
from tests.rounds import rounds
from tests.security.prey import Prey, settle
from tests.security.principals import key_of_kind
from tests.security.targets import kind_of

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
PROBLEM = {"type", "title", "status", "code", "detail", "errors", "request_id"}

# What parsers and databases have stumbled over.
HOSTILE = (
    "", "\0", "a\0b", "%00", "\ud800".encode("utf-8", "surrogatepass").decode("latin-1"), "-1", "0", str(2**63),
    str(2**200), "1e999", "NaN", "٣", "null", "[]", "{}", "true", "' OR 1=1 --", "../../etc/passwd", "\u202e", "\ufeff",
    "e\u0301" * 40, "x" * 3000, "0001-01-01T00:00:00+23:59",
    "9999-12-31T23:59:59-23:59", "2016-12-31T23:59:60Z", "WzFd",
    "W251bGxd", "WzFlOTk5XQ", "WyIyMDI2LTAxLTAxIiwgMV0", "bm90IGpzb24", "W10", "WyJcdTAwMDAiLDFd", "W1siYSJdLDFd",
    "WyJcdWQ4MDAiLDFd",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Api:
    """The described API, somebody's things in it, and keys of every kind."""

    app: Flask
    schema: Any
    things: Prey
    keys: dict[str, dict[str, str]]

    def credentials(self, operation: Any) -> list[dict[str, str]]:
        """Headers of everybody whom the description lets in; nobody's, where it asks for nothing."""
        wanted = {name for option in operation.definition.raw.get("security", []) for name in option}
        if not wanted:
            return [{}]
        bearer = [headers for kind, headers in self.keys.items() if kind != "write"]
        write = [self.keys["write"]] if wanted & {"write_key", "write_key_query"} else []
        return (bearer if "bearer" in wanted else []) + write

    def ids(self, path: str) -> dict[str, str]:
        """Real ids for the places of a path."""
        found: dict[str, str] = {}
        for rule in self.app.url_map.iter_rules():
            if re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule) == path:
                kinds = {name: kind_of(rule.rule, name, in_path=True) for name in rule.arguments}
                found |= {name: str(self.things.ids[kind]) for name, kind in kinds.items() if kind}
        return found


@pytest.fixture(scope="module")
def api(app: Flask, database: str) -> Iterator[Api]:
    """A marketplace in which everything has happened, without limits on how often somebody may ask."""
    load_all_checks()
    limits = {"ADRAIL_RATE_PER_VISITOR": "1000000000", "ADRAIL_RATE_PER_ADDRESS": "1000000000"}
    with psycopg.connect(database, autocommit=True) as looking, use_environment(**limits):
        marketplace = make_marketplace()
        things = settle(looking, marketplace, "ownword")
        keys = {kind: marketplace.bearer(key_of_kind(marketplace, kind, "ownword")) for kind in KEY_SCOPES}
        keys["write"] = marketplace.collect_headers()
        schema = schemathesis.openapi.from_wsgi("/api/openapi.json", app)
        yield Api(app, schema, things, keys)


def test_generated_requests_get_described_answers_and_never_a_failure(api: Api) -> None:
    findings = []
    for operation in (item.ok() for item in api.schema.get_all_operations()):
        if operation.method.upper() != "OPTIONS":
            findings += _try(api, operation)
    assert not findings, "\n\n".join(findings)


def _try(api: Api, operation: Any) -> list[str]:
    ids = api.ids(operation.path)
    good, bad = (
        operation.as_strategy(generation_mode=mode) for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
    )

    @settings(max_examples=rounds(6, 500))
    @given(case=st.one_of(good, bad), headers=st.sampled_from(api.credentials(operation)), real=st.booleans())
    def check(case: Any, headers: dict[str, str], real: bool) -> None:
        if real and ids:
            case.path_parameters.update(ids)
        case.headers.update(headers)
        response = case.call()
        case.validate_response(response, checks=CHECKS)
        if response.status_code >= 400:
            body = response.json()
            assert response.headers["content-type"] == ["application/problem+json"], response.headers["content-type"]
            assert set(body) == PROBLEM, body

    try:
        check()
    except (FailureGroup, Failure, AssertionError) as error:
        parts = getattr(error, "exceptions", None) or [error]
        return [f"{operation.method.upper()} {operation.path}: " + "; ".join(str(part)[:1500] for part in parts)]
    return []


def test_hostile_texts_in_paths_and_queries_get_a_clear_answer(api: Api) -> None:
    document = api.app.test_client().get("/api/openapi.json").get_json()
    findings, tried = [], 0
    for path, methods in document["paths"].items():
        ids = api.ids(path)
        for method, operation in methods.items():
            if method not in {"get", "post", "put", "patch", "delete"}:
                continue
            parameters = [*operation.get("parameters", []), *methods.get("parameters", [])]
            named = [(item["in"], item["name"]) for item in parameters if "name" in item]
            headers = api.keys["write"] | api.keys["server"]
            for where, name in [pair for pair in named if pair[0] in {"path", "query"}]:
                # A third of them each, and all of them when it is to be proved.
                for text in HOSTILE[tried % 3 :: 3] if rounds(1, 0) else HOSTILE:
                    tried += 1
                    address = _filled(path, {**ids, name: text} if where == "path" else ids)
                    query = {name: text} if where == "query" else {}
                    answer = api.app.test_client().open(
                        address, method=method.upper(), headers=headers, query_string=query, json={}, buffered=True
                    )
                    if trouble := _unclear(answer):
                        findings.append(f"{method.upper()} {path} with {name}={text[:40]!r}: {trouble}")
    assert not findings, "\n".join(findings)
    assert tried > 500


def _filled(path: str, values: dict[str, str]) -> str:
    return re.sub(r"{(\w+)}", lambda found: quote(values.get(found[1], "x"), safe="") or "%20", path)


def _unclear(answer: TestResponse) -> str:
    if answer.status_code >= 500:
        return f"{answer.status_code} {answer.get_data(as_text=True)[:200]}"
    if answer.status_code >= 400 and (
        answer.content_type != "application/problem+json" or set(answer.get_json()) != PROBLEM
    ):
        return f"{answer.status_code} as {answer.content_type}: {answer.get_data(as_text=True)[:200]}"
    return ""
