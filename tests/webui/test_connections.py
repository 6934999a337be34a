"""Connections: list, pause, check."""

from __future__ import annotations

import pytest
from flask import Flask

from adrail.sandbox import SandboxServer
from core.codes.api import get_code
from core.connections.api import get_connection
from tests.marketplace import Marketplace
from tests.webui.people import Person, member, readable


@pytest.fixture
def owner(app: Flask, marketplace: Marketplace) -> Person:
    """Somebody of org-1."""
    return member(app, marketplace)


@pytest.fixture
def connection(marketplace: Marketplace, sandbox: SandboxServer) -> int:
    """The connection of org-1's code."""
    code = marketplace.add_code("meta", "default", "123456789012345", organizer="org-1")
    found = get_code(marketplace.staff, code).connection_id
    assert found is not None
    return found


def test_without_connections_the_list_says_how_they_come_about(owner: Person) -> None:
    assert "A connection is made when you give a tracking code its token." in readable(owner.get("/connections/"))


def test_the_list_tells_whose_account_it_is_and_how_it_does(owner: Person, connection: int) -> None:
    page = readable(owner.get("/connections/"))

    assert "Meta 123 4567 8901 2345 Organiser org-1 token set just now Sends by itself. Connected" in page


def test_sending_is_paused_and_goes_on(owner: Person, marketplace: Marketplace, connection: int) -> None:
    owner.send(f"/connections/{connection}/pause")
    assert get_connection(marketplace.staff, connection).state == "paused"
    assert "Sending is paused" in readable(owner.get(f"/connections/{connection}"))
    assert "Paused" in readable(owner.get("/codes/"))

    again = owner.send(f"/connections/{connection}/pause")
    assert again.status_code == 302
    assert "Nothing was changed" in readable(owner.get(f"/connections/{connection}"))

    owner.send(f"/connections/{connection}/resume")
    assert get_connection(marketplace.staff, connection).state == "active"


def test_a_check_shows_the_platforms_answer(owner: Person, connection: int) -> None:
    part = owner.send(f"/connections/{connection}/check", partly=True)
    whole = owner.send(f"/connections/{connection}/check")

    assert part.status_code == 200
    assert "<html" not in part.text
    assert readable(part.text) in readable(whole.text)


def test_an_organiser_sees_only_their_own(app: Flask, marketplace: Marketplace, connection: int) -> None:
    stranger = member(app, marketplace, "org-2")

    assert "No connections yet" in readable(stranger.get("/connections/"))
