"""Tracking codes: list, form, changes that can be undone, what fires on a page."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask import Flask

from adrail.sandbox import SandboxServer
from core.codes.api import get_code, list_codes, update_code
from core.db.session import tenant_session
from core.registry import registry
from tests.marketplace import Marketplace
from tests.webui.people import Elements, Person, member, readable

SECRET = "EAAB" + "s3cr3t" * 8
EVENTS = ["event_view", "add_to_cart", "checkout_started", "order_completed"]


@pytest.fixture
def owner(app: Flask, marketplace: Marketplace) -> Person:
    """Somebody of org-1 who may manage codes."""
    return member(app, marketplace)


def form(**changes: Any) -> dict[str, Any]:
    """The fields of a good new code for all events."""
    good: dict[str, Any] = {
        "place": "organizer",
        "pixel_id": "123456789012345",
        "access_token": SECRET,
        "conversion_events": EVENTS,
        "advanced_matching": "on",
    }
    return {name: value for name, value in {**good, **changes}.items() if value is not None}


def add(owner: Person, **changes: Any) -> int:
    """Add a code through the form; returns its id."""
    response = owner.send("/codes/new/meta", form(**changes))
    assert response.status_code == 302, readable(response.text)
    return int(response.location.rpartition("/")[2])


def test_without_codes_the_list_says_what_to_do_next(owner: Person) -> None:
    text = readable(owner.get("/codes/"))

    assert "No tracking codes yet" in text
    assert "Add tracking code" in text


def test_adding_starts_with_the_choice_of_a_platform_and_keeps_the_live_event(owner: Person) -> None:
    links = {link.get("href") for link in Elements(owner.get("/codes/new?live_event=ev-1")).named("a")}
    assert {f"/codes/new/{platform.slug}?live_event=ev-1" for platform in registry().supporting("pixel")} <= links
    assert 'value="ev-1"' in owner.get("/codes/new/ga4?live_event=ev-1")


def test_a_platform_of_many_kinds_of_settings_has_a_form_too(owner: Person) -> None:
    wrong = {
        "measurement_id": "UA-1",
        "place": "organizer",
        "conversion_events": EVENTS,
        "consent_purpose": "analytics",
    }
    assert "This does not look like a Measurement ID, for example G-ABCDE12345." in readable(
        owner.send("/codes/new/ga4", wrong).text
    )
    added = owner.send(
        "/codes/new/ga4", {**wrong, "measurement_id": "G-ABCDE12345", "server_events": "order_completed"}
    )
    assert added.status_code == 302
    assert "Google Analytics 4 G-ABCDE12345 All my events" in readable(owner.get("/codes/"))


def test_the_form_is_made_from_the_platforms_settings(owner: Person) -> None:
    elements = Elements(owner.get("/codes/new/meta"))

    pixel, token = elements.field("pixel_id"), elements.field("access_token")
    assert re.fullmatch(pixel["data-pattern"], "123456789012345")
    assert not re.fullmatch(pixel["data-pattern"], "12a")
    assert "required" in pixel
    assert (token["type"], token["value"]) == ("password", "")


def test_a_new_code_appears_with_its_state_and_place(owner: Person, marketplace: Marketplace) -> None:
    code = add(owner)

    page = readable(owner.get("/codes/"))
    assert "Meta 123 4567 8901 2345 All my events view, cart, checkout, purchase" in page
    assert "Waiting for a visit" in page
    stored = get_code(marketplace.staff, code)
    assert (stored.public_id, stored.enabled, stored.has_server) == ("123456789012345", True, True)
    assert stored.conversion_events == tuple(EVENTS)


def test_a_code_can_be_for_one_live_event_chosen_by_typing(owner: Person, marketplace: Marketplace) -> None:
    found = owner.get("/codes/live-events?search=event 2")
    assert readable(found).startswith("Event 2")
    assert "Event 1" not in found

    code = add(owner, place="live_event", live_event_id="ev-2")

    assert get_code(marketplace.staff, code).live_event_external_id == "ev-2"


def test_the_picker_shows_only_ones_own_live_events(owner: Person) -> None:
    page = owner.get("/codes/live-events?search=event&live_event_id=ev-3")

    assert "Event 1" in page
    assert "Event 3" not in page


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"pixel_id": ""}, "Pixel ID is missing."),
        ({"pixel_id": "12"}, "This does not look like a Pixel ID, for example 123456789012345."),
        ({"conversion_events": []}, "Choose at least one"),
        ({"place": "live_event", "live_event_id": ""}, "Choose where the code applies."),
        ({"place": "live_event", "live_event_id": "ev-3"}, "Choose where the code applies."),
        ({"place": "marketplace"}, "not yours to open"),
    ],
)
def test_a_wrong_form_comes_back_with_what_was_typed_and_what_to_do(
    owner: Person, marketplace: Marketplace, changes: dict[str, Any], message: str
) -> None:
    response = owner.send("/codes/new/meta", form(test_event_code="TEST77", **changes))

    assert response.status_code in {422, 403}
    assert message in readable(response.text)
    assert list_codes(marketplace.staff).items == []
    if response.status_code == 422:
        elements = Elements(response.text)
        assert elements.field("test_event_code")["value"] == "TEST77"
        assert elements.field("access_token")["value"] == ""


def test_a_place_that_is_taken_is_told_without_losing_the_form(owner: Person) -> None:
    add(owner)

    response = owner.send("/codes/new/meta", form(pixel_id="999999999999999"))

    assert response.status_code == 422
    assert "has a Meta code already" in readable(response.text)
    assert Elements(response.text).field("pixel_id")["value"] == "999999999999999"


def test_a_secret_is_on_no_page_after_it_was_saved(owner: Person) -> None:
    code = add(owner)

    for path in ("/codes/", f"/codes/{code}", f"/codes/{code}/edit", "/connections/", f"/codes/{code}/delete"):
        assert SECRET not in owner.get(path)
        assert SECRET[-6:] not in owner.get(path)
    assert "set just now" in readable(owner.get(f"/codes/{code}/edit"))


def test_saving_says_what_changed_and_can_be_undone(owner: Person, marketplace: Marketplace) -> None:
    code = add(owner)
    version = Elements(owner.get(f"/codes/{code}/edit")).field("version")["value"]
    changed = form(place=None, access_token="", advanced_matching=None, pixel_id="123456789012345", enabled="on")

    response = owner.send(f"/codes/{code}/edit", {**changed, "version": version, "conversion_events": EVENTS[-1:]})
    assert response.status_code == 302
    page = owner.get(f"/codes/{code}")

    assert "Advanced matching: on → off" in readable(page)
    assert "What is reported: view, cart, checkout, purchase → purchase" in readable(page)
    assert get_code(marketplace.staff, code).conversion_events == ("order_completed",)
    undo = re.search(rf'action="(/codes/{code}/undo/\d+)"', page)
    assert undo
    assert owner.send(undo[1]).status_code == 302
    assert get_code(marketplace.staff, code).conversion_events == tuple(EVENTS)
    assert "Taken back" in readable(owner.get(f"/codes/{code}"))


def test_saving_an_unchanged_form_changes_nothing(owner: Person, marketplace: Marketplace) -> None:
    code = add(owner)
    before = get_code(marketplace.staff, code)
    same = form(place=None, access_token="", enabled="on", version=str(before.version))

    owner.send(f"/codes/{code}/edit", same)

    assert "Nothing to save" in readable(owner.get(f"/codes/{code}"))
    assert get_code(marketplace.staff, code).version == before.version


def test_a_change_by_somebody_else_meanwhile_is_not_overwritten(owner: Person, marketplace: Marketplace) -> None:
    code = add(owner)
    version = Elements(owner.get(f"/codes/{code}/edit")).field("version")["value"]
    update_code(marketplace.staff, code, {"settings": {"test_event_code": "TEST1"}})

    response = owner.send(f"/codes/{code}/edit", form(place=None, enabled="on", version=version, pixel_id="55555555"))

    assert response.status_code == 422
    assert "somebody changed this code meanwhile" in readable(response.text).lower()
    assert get_code(marketplace.staff, code).public_id == "123456789012345"


def test_a_code_is_switched_off_and_on_again(owner: Person, marketplace: Marketplace) -> None:
    code = add(owner)

    owner.send(f"/codes/{code}/switch", {"version": str(get_code(marketplace.staff, code).version)})

    assert not get_code(marketplace.staff, code).enabled
    assert "Off" in readable(owner.get("/codes/?state=off"))
    assert "No code matches" in readable(owner.get("/codes/?state=on"))


def test_deleting_says_what_will_happen_first_and_can_be_undone(owner: Person, marketplace: Marketplace) -> None:
    add(owner, pixel_id="111111111111111")
    special = add(owner, place="live_event", live_event_id="ev-1")

    asked = readable(owner.get(f"/codes/{special}/delete"))
    assert "Event 1: your default 111 1111 1111 1111 takes over there." in asked
    assert get_code(marketplace.staff, special)

    owner.send(f"/codes/{special}/delete")
    page = owner.get("/codes/")
    assert "Meta deleted" in readable(page)
    undo = re.search(rf'action="(/codes/{special}/undo/\d+)"', page)
    assert undo
    owner.send(undo[1])

    assert get_code(marketplace.staff, special).live_event_external_id == "ev-1"


def test_the_history_tells_who_changed_what(owner: Person, marketplace: Marketplace) -> None:
    code = add(owner)
    update_code(marketplace.staff, code, {"settings": {"test_event_code": "TEST1"}})

    page = readable(owner.get(f"/codes/{code}"))

    assert "Changed just now by adrail Test event code: empty → TEST1" in page
    assert "Added just now by you" in page


def test_a_page_tells_what_fires_on_it_and_why(owner: Person, marketplace: Marketplace) -> None:
    marketplace.add_code("meta", "own", "333333333333333")
    add(owner, pixel_id="111111111111111")
    special = add(owner, place="live_event", live_event_id="ev-1", pixel_id="222222222222222")

    own = readable(owner.get("/codes/fires?page=event:event-1"))
    default = readable(owner.get("/codes/fires?page=event:event-2"))
    elsewhere = readable(owner.get("/codes/fires?page=site"))

    assert "Meta 222 2222 2222 2222 fires, because it is set for this live event." in own
    assert "It replaces the default 111 1111 1111 1111." in own
    assert "Meta 111 1111 1111 1111 fires: it is the default for all events." in default
    assert elsewhere == "The marketplace’s own Meta code is always there."
    assert "333" not in own + default + elsewhere

    owner.send(f"/codes/{special}/switch", {"version": "1"})
    assert "Meta does not fire: it is switched off for this live event." in readable(
        owner.get("/codes/fires?page=event:event-1")
    )


def test_pages_of_other_organisers_are_not_explained(owner: Person) -> None:
    assert "does not exist" in readable(owner.get("/codes/fires?page=event:event-3"))


def test_a_test_event_shows_the_platforms_answer(owner: Person, sandbox: SandboxServer) -> None:
    code = add(owner, test_event_code="TEST12345")

    answer = owner.send(f"/codes/{code}/test", partly=True)
    whole = owner.send(f"/codes/{code}/test")

    assert readable(answer.text).startswith("Meta accepted the test event.")
    assert "<html" not in answer.text
    assert "Meta accepted the test event." in readable(whole.text)
    assert "How it is set" in readable(whole.text)


def test_titles_with_markup_stay_text_everywhere(owner: Person, marketplace: Marketplace) -> None:
    nasty = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"
    _rename_event(marketplace, "ev-1", nasty)
    code = add(owner, place="live_event", live_event_id="ev-1")

    for path in ("/codes/", f"/codes/{code}", "/live-events/", "/codes/live-events", "/deliveries/", "/"):
        page = owner.get(path)
        assert "<script>alert" not in page
        assert "<img src=x" not in page
    assert nasty.partition('"')[0] in readable(owner.get("/live-events/"))


def _rename_event(marketplace: Marketplace, external_id: str, title: str) -> None:
    from sqlalchemy import text

    with tenant_session(marketplace.tenant_id) as session:
        session.execute(
            text("UPDATE live_events SET title = :title WHERE external_id = :id"), {"title": title, "id": external_id}
        )


def test_the_marketplaces_staff_choose_whose_code_it_is(app: Flask, marketplace: Marketplace) -> None:
    staff = member(app, marketplace, None, "admin")

    whole = staff.send("/codes/new/meta", form(place="marketplace"))
    theirs = staff.send("/codes/new/meta", form(organizer_id="org-2"))

    levels = {code.level: code.organizer_external_id for code in list_codes(marketplace.staff).items}
    assert (whole.status_code, theirs.status_code) == (302, 302)
    assert levels == {"marketplace": None, "organizer": "org-2"}
