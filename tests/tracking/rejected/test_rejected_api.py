"""Refused events through the JSON API: grouped, shown without personal data, repaired, taken exactly once."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

import pytest
from flask.testing import FlaskClient

from core.accounts.api import KeyWish, issue_key, verify_audit
from tests.marketplace import Marketplace
from tests.pipeline import ingest, run_pipeline
from tests.tracking.events import Page, ago, consent, event
from tests.tracking.store import Store

PATH = "/api/v1/rejected-events"


class Api:
    """The endpoints with a key that looks after collected events."""

    def __init__(self, client: FlaskClient, key: str) -> None:
        self._client, self._headers = client, {"Authorization": f"Bearer {key}"}

    def get(self, path: str = "", status: int = 200) -> Any:
        answer = self._client.get(PATH + path, headers=self._headers)
        assert answer.status_code == status, answer.text
        return answer.get_json()

    def post(self, path: str, body: Any, status: int = 200) -> Any:
        answer = self._client.post(PATH + path, json=body, headers=self._headers)
        assert answer.status_code == status, answer.text
        return answer.get_json()


@pytest.fixture
def api(client: FlaskClient, marketplace: Marketplace) -> Api:
    wish = KeyWish("server", "collection", scopes=["view_collection", "manage_collection"])
    return Api(client, issue_key(marketplace.staff, wish).key)


def cart(price: Any = 90, **changes: Any) -> dict[str, Any]:
    """A cart whose price is a number instead of a decimal text."""
    item = {"ticket_type_id": "tt-1", "qty": 1, "price": price}
    return event("add_to_cart", payload={"items": [item], "cart_value": "90.00", "currency": "RON"}, **changes)


def refuse(page: Page, *events: Any, **headers: str) -> None:
    answer = page.send(*events, **headers)
    assert answer["rejected"] == len(events)
    ingest()


def test_events_with_the_same_problem_are_one_group_with_counts(page: Page, api: Api) -> None:
    two = cart()
    two["payload"]["items"] *= 2
    refuse(page, cart(), cart(), two)
    refuse(page, event("no_such_thing"))

    groups = api.get("/groups")["items"]
    assert [(item["event_name"], item["code"], item["events"]) for item in groups] == [
        ("no_such_thing", "unknown_event", 1),
        ("add_to_cart", "schema", 3),
    ]
    assert [item["events"] for item in groups[1]["days"]] == [3]
    assert groups[1]["sites"] == ["shop"]
    only = api.get("/groups?event_name=add_to_cart&limit=1")
    assert [item["key"] for item in only["items"]] == [groups[1]["key"]]
    assert len(api.get(f"?group={groups[1]['key']}")["items"]) == 3


def test_groups_come_page_by_page(page: Page, api: Api) -> None:
    for name in ("a_thing", "b_thing", "c_thing"):
        refuse(page, event(name))
    first = api.get("/groups?limit=2")
    rest = api.get(f"/groups?limit=2&cursor={first['next_cursor']}")
    names = [item["event_name"] for item in first["items"] + rest["items"]]
    assert names == ["c_thing", "b_thing", "a_thing"]
    assert rest["next_cursor"] is None


def test_one_shows_what_was_found_and_how_to_mend_it_without_personal_data(page: Page, api: Api) -> None:
    context = {"page": {"url": "https://shop.example/p?email=ana%40people.example&utm_source=news"}}
    refuse(page, cart(context=context, person_id="c-7", idempotency_key="ana@people.example"))

    shown = api.get(f"/{api.get()['items'][0]['id']}")
    (problem,) = shown["problems"]
    assert (problem["pointer"], problem["rule"], problem["found"]) == ("/payload/items/0/price", "type", "90")
    assert "Convert it" in problem["remedy"]
    assert problem["repairs"] == [{"op": "convert", "path": "/payload/items/*/price", "value": "text"}]
    assert shown["event"]["context"]["page"]["url"] == "https://shop.example/p?email=[hidden 1]&utm_source=news"
    assert {shown["event"]["person_id"], shown["event"]["idempotency_key"]} == {"[hidden 2]", "[hidden 3]"}
    assert "people.example" not in str(shown)


def test_an_edited_event_is_taken_with_what_was_hidden_and_its_first_time(page: Page, api: Api, store: Store) -> None:
    sent = cart(context={"page": {"url": "https://shop.example/p?email=ana%40people.example"}})
    refuse(page, sent)
    number = api.get()["items"][0]["id"]
    received = datetime.fromisoformat(api.get()["items"][0]["received_at"])
    edited = api.get(f"/{number}")["event"]

    still = api.post(f"/{number}/replay", {"event": edited}, status=422)
    assert [item["pointer"] for item in still["errors"]] == ["/payload/items/0/price"]
    edited["payload"]["items"][0]["price"] = "90.00"
    assert api.post(f"/{number}/replay", {"event": edited})["replayed"] == 1
    ingest()

    (stored,) = store.events()
    assert str(stored["event_id"]) == sent["event_id"]
    assert stored["received_at"] == received
    assert stored["site_id"] == "shop"
    assert stored["client_network"] == "127.0.0.0/24"
    assert stored["context"]["page"]["url"] == "https://shop.example/p?email=ana%40people.example"
    assert api.get()["items"] == []
    assert api.get("?state=replayed")["items"][0]["settled_by"].startswith("key:")


@pytest.mark.parametrize(
    "token", ["[hidden 0]", "[hidden 7]", f"[hidden {'9' * 5000}]"], ids=["none", "other", "endless"]
)
def test_a_place_holder_that_stands_for_nothing_is_a_text_like_others(token: str, page: Page, api: Api) -> None:
    refuse(page, event("page_wiew"))
    number = api.get()["items"][0]["id"]
    edited = {**api.get(f"/{number}")["event"], "event_name": token}
    answer = api.post(f"/{number}/replay", {"event": edited}, status=422)
    assert [item["pointer"] for item in answer["errors"]] == ["/event_name"]


def test_an_event_keeps_its_id_and_what_only_backends_may_say_stays_theirs(page: Page, api: Api) -> None:
    refuse(page, cart())
    number = api.get()["items"][0]["id"]
    edited = api.get(f"/{number}")["event"]
    answer = api.post(f"/{number}/replay", {"event": {**edited, "event_id": str(uuid.uuid4())}}, status=422)
    assert answer["errors"][0]["pointer"] == "/event_id"
    bought = {**edited, "event_name": "order_completed", "source_system": "backend"}
    bought |= {"entities": {"order_id": "A-9"}, "payload": {"gross_amount": "1.00", "net_amount": "1.00"}}
    bought["payload"] |= {"currency": "RON", "items": [{"line": "1", "live_event_id": "ev-1", "quantity": 1}]}
    bought["payload"]["items"][0] |= {"organizer_id": "org-1", "unit_price": "1.00"}
    assert api.post(f"/{number}/replay", {"event": bought}, status=422)["errors"][0]["rule"] == "trust"


def test_a_repair_mends_a_whole_group_once(page: Page, api: Api, store: Store, marketplace: Marketplace) -> None:
    sent = [cart(price) for price in (90, 12.5, 7)]
    refuse(page, *sent)
    refuse(page, event("page_wiew"))
    group = api.get("/groups?event_name=add_to_cart")["items"][0]["key"]
    repair = {"group": group, "repairs": [{"op": "convert", "path": "/payload/items/*/price", "value": "text"}]}

    tried = api.post("/replay", {**repair, "dry_run": True})
    assert (tried["replayed"], tried["left"]) == (3, 0)
    assert len(api.get(f"?group={group}")["items"]) == 3
    done = api.post("/replay", repair)
    assert (done["replayed"], done["refused"], done["left"]) == (3, 0, 0)
    assert api.post("/replay", repair)["replayed"] == 0
    ingest()

    assert {str(row["event_id"]) for row in store.events()} == {item["event_id"] for item in sent}
    prices = sorted(row["payload"]["items"][0]["price"] for row in store.events())
    assert prices == ["12.5", "7", "90"]
    assert [item["event_name"] for item in api.get()["items"]] == ["page_wiew"]
    actions = [row["action"] for row in store.rows("audit_log", "id")]
    assert actions.count("rejected_event.replayed") == 1
    assert verify_audit(marketplace.tenant_id) is None


def test_a_wrong_name_is_suggested_and_corrected(page: Page, api: Api, store: Store) -> None:
    refuse(page, event("page_wiew"))
    number = api.get()["items"][0]["id"]
    suggested = api.get(f"/{number}")["problems"][0]["repairs"]
    assert {"op": "set", "path": "/event_name", "value": "page_view"} in suggested
    api.post(f"/{number}/replay", {"repairs": [suggested[0]]})
    ingest()
    assert [row["event_name"] for row in store.events()] == ["page_view"]


def test_an_event_that_came_too_late_is_taken_with_its_own_time(page: Page, api: Api, store: Store) -> None:
    late = ago(days=50)
    refuse(page, event(occurred_at=late))
    group = api.get("/groups")["items"][0]["key"]
    assert api.post("/replay", {"group": group})["replayed"] == 1
    ingest()
    assert [row["occurred_at"] for row in store.events()] == [datetime.fromisoformat(late)]


def test_a_replay_of_what_is_stored_doubles_neither_events_nor_deliveries(
    page: Page, api: Api, store: Store, marketplace: Marketplace
) -> None:
    marketplace.add_code("meta", "pixel", "1000000000001", organizer="org-1")
    body = event("event_view", entities={"event_entity_id": "ev-1"}, payload={"currency": "RON", "price_from": "90.00"})
    refuse(page, {**body, "payload": {"currency": "ron"}})
    page.send(body)
    run_pipeline()
    before = store.count("tx_events"), store.count("conversion_deliveries")
    assert before == (1, 1)

    number = api.get()["items"][0]["id"]
    edited = api.get(f"/{number}")["event"]
    assert api.post(f"/{number}/replay", {"event": {**edited, "payload": body["payload"]}})["replayed"] == 1
    run_pipeline()
    assert (store.count("tx_events"), store.count("conversion_deliveries")) == before


def test_what_a_visitor_did_not_agree_to_is_not_taken(page: Page, api: Api, store: Store) -> None:
    refuse(page, cart(consent_snapshot=consent(analytics=False)))
    group = api.get("/groups")["items"][0]["key"]
    repair = {"op": "convert", "path": "/payload/items/*/price", "value": "text"}
    assert api.post("/replay", {"group": group, "repairs": [repair]})["blocked"] == 1
    ingest()
    assert store.events() == []
    assert len(api.get("?state=blocked")["items"]) == 1


def test_an_event_without_a_usable_id_gets_the_same_one_each_time(page: Page, api: Api, store: Store) -> None:
    refuse(page, event(event_id="1"))
    number = api.get()["items"][0]["id"]
    store.sql("UPDATE tx_rejected_events SET state = 'open' WHERE tenant_id = %(tenant)s")
    for _ in range(2):
        assert api.post(f"/{number}/replay", {"repairs": []})["replayed"] == 1
        ingest()
        store.sql("UPDATE tx_rejected_events SET state = 'open' WHERE tenant_id = %(tenant)s")
    assert store.count("tx_events") == 1


def test_what_nobody_needs_is_put_away(page: Page, api: Api) -> None:
    refuse(page, event("no_such_thing"), event("no_such_thing"))
    group = api.get("/groups")["items"][0]["key"]
    assert api.post("/discard", {"group": group}) == {"discarded": 2}
    assert api.get("/groups")["items"] == []
    assert len(api.get("?state=discarded")["items"]) == 2
    assert api.post("/discard", {}, status=422)["errors"][0]["pointer"] == "/group"


@pytest.mark.parametrize(
    ("repair", "pointer"),
    [
        ({"op": "explode", "path": "/payload"}, "/repairs/0/op"),
        ({"op": "drop", "path": "payload"}, "/repairs/0/path"),
        ({"op": "drop", "path": "/event_id"}, "/repairs/0/path"),
        ({"op": "convert", "path": "/payload/price", "value": "money"}, "/repairs/0/value"),
        ({"op": "move", "path": "/payload/*/a", "value": "/payload/b"}, "/repairs/0/path"),
    ],
    ids=["unknown", "no pointer", "identity", "kind", "many"],
)
def test_a_repair_that_cannot_be_done_is_told(repair: Any, pointer: str, api: Api) -> None:
    answer = api.post("/replay", {"ids": [1], "repairs": [repair]}, status=422)
    assert [item["pointer"] for item in answer["errors"]] == [pointer]


@pytest.mark.parametrize("kind", ["number", "integer"])
@pytest.mark.parametrize("found", ["1e999999999", "-1e-999999999", "1e19", "9" * 40], ids=range(4))
def test_a_number_of_endless_digits_stays_as_it_was(found: str, kind: str, page: Page, api: Api) -> None:
    refuse(page, event("page_view", payload={"page_type": "moon", "shown": found}))
    number = api.get()["items"][0]["id"]
    repairs = [
        {"op": "convert", "path": "/payload/shown", "value": kind},
        {"op": "move", "path": "/payload/shown", "value": "/payload/page_type"},
    ]
    answer = api.post(f"/{number}/replay", {"repairs": repairs}, status=422)
    assert [(item["pointer"], item["rule"]) for item in answer["errors"]] == [("/payload/page_type", "enum")]


def test_an_arrival_time_is_right_for_one_event_of_a_slow_clock_too(page: Page, api: Api, store: Store) -> None:
    early = event("page_view", occurred_at=ago(hours=-2))
    page.send(early, early | {"event_id": str(uuid.uuid4())}, sent_at=ago(hours=1))
    ingest()
    first, second = api.get()["items"]
    repairs = [{"op": "arrival_time", "path": "/occurred_at"}]
    api.post(f"/{first['id']}/replay", {"repairs": repairs})
    api.post("/replay", {"ids": [second["id"]], "repairs": repairs})
    ingest()
    received = datetime.fromisoformat(first["received_at"])
    assert [row["occurred_at"] for row in store.events()] == [received, received]


@pytest.fixture
def misplaced(client: FlaskClient, marketplace: Marketplace, api: Api) -> int:
    """The number of a scan at the south gate that the key of the north gate sent."""
    wish = KeyWish("scanner", "north 7", live_event="ev-1", gate="north", device="dev-7")
    payload = {"scanner_session_id": "sc-1", "scan_type": "entry", "result": "valid", "gate_id": "south"}
    unsaid = dict.fromkeys(("visitor_id", "session_id", "consent_snapshot", "context"))
    scan = event("ticket_scan_result", source_system="scanner", payload=payload, **unsaid)
    headers = marketplace.bearer(issue_key(marketplace.staff, wish).key)
    answer = client.post("/api/tx/events/batch", json={"events": [scan]}, headers=headers)
    assert answer.get_json()["errors"][0]["code"] == "wrong_gate"
    ingest()
    number: int = api.get()["items"][0]["id"]
    return number


def test_a_scan_of_another_gate_is_not_taken_by_a_click(misplaced: int, api: Api, store: Store) -> None:
    shown = api.get(f"/{misplaced}")
    assert [(item["pointer"], item["found"]) for item in shown["problems"]] == [("/payload/gate_id", "south")]
    other_event = {**shown["event"], "entities": {"event_entity_id": "ev-2"}}
    other_event["payload"] = {**shown["event"]["payload"], "gate_id": "north"}
    for body, pointer in (
        ({"repairs": []}, "/payload/gate_id"),
        ({"repairs": [{"op": "set", "path": "/payload/gate_id", "value": "west"}]}, "/payload/gate_id"),
        ({"event": other_event}, "/entities/event_entity_id"),
    ):
        answer = api.post(f"/{misplaced}/replay", body, status=422)
        assert [(item["pointer"], item["rule"]) for item in answer["errors"]] == [(pointer, "owner")]
    assert api.post("/replay", {"ids": [misplaced]})["refused"] == 1

    own = {"repairs": [{"op": "drop", "path": "/payload/gate_id"}]}
    assert api.post(f"/{misplaced}/replay", own)["replayed"] == 1
    ingest()
    (stored,) = store.events()
    assert (stored["payload"]["gate_id"], stored["entities"]["event_entity_id"]) == ("north", "ev-1")
    assert stored["context"]["device"]["id"] == "dev-7"


def test_a_scan_whose_keys_place_nobody_knows_any_more_stays_refused(misplaced: int, api: Api, store: Store) -> None:
    store.sql("UPDATE tx_rejected_events SET flags = flags - 'scanner' WHERE tenant_id = %(tenant)s")
    own = {"repairs": [{"op": "drop", "path": "/payload/gate_id"}]}
    answer = api.post(f"/{misplaced}/replay", own, status=422)
    assert [(item["pointer"], item["rule"]) for item in answer["errors"]] == [("/payload/gate_id", "owner")]
    assert store.events() == []


def test_another_marketplaces_events_are_not_found(
    page: Page, api: Api, client: FlaskClient, other_marketplace: Marketplace
) -> None:
    refuse(page, cart())
    number = api.get()["items"][0]["id"]
    other = Api(client, other_marketplace.server_key)
    other.get(f"/{number}", status=404)
    other.post(f"/{number}/replay", {"repairs": []}, status=404)
    assert other.post("/discard", {"ids": [number]}) == {"discarded": 0}
    assert other.get("/groups")["items"] == []
