"""The description of the JSON API: valid, complete, with one shape of error."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from openapi_spec_validator import OpenAPIV31SpecValidator, validate

Document = dict[str, Any]
PARAMETER = re.compile("<[^>]+>")
METHODS = {"get", "post", "put", "patch", "delete"}


@pytest.fixture(scope="module")
def document(app: Flask) -> Document:
    """The description as everybody may read it."""
    answer = app.test_client().get("/api/openapi.json")
    assert answer.status_code == 200
    body: Document = answer.get_json()
    return body


def operations(document: Document) -> Iterator[tuple[str, Document]]:
    """Every operation by `METHOD path`."""
    for path, item in document["paths"].items():
        for method in METHODS & set(item):
            yield f"{method.upper()} {path}", item[method]


def resolved(document: Document, node: Document) -> Document:
    """A node, or what its reference points at."""
    while "$ref" in node:
        place: Any = document
        for part in node["$ref"].removeprefix("#/").split("/"):
            place = place[part]
        node = place
    return node


def test_it_is_valid_openapi(document: Document) -> None:
    validate(document, cls=OpenAPIV31SpecValidator)
    assert document["openapi"] == "3.1.0"


def test_every_served_endpoint_is_described(app: Flask, document: Document) -> None:
    served = {
        f"{method} {PARAMETER.sub('{}', str(rule.rule))}"
        for rule in app.url_map.iter_rules()
        if str(rule.rule).startswith(("/api/", "/sdk/")) and rule.endpoint != "api-docs.openapi_json"
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert served == {re.sub("{[^}]+}", "{}", name) for name, _ in operations(document)}
    assert len(served) > 15


def test_every_documented_error_has_the_one_shape(document: Document) -> None:
    other = []
    for name, operation in operations(document):
        for status, answer in operation["responses"].items():
            if status == "default" or status.startswith(("4", "5")):
                schemas = [item["schema"] for item in resolved(document, answer).get("content", {}).values()]
                if schemas != [{"$ref": "#/components/schemas/Problem"}]:
                    other.append((name, status, schemas))
    assert other == []


def test_every_operation_documents_errors_and_says_what_it_does(document: Document) -> None:
    bare = [
        name
        for name, operation in operations(document)
        if not operation.get("summary") or not any(code[0] in "4d" for code in operation["responses"])
    ]
    assert bare == []


def test_errors_are_described_with_their_media_type(document: Document) -> None:
    wrong = [
        (name, status, list(found))
        for name, operation in operations(document)
        for status, answer in operation["responses"].items()
        if (status == "default" or status[0] in "45")
        and (found := resolved(document, answer).get("content", {}))
        and set(found) != {"application/problem+json"}
    ]
    assert wrong == []


def test_every_operation_says_which_key_it_needs(document: Document) -> None:
    schemes = document["components"]["securitySchemes"]
    assert set(schemes) == {"bearer", "write_key", "write_key_query"}
    for name, operation in operations(document):
        for requirement in operation.get("security", []):
            assert set(requirement) <= set(schemes), name


def test_no_component_of_the_frameworks_own_error_is_left(document: Document) -> None:
    assert "Error" not in document["components"]["schemas"]
    assert set(document["components"]["schemas"]["Problem"]["required"]) == {
        "type", "title", "status", "code", "detail", "errors", "request_id",
    }  # fmt: skip
