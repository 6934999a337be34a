"""Events of a marketplace's own: defined, extended, retired, and checked like all others, by every process at once."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.marketplace import Marketplace
from tests.pipeline import ingest, relay
from tests.tracking.events import Page, event, problems
from tests.tracking.store import Store
from tests.waiting import until

PATH = "/api/v1/custom-events"
NAME = "custom.seat_map_opened"
FIELDS: list[dict[str, Any]] = [
    {"name": "row", "type": "text", "required": True, "max_length": 5},
    {"name": "view", "type": "choice", "choices": ["2d", "3d"]},
    {"name": "price_from", "type": "money"},
    {"name": "currency", "type": "currency"},
    {"name": "who", "type": "text", "personal": True},
]


class Api:
    """The endpoints with the marketplace's server key; changes have reached every process when they return."""

    def __init__(self, client: FlaskClient, marketplace: Marketplace) -> None:
        self._client, self._headers = client, marketplace.bearer()

    def send(self, method: str, path: str = "", body: Any = None, status: int = 200) -> Any:
        answer = self._client.open(PATH + path, method=method, json=body, headers=self._headers)
        assert answer.status_code == status, answer.text
        relay()
        return answer.get_json()

    def define(self, status: int = 201, **changes: Any) -> Any:
        body = {"name": NAME, "description": "The seat map was opened.", "fields": FIELDS, **changes}
        return self.send("POST", "", body, status)


@pytest.fixture
def api(client: FlaskClient, marketplace: Marketplace) -> Api:
    return Api(client, marketplace)


def opened(version: int = 1, **payload: Any) -> dict[str, Any]:
    """The event as a page sends it."""
    return event(NAME, event_version=version, payload={"row": "A", **payload})


def accepted(page: Page, body: dict[str, Any]) -> bool:
    """Whether the collector takes it now."""
    return bool(page.send(body)["accepted"])


def test_a_defined_event_is_taken_and_checked_with_every_problem(page: Page, api: Api, store: Store) -> None:
    assert page.send(opened())["errors"][0]["code"] == "unknown_event"
    made = api.define()
    assert (made["version"], made["scope"], made["sources"]) == (1, "analytics", ["mobile", "web"])
    assert made["example"]["row"] == "balco"

    until(lambda: accepted(page, opened()), what="the definition at the collector")
    wrong = page.send(opened(row="too long", view="4d", price_from=90, currency="ron"))
    assert set(problems(wrong, 0)) == {
        ("/payload/row", "maxLength"),
        ("/payload/view", "enum"),
        ("/payload/price_from", "type"),
        ("/payload/currency", "pattern"),
    }
    assert problems(page.send(event(NAME, payload={})), 0) == [("/payload/row", "required")]
    assert page.send(opened(), event(NAME, payload={"row": "A"}, consent_snapshot=None))["blocked_by_consent"] == 1
    ingest()
    assert {row["event_name"] for row in store.events()} == {NAME}


def test_a_version_only_adds_optional_fields_and_the_old_one_stays(page: Page, api: Api) -> None:
    api.define()
    until(lambda: accepted(page, opened()), what="the definition at the collector")
    added = [*FIELDS, {"name": "zoom", "type": "integer"}]
    assert api.send("POST", f"/{NAME}/versions", {"fields": added}, 201)["version"] == 2

    until(lambda: accepted(page, opened(2, zoom=3)), what="the second version at the collector")
    assert accepted(page, opened(1, zoom="far"))
    assert problems(page.send(opened(2, zoom="far")), 0) == [("/payload/zoom", "type")]
    assert [item["version"] for item in api.send("GET", f"/{NAME}")["versions"]] == [1, 2]
    assert [item["version"] for item in api.send("GET")["items"]] == [2]


@pytest.mark.parametrize(
    "fields",
    [
        FIELDS[1:],
        [*FIELDS, {"name": "zoom", "type": "integer", "required": True}],
        [{**FIELDS[0], "type": "integer", "max_length": None}, *FIELDS[1:]],
        [{**FIELDS[0], "required": False}, *FIELDS[1:]],
        [FIELDS[0], {**FIELDS[1], "choices": ["2d"]}, *FIELDS[2:]],
    ],
    ids=["removed", "required", "other type", "other duty", "fewer choices"],
)
def test_a_version_that_senders_would_stumble_over_is_refused(fields: list[Any], api: Api) -> None:
    api.define()
    fields = [{key: value for key, value in item.items() if value is not None} for item in fields]
    refused = api.send("POST", f"/{NAME}/versions", {"fields": fields}, 422)
    assert {item["rule"] for item in refused["errors"]} == {"compatible"}


def test_a_retired_event_is_refused_until_it_is_used_again(page: Page, api: Api) -> None:
    api.define()
    until(lambda: accepted(page, opened()), what="the definition at the collector")
    assert api.send("DELETE", f"/{NAME}")["retired_at"]
    until(lambda: not accepted(page, opened()), what="the end of the event")
    assert api.send("POST", f"/{NAME}/versions", {"fields": FIELDS}, 409)["code"] == "retired"
    assert api.send("POST", f"/{NAME}/restore")["retired_at"] is None
    until(lambda: accepted(page, opened()), what="the event in use again")


@pytest.mark.parametrize(
    ("changes", "pointers"),
    [
        ({"name": "seat_map_opened"}, {"/name"}),
        ({"name": "custom.Seat"}, {"/name"}),
        ({"description": " "}, {"/description"}),
        ({"sources": ["payments"]}, {"/sources"}),
        ({"scope": "necessary"}, {"/scope"}),
        ({"fields": [{"name": "Row", "type": "words"}]}, {"/fields/0/name", "/fields/0/type"}),
        ({"fields": [{"name": "a", "type": "text"}] * 2}, {"/fields/1/name"}),
        ({"fields": [{"name": "price", "type": "money"}]}, {"/fields"}),
        ({"fields": [{"name": "a", "type": "choice"}]}, {"/fields/0/choices"}),
        ({"fields": [{"name": "a", "type": "integer", "max_length": 3}]}, {"/fields/0/max_length"}),
        ({"example": {"row": 7}}, {"/example/row"}),
        ({"example": {}}, {"/example/row"}),
    ],
    ids=["prefix", "letters", "description", "source", "scope", "field", "twice", "money", "choice", "length",
         "example", "too little"],
)  # fmt: skip
def test_everything_wrong_with_a_definition_is_told(changes: Any, pointers: set[str], api: Api) -> None:
    assert {item["pointer"] for item in api.define(422, **changes)["errors"]} == pointers


def test_names_are_taken_once_and_belong_to_one_marketplace(
    page: Page, api: Api, client: FlaskClient, other_marketplace: Marketplace
) -> None:
    api.define()
    assert api.define(409)["code"] == "name_taken"
    theirs = Api(client, other_marketplace)
    assert theirs.send("GET", f"/{NAME}", status=404)["code"] == "not_found"
    elsewhere = Page(client, other_marketplace)
    until(lambda: accepted(page, opened()), what="the definition at the collector")
    assert elsewhere.send(opened())["rejected"] == 1
