"""Pages about collecting: refused events are mended, own events defined, a device watched; others see nothing of it."""

from __future__ import annotations

import html
import json
import re
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
from flask import Flask
from flask.testing import FlaskClient

from core.events.api import Entry, encode
from core.events.capture import measure_recent
from core.valkey import client as valkey
from tests.marketplace import Marketplace
from tests.pipeline import ingest, relay
from tests.tracking.events import Page, event
from tests.tracking.store import Store
from tests.webui.people import Person, member, readable
from tracking.ingest.entries import DEAD_STREAM
from tracking.live.watches import LOOKOUT


@pytest.fixture
def admin(app: Flask, marketplace: Marketplace) -> Person:
    """An administrator of the whole marketplace."""
    return member(app, marketplace, None, "admin")


@pytest.fixture
def page(client: FlaskClient, marketplace: Marketplace) -> Page:
    return Page(client, marketplace)


@pytest.fixture
def store(admin_connection: psycopg.Connection[Any], marketplace: Marketplace) -> Store:
    return Store(admin_connection, marketplace)


def refuse(page: Page, *events: Any) -> None:
    assert page.send(*events)["rejected"] == len(events)
    ingest()


def group_of(admin: Person) -> str:
    """The address of the first group."""
    found = re.search(r"/collection/refused/groups/[0-9a-f]{64}", admin.get("/collection/refused"))
    assert found
    return found[0]


def test_a_group_is_mended_with_a_suggested_repair(admin: Person, page: Page, store: Store) -> None:
    assert "Nothing was refused" in readable(admin.get("/collection/refused"))
    refuse(page, event("search_performed", payload={"query": "ana@people.example", "result_count": "7"}))
    refuse(page, event("search_performed", payload={"query": "jazz", "result_count": "x"}))

    address = group_of(admin)
    shown = readable(admin.get(address))
    assert "2 events were refused for this." in shown
    assert "Turn /payload/result_count into: Whole number" in shown
    assert "people.example" not in admin.get(address)
    answer = admin.send(f"{address}/replay", {"op": "convert", "path": "/payload/result_count", "value": "integer"})
    assert answer.status_code == 302
    assert "1 event is taken 1 would be refused again." in readable(admin.get(address))
    assert admin.send(f"{address}/replay", {"op": "explode", "path": "/payload"}).status_code == 422
    admin.send(f"{address}/replay", {"op": "drop", "path": "/payload/result_count"})
    ingest()
    assert len(store.events()) == 2
    assert "Nothing was refused" in readable(admin.get("/collection/refused"))


def test_every_request_that_was_set_aside_can_be_reached(admin: Person, marketplace: Marketplace) -> None:
    entry: Any = encode(Entry(marketplace.tenant_id, False, datetime.now(UTC), []))
    for number in range(51):
        valkey().xadd(DEAD_STREAM, {**entry, b"reason": f"trouble {number}."})
    shown = admin.get("/collection/refused")
    assert ("trouble 50." in shown, "trouble 1." in shown, "trouble 0." in shown) == (True, True, False)
    older = re.search(r'href="(/collection/refused\?aside=[^"]+)#set-aside"', shown)
    assert older
    shown = admin.get(html.unescape(older[1]))
    assert ("trouble 1." in shown, "trouble 0." in shown, '#set-aside"' in shown) == (False, True, False)


def test_one_event_is_edited_and_its_hidden_values_are_put_back(admin: Person, page: Page, store: Store) -> None:
    refuse(page, event("search_performed", payload={"query": "ana popescu", "filters": 1}))
    found = re.search(r"/collection/refused/\d+", admin.get(group_of(admin)))
    assert found
    shown = admin.get(found[0])
    text = html.unescape(shown.partition("<textarea")[2].partition(">")[2].partition("</textarea>")[0])
    edited = json.loads(text)
    assert edited["payload"]["query"] == "[hidden 1]"

    assert "This is no JSON: look at line 1" in readable(admin.send(f"{found[0]}/replay", {"event": "{"}).text)
    refused = admin.send(f"{found[0]}/replay", {"event": text})
    assert (refused.status_code, "/payload/filters" in refused.text) == (422, True)
    edited["payload"]["filters"] = {}
    assert admin.send(f"{found[0]}/replay", {"event": json.dumps(edited)}).status_code == 302
    ingest()
    assert [row["payload"]["query"] for row in store.events()] == ["ana popescu"]
    assert "Taken after all" in readable(admin.get(found[0]))


def test_an_event_is_defined_extended_and_retired(admin: Person, page: Page) -> None:
    assert "No events of your own yet" in readable(admin.get("/collection/events"))
    form = {"name": "custom.seat_map_opened", "description": "It was opened.", "source": "web", "scope": "analytics"}
    row = {"field_name": "row", "field_type": "text", "field_description": "", "field_choices": "", "required": "0"}
    wrong = admin.send("/collection/events/new", {**form, **row, "name": "seat map"})
    assert (wrong.status_code, "Use custom. and small letters" in readable(wrong.text)) == (422, True)
    more = admin.send("/collection/events/new", {**form, **row, "more": "1"})
    assert (more.status_code, more.text.count('name="field_name"')) == (200, 5)

    made = admin.send("/collection/events/new", {**form, **row})
    assert made.headers["Location"].endswith("/collection/events/show/custom.seat_map_opened")
    relay()
    address = "/collection/events/show/custom.seat_map_opened"
    assert "adrail.track(" in readable(admin.get(address))
    added = {"field_name": ["row", "zoom"], "field_type": ["text", "integer"], "required": "0", "description": "More."}
    admin.send("/collection/events/extend/custom.seat_map_opened", added)
    assert ", 2 fields" in readable(admin.get(address))
    admin.send("/collection/events/retire/custom.seat_map_opened")
    assert "It is retired" in readable(admin.get(address))
    admin.send("/collection/events/restore/custom.seat_map_opened")
    assert "It is retired" not in readable(admin.get(address))


def test_a_developer_sees_their_device_and_what_is_wrong(admin: Person, page: Page) -> None:
    assert "Which device?" in readable(admin.get("/collection/live"))
    watch = re.search(r"watch=([0-9a-f]{24})", admin.get("/collection/live?visitor=v-mine"))
    assert watch
    rows = f"/collection/live/rows?visitor=v-mine&watch={watch[1]}"
    assert "Waiting for this device." in readable(admin.get(rows))
    LOOKOUT.forget()
    page.send(event("page_wiew", visitor_id="v-mine"), event(visitor_id="v-mine"), event("focus"))
    shown = readable(admin.get(rows))
    assert "Refused page_wiew" in shown
    assert "No event has this name. Correct it" in shown
    assert "Accepted page_view" in shown
    assert "focus" not in shown
    assert "Waiting to be stored" in shown
    ingest()
    assert "Stored. No platform asked for it." in readable(admin.get(rows))


def test_the_first_page_says_how_much_arrives(admin: Person, page: Page) -> None:
    assert "Nothing to measure yet" in readable(admin.get("/collection/"))
    page.send(*(event(visitor_id="v-1", sequence_no=number) for number in (0, 1, 3)))
    refuse(page, event("page_wiew"))
    measure_recent()
    shown = readable(admin.get("/collection/"))
    assert "Arrived in the last 7 days 75 % Much is lost" in shown
    assert "1 refused event waits for you." in shown


@pytest.mark.parametrize(
    "path",
    ["/collection/", "/collection/refused", "/collection/live", "/collection/events", "/collection/events/new"],
    ids=["health", "refused", "live", "events", "new"],
)
def test_organisers_and_those_who_only_look_stay_out(path: str, app: Flask, marketplace: Marketplace) -> None:
    organizer, analyst = member(app, marketplace), member(app, marketplace, None, "analyst")
    organizer.get(path, 403)
    analyst.get(path, 403 if path.endswith("new") else 200)
    assert "Event collection" not in organizer.get("/")
