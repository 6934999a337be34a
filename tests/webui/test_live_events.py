"""The list of live events."""

from __future__ import annotations

from flask import Flask

from tests.marketplace import Marketplace
from tests.webui.people import member, readable


def test_an_organiser_sees_their_own_live_events(app: Flask, marketplace: Marketplace) -> None:
    page = readable(member(app, marketplace).get("/live-events/"))

    assert "Event 1" in page
    assert "from 90 RON On sale" in page
    assert "Event 3" not in page


def test_the_marketplace_sees_all_with_their_organisers(app: Flask, marketplace: Marketplace) -> None:
    page = readable(member(app, marketplace, None, "admin").get("/live-events/"))

    assert "Event 3" in page
    assert "Organiser org-2" in page


def test_the_list_is_searched_by_name(app: Flask, marketplace: Marketplace) -> None:
    person = member(app, marketplace)

    assert "Event 1" not in readable(person.get("/live-events/?search=event 2"))
    nothing = readable(person.get("/live-events/?search=<b>opera</b>"))
    assert "No live event has “<b>opera</b>” in its name." in nothing
