"""The audit log's page: sentences, filters, downloads, and nobody else's business."""

from __future__ import annotations

import csv
import io
import json
from zoneinfo import ZoneInfo

import pytest
from flask import Flask

from core.accounts.api import list_audit, make_anchor, record_audit
from core.accounts.service import Actor
from core.db.session import tenant_session
from tests.marketplace import Marketplace
from tests.webui.people import Elements, Person, member, readable


@pytest.fixture
def admin(app: Flask, marketplace: Marketplace) -> Person:
    """An administrator of the whole marketplace."""
    return member(app, marketplace, None, "admin")


def write(marketplace: Marketplace, action: str, subject: str, actor: str = "user:900001", **detail: object) -> None:
    with tenant_session(marketplace.tenant_id) as session:
        record_audit(session, Actor(marketplace.tenant_id, "user", actor), action, subject, detail)


def test_changes_are_told_in_sentences_with_names(admin: Person, marketplace: Marketplace) -> None:
    admin.send("/keys/new/server", {"name": "shop backend", "scope": "place_orders"})
    text = readable(admin.get("/audit/"))
    assert "Test Person made the key shop backend" in text
    assert "adrail itself created the marketplace" in text
    assert "key.created" in text
    assert "Scopes Report orders and refunds" in text


@pytest.mark.parametrize(
    ("action", "subject", "sentence"),
    [
        ("tracking_code.updated", "tracking_code:7", "Somebody who left changed tracking code 7"),
        ("venue.upserted", "catalog:venues", "Somebody who left sent rows for the catalogue (venues)"),
        ("rocket.launched", "rocket:<b>x</b>", "Somebody who left: Rocket: launched, Rocket <b>x</b>"),
        ("nonsense", "", "Somebody who left: Nonsense"),
    ],
)
def test_every_entry_can_be_read(
    admin: Person, marketplace: Marketplace, action: str, subject: str, sentence: str
) -> None:
    write(marketplace, action, subject, empty=None, yes=True, many=[1, {"a": 2}])
    page = admin.get("/audit/")
    assert sentence in readable(page)
    assert "<b>x</b>" not in page
    assert "Empty none Many 1, A: 2 Yes yes" in readable(page)


def test_the_page_is_filtered_and_leads_to_what_was_changed(admin: Person, marketplace: Marketplace) -> None:
    write(marketplace, "site.changed", "site:1")
    write(marketplace, "thing.deleted", "thing:5")
    only = admin.get("/audit/?action=thing.deleted")
    assert "thing:5" in only
    assert "site:1" not in only
    about = admin.get("/audit/?subject=thing:5")
    assert "Only what was done to" in readable(about)
    links = {link["href"] for link in Elements(admin.get("/audit/")).named("a") if "href" in link}
    assert {"/sites/1/edit", "/audit/?subject=thing:5"} <= links
    assert "No entry fits" in readable(admin.get("/audit/?actor=user:1234567"))
    assert "No entry fits" in readable(admin.get("/audit/?since=2999-01-01"))
    assert "No entry fits" in readable(admin.get("/audit/?until=2001-01-01"))
    for odd in ("since=soon", "until=9999-12-31", "actor=%E2%80%A8", "since=0001-01-01"):
        admin.get(f"/audit/?{odd}")
    admin.get("/audit/?cursor=nonsense", 422)


def test_the_last_day_counts_to_its_end(admin: Person, marketplace: Marketplace) -> None:
    write(marketplace, "thing.deleted", "thing:5")
    moment = list_audit(marketplace.staff).items[0].at
    day = moment.astimezone(ZoneInfo("Europe/Bucharest")).date().isoformat()
    assert "thing:5" in admin.get(f"/audit/?since={day}&until={day}")


def test_the_page_says_when_the_log_was_sealed(admin: Person, marketplace: Marketplace) -> None:
    assert "Last sealed" not in readable(admin.get("/audit/"))
    anchor = make_anchor(marketplace.tenant_id)
    assert anchor is not None
    text = readable(admin.get("/audit/"))
    assert f"Last sealed just now : {anchor.entries} entries." in text


def test_long_logs_come_in_pages(admin: Person, marketplace: Marketplace) -> None:
    for number in range(60):
        write(marketplace, "thing.changed", f"thing:{number}")
    page = admin.get("/audit/?action=thing.changed")
    assert "thing:59" in page
    assert "thing:9 " not in readable(page)
    more = next(link["href"] for link in Elements(page).named("a") if "cursor=" in link.get("href", ""))
    assert "action=thing.changed" in more
    assert "thing:9 " in readable(admin.get(more))


def test_what_the_filters_leave_is_downloaded(admin: Person, marketplace: Marketplace) -> None:
    for number in range(3):
        write(marketplace, "thing.changed", f"thing:{number}")
    answer = admin.client.get("/audit/export.ndjson?action=thing.changed")
    assert [json.loads(line)["subject"] for line in answer.text.splitlines()] == ["thing:2", "thing:1", "thing:0"]
    assert answer.headers["Cache-Control"] == "no-store"
    rows = list(csv.DictReader(io.StringIO(admin.get("/audit/export.csv?subject=thing:1"))))
    assert [row["subject"] for row in rows] == ["thing:1"]
    admin.get("/audit/export.xml", 404)


@pytest.mark.parametrize(("organizer", "role"), [("org-1", "owner"), ("org-1", "admin"), (None, "analyst")])
def test_only_administrators_of_the_marketplace_get_in(
    app: Flask, marketplace: Marketplace, organizer: str | None, role: str
) -> None:
    person = member(app, marketplace, organizer, role)
    assert "Audit log" not in readable(person.get("/"))
    for path in ("/audit/", "/audit/export.csv", "/audit/export.ndjson"):
        person.get(path, 403)


def test_another_marketplaces_log_is_another(
    app: Flask, marketplace: Marketplace, other_marketplace: Marketplace
) -> None:
    write(marketplace, "thing.changed", "thing:secret")
    stranger = member(app, other_marketplace, None, "admin")
    for path in ("/audit/", "/audit/?subject=thing:secret", "/audit/export.csv"):
        page = stranger.get(path)
        assert "thing:secret" not in page.replace('value="thing:secret"', "").replace("subject=thing:secret", "")
