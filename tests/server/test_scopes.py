"""Every endpoint asks for its scope: a key with exactly that one gets in, a key with any other does not."""

from __future__ import annotations

import re
from collections.abc import Mapping

import pytest
from flask import Flask

from core.accounts.api import KEY_SCOPES, KeyWish, issue_key
from tests.marketplace import Marketplace
from tests.rounds import rounds
from tests.server.endpoints import Endpoint, endpoints

NEEDED = {
    r"POST /api/tx/events(/batch)?": {"collect", "collect_scans"},
    r"(POST|GET|PUT) /api/tx/(collect|consent)": {"collect"},
    r"(POST|PATCH) /api/v1/orders.*": {"place_orders"},
    r"GET /api/v1/orders.*": {"view_orders"},
    r"PUT /api/v1/catalog/(persons|follows|interests)": {"manage_catalog"},
    r"(PUT|POST|PATCH|DELETE) /api/v1/catalog/.*": {"manage_catalog", "create_events"},
    r"GET /api/v1/catalog/(persons|follows|interests).*": {"view_persons"},
    r"GET /api/v1/catalog/(affiliates|shop-orders|shipments).*": {"view_orders"},
    r"GET /api/v1/catalog/.*": {"view_events"},
    r"GET /api/v1/persons.*": {"view_persons"},
    r"POST /api/v1/persons.*": {"manage_catalog"},
    r"\w+ /api/marketplace-client/organizer/tracking-codes.*": {"manage_tracking_codes"},
    r"\w+ /api/v1/deliveries.*": {"view_deliveries"},
    r"\w+ /api/v1/(keys|sites).*": {"manage_keys"},
    r"\w+ /api/v1/people.*": {"manage_users"},
    r"GET /api/v1/(rejected-events|custom-events|collection).*": {"view_collection"},
    r"\w+ /api/v1/(rejected-events|custom-events).*": {"manage_collection"},
    r"GET /api/v1/audit.*": {"view_audit"},
    r"GET /api/openapi.json": set(),
    r"POST /api/webhooks/.*": set(),
    r"(GET|POST) /api/marketplace-client/[a-z]+/.*tracking-config": set(),
}
"""The first that fits counts; the empty set is for what needs no bearer key."""


def needed(endpoint: Endpoint) -> set[str]:
    """The scopes of which each opens an endpoint."""
    found = next((scopes for known, scopes in NEEDED.items() if re.fullmatch(known, str(endpoint))), None)
    assert found is not None, f"{endpoint}: say here which scope opens it"
    return found


@pytest.fixture
def keys(marketplace: Marketplace) -> dict[str, str]:
    """One key for each scope, with nothing but that."""
    wishes = [KeyWish("server", scope, scopes=[scope]) for scope in KEY_SCOPES["server"]]
    wishes += [
        KeyWish("organizer", scope, "org-1", scopes=[scope])
        for scope in KEY_SCOPES["organizer"]
        if scope not in KEY_SCOPES["server"]
    ]
    wishes.append(KeyWish("scanner", "collect_scans", live_event="ev-1", gate="north", device="dev-7"))
    return {wish.name: issue_key(marketplace.staff, wish).key for wish in wishes}


def opens(app: Flask, endpoint: Endpoint, key: str) -> bool:
    """Whether an endpoint lets a key in; what it then thinks of an empty request does not matter."""
    headers = {"Authorization": f"Bearer {key}"}
    body: dict[str, str] | None = None if endpoint.method in {"GET", "DELETE"} else {}
    answer = app.test_client().open(endpoint.sample, method=endpoint.method, json=body, headers=headers)
    assert answer.status_code < 500, (str(endpoint), answer.text)
    return answer.status_code != 403 or answer.get_json()["code"] != "permission_missing"


def test_each_scope_opens_its_endpoints_and_no_others(app: Flask, keys: dict[str, str]) -> None:
    guarded = [endpoint for endpoint in endpoints(app, "/api/") if needed(endpoint)]
    assert len(guarded) > 40
    wrong = [
        (str(endpoint), found, needed(endpoint))
        for number, endpoint in enumerate(guarded)
        if (found := {scope for scope in tried(endpoint, number, keys) if opens(app, endpoint, keys[scope])})
        != needed(endpoint)
    ]
    assert not wrong, "\n".join(map(str, wrong))


def tried(endpoint: Endpoint, number: int, keys: Mapping[str, str]) -> set[str]:
    """The scopes that open an endpoint, and of the others three that change from one endpoint to the next, or all."""
    others = sorted(set(keys) - needed(endpoint))
    return needed(endpoint) | {others[(3 * number + step) % len(others)] for step in range(rounds(3, len(others)))}


def test_every_scope_opens_something(app: Flask) -> None:
    used = set().union(*(needed(endpoint) for endpoint in endpoints(app, "/api/")))
    # Those two open nothing by themselves: they widen what other scopes let one see and do.
    assert {scope for scopes in KEY_SCOPES.values() for scope in scopes} - used <= {
        "manage_connections",
        "view_persons",
    }


def test_without_a_key_nothing_opens(app: Flask, database: str) -> None:
    for endpoint in endpoints(app, "/api/"):
        if needed(endpoint):
            answer = app.test_client().open(endpoint.sample, method=endpoint.method)
            assert (answer.status_code, answer.get_json()["code"]) == (401, "key_missing"), str(endpoint)
