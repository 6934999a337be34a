"""Rows of others cannot be overwritten by sending their external id: not one by one, not in the midst of own rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import orjson
import psycopg
import pytest
from flask import Flask
from werkzeug.test import TestResponse

from core.catalog.api import KINDS, Kind, get_row
from tests.marketplace import Marketplace, make_marketplace
from tests.security.fingerprint import changes, fingerprint
from tests.security.prey import Looking, Prey, settle
from tests.webui.people import Person, member

OWNED = ("live-events", "ticket-types", "ticket-links", "products")
MARKETPLACES = ("affiliates", "shop-orders", "shipments", "venues", "artists", "genres", "organizers")
PUT_ONLY = ("persons", "follows", "interests")


@dataclass(frozen=True, slots=True)
class Team:
    """Two organisers of one marketplace who have everything, the first of whom attacks; and another marketplace."""

    app: Flask
    home: Marketplace
    other: Marketplace
    mine: Prey
    theirs: Prey
    looking: Looking
    person: Person

    def row(self, kind: Kind, whose: Prey) -> dict[str, Any]:
        """Somebody's row, as the marketplace reads it."""
        return get_row(self.home.staff, kind, str(whose.ids[kind.word]))

    def put(self, kind: str, rows: list[Any], key: str) -> TestResponse:
        """Send rows with a key."""
        headers = self.home.bearer(key)
        return self.app.test_client().put(f"/api/v1/catalog/{kind}", json={"items": rows}, headers=headers)


@pytest.fixture(scope="module")
def team(app: Flask, database: str) -> Iterator[Team]:
    """Two organisers in whose places everything has happened."""
    with psycopg.connect(database, autocommit=True) as looking:
        home, other = make_marketplace(), make_marketplace()
        mine = settle(looking, home, "mineword")
        theirs = settle(looking, home, "theirword")
        yield Team(app, home, other, mine, theirs, looking, member(app, home, "mineword"))


def changed(kind: Kind, row: dict[str, Any]) -> dict[str, Any]:
    """The row with another name, or whatever stands for one."""
    name = {"external_id": "carrier"}.get(kind.title, kind.title)
    name = "visitor_id" if kind.name == "shop-orders" else name
    return {**row, name: "Overwritten"}


def test_every_kind_is_attacked() -> None:
    assert set(KINDS) == {*OWNED, *MARKETPLACES}


@pytest.mark.parametrize("kind_name", OWNED)
def test_a_siblings_row_stays_as_it_is_while_the_own_one_is_taken(team: Team, kind_name: str) -> None:
    kind, key = KINDS[kind_name], team.home.organizer_keys["mineword"]
    own, theirs = team.row(kind, team.mine), team.row(kind, team.theirs)
    blank = {**changed(kind, theirs), "external_id": f" {theirs['external_id']} "}
    short = {"external_id": theirs["external_id"], kind.title: "Overwritten"}
    stolen = {**changed(kind, theirs), "organizer_id": f"{team.mine.mark}-org", "live_event_id": f"{team.mine.mark}-ev"}
    stolen = {name: value for name, value in stolen.items() if name in theirs}

    for attack in (changed(kind, theirs), blank, short, stolen, {"external_id": theirs["external_id"]}):
        answer = team.put(kind_name, [changed(kind, own), attack], key)
        assert answer.status_code == 200, answer.text
        outcomes = answer.get_json()["items"]
        assert outcomes[0]["outcome"] in {"updated", "unchanged"}
        assert outcomes[1]["outcome"] == "rejected", attack
        assert [error["rule"] for error in outcomes[1]["errors"]] == ["foreign"]
        assert team.row(kind, team.theirs) == theirs
    assert "Overwritten" in team.row(kind, team.mine).values()


@pytest.mark.parametrize("kind_name", OWNED)
def test_nothing_at_all_changes_when_only_rows_of_others_are_sent(team: Team, kind_name: str) -> None:
    kind, key = KINDS[kind_name], team.home.organizer_keys["mineword"]
    theirs = team.row(kind, team.theirs)
    before = fingerprint(team.looking)
    lines = b"\n".join(orjson.dumps(row) for row in (changed(kind, theirs), theirs))
    headers = {**team.home.bearer(key), "Content-Type": "application/x-ndjson"}
    answer = team.app.test_client().put(f"/api/v1/catalog/{kind_name}", data=lines, headers=headers)
    assert [item["outcome"] for item in answer.get_json()["items"]] == ["rejected", "rejected"]
    assert changes(before, fingerprint(team.looking)) == []


@pytest.mark.parametrize("kind_name", [*MARKETPLACES, *PUT_ONLY])
def test_what_the_marketplace_keeps_is_refused_as_a_whole(team: Team, kind_name: str) -> None:
    rows: list[Any] = [{"external_id": str(team.theirs.ids["person"]), "email": "over@written.example"}]
    if kind_name in KINDS:
        rows = [changed(KINDS[kind_name], team.row(KINDS[kind_name], team.theirs))]
    before = fingerprint(team.looking)
    answer = team.put(kind_name, rows, team.home.organizer_keys["mineword"])
    assert answer.status_code == 403
    assert changes(before, fingerprint(team.looking)) == []


@pytest.mark.parametrize("kind_name", [*OWNED, "affiliates", "shop-orders", "shipments"])
def test_a_siblings_row_cannot_be_reached_on_pages(team: Team, kind_name: str) -> None:
    kind = KINDS[kind_name]
    name = team.theirs.ids[kind.word]
    before = fingerprint(team.looking)
    for path in (f"edit/{name}", f"undo/1/{name}"):
        answer = team.person.send(f"/catalog/{kind_name}/{path}", {kind.title: "Overwritten", "external_id": str(name)})
        assert answer.status_code in {403, 404}, path
    assert team.person.client.get(f"/catalog/{kind_name}/show/{name}").status_code in {403, 404}
    assert changes(before, fingerprint(team.looking)) == []


@pytest.mark.parametrize("kind_name", OWNED)
def test_a_new_row_on_a_page_cannot_take_a_siblings_id(team: Team, kind_name: str) -> None:
    kind = KINDS[kind_name]
    theirs, own = team.row(kind, team.theirs), team.row(kind, team.mine)
    fields = {name: value for name, value in own.items() if isinstance(value, str)}
    answer = team.person.send(
        f"/catalog/{kind_name}/new", {**fields, "slug": "", "external_id": theirs["external_id"], kind.title: "Taken"}
    )
    assert answer.status_code == 422
    assert team.row(kind, team.theirs) == theirs


@pytest.mark.parametrize("kind_name", sorted(KINDS))
def test_another_marketplace_gets_a_row_of_its_own_or_a_refusal(team: Team, kind_name: str) -> None:
    kind = KINDS[kind_name]
    theirs = team.row(kind, team.theirs)
    before = fingerprint(team.looking, tenant_id=team.home.tenant_id)
    answer = team.put(kind_name, [changed(kind, theirs)], team.other.server_key)
    assert answer.get_json()["items"][0]["outcome"] in {"created", "rejected"}
    assert changes(before, fingerprint(team.looking, tenant_id=team.home.tenant_id)) == []
