"""Reading the catalogue: pages in order, narrowed by organiser, search and time, never across marketplaces."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from core.catalog.api import get_live_event, get_live_events, list_live_events, live_event_refs, ticket_types
from core.db.session import tenant_session
from core.errors import InvalidInputError, NotFoundError
from tests.core.catalog.backend import Backend
from tests.marketplace import Marketplace


def pages(tenant: Any, **how: Any) -> list[list[str]]:
    """External ids, page by page."""
    found, cursor = [], None
    while True:
        page = list_live_events(tenant, cursor=cursor, **how)
        found.append([item.external_id for item in page.items])
        cursor = page.next_cursor
        if cursor is None:
            return found


def test_live_events_come_soonest_first_in_pages(marketplace: Marketplace, backend: Backend) -> None:
    assert pages(marketplace.tenant_id, limit=2) == [["ev-1", "ev-2"], ["ev-3"]]
    # The same start must neither repeat nor drop one between pages.
    backend.admin.execute(
        "UPDATE live_events SET starts_at = '2030-01-01' WHERE tenant_id = %s", [marketplace.tenant_id]
    )
    assert sorted(pages(marketplace.tenant_id, limit=1)) == [["ev-1"], ["ev-2"], ["ev-3"]]


def test_an_organiser_sees_its_own(marketplace: Marketplace) -> None:
    assert pages(marketplace.organizer("org-1")) == [["ev-1", "ev-2"]]
    assert pages(marketplace.organizer("org-2")) == [["ev-3"]]
    assert pages(marketplace.staff) == [["ev-1", "ev-2", "ev-3"]]


@pytest.mark.parametrize(("search", "found"), [("event 2", ["ev-2"]), ("EVENT", ["ev-1", "ev-2", "ev-3"]), ("%", [])])
def test_search_reads_titles_literally(marketplace: Marketplace, search: str, found: list[str]) -> None:
    assert pages(marketplace.tenant_id, search=search) == [found]


def test_past_events_can_be_left_out(marketplace: Marketplace, backend: Backend) -> None:
    past = datetime.now(UTC) - timedelta(days=1)
    backend.admin.execute(
        "UPDATE live_events SET starts_at = %s WHERE tenant_id = %s AND external_id = 'ev-2'",
        [past, marketplace.tenant_id],
    )
    assert pages(marketplace.tenant_id, upcoming=True) == [["ev-1", "ev-3"]]
    assert pages(marketplace.tenant_id) == [["ev-2", "ev-1", "ev-3"]]


def test_a_forged_cursor_is_refused(marketplace: Marketplace) -> None:
    with pytest.raises(InvalidInputError):
        list_live_events(marketplace.tenant_id, cursor="bm9uc2Vuc2U")


def test_one_live_event_is_found_by_any_of_its_names(marketplace: Marketplace) -> None:
    event = get_live_event(marketplace.tenant_id, slug="event-2")
    assert event == get_live_event(marketplace.tenant_id, external_id="ev-2")
    assert event == get_live_event(marketplace.tenant_id, live_event_id=event.id)
    assert (event.title, event.organizer_external_id, event.organizer_name) == ("Event 2", "org-1", "Organiser org-1")
    assert (event.venue_name, event.city, event.currency, event.price_from) == (
        "Club", "Cluj-Napoca", "RON", Decimal(90),
    )  # fmt: skip
    found = get_live_events(marketplace.tenant_id, ["ev-1", "ev-404", "ev-3"])
    assert {item.external_id for item in found} == {"ev-1", "ev-3"}


def test_live_events_of_others_do_not_exist(marketplace: Marketplace, other_marketplace: Marketplace) -> None:
    event = get_live_event(marketplace.tenant_id, slug="event-1")
    for how in ({"live_event_id": event.id}, {"slug": "event-404"}, {"external_id": "ev-404"}):
        with pytest.raises(NotFoundError):
            get_live_event(other_marketplace.tenant_id, **how)
    assert ticket_types(other_marketplace.tenant_id, event.id) == []


def test_ticket_types_tell_what_is_left(marketplace: Marketplace, backend: Backend) -> None:
    event = get_live_event(marketplace.tenant_id, external_id="ev-1")
    backend.placed()
    [kind] = ticket_types(marketplace.tenant_id, event.id)
    assert (kind.external_id, kind.price, kind.currency, kind.left) == ("tt-1", Decimal(90), "RON", 998)
    backend.admin.execute("UPDATE ticket_types SET quota = 1 WHERE tenant_id = %s", [marketplace.tenant_id])
    assert ticket_types(marketplace.tenant_id, event.id)[0].left == 0
    backend.admin.execute("UPDATE ticket_types SET quota = NULL WHERE tenant_id = %s", [marketplace.tenant_id])
    assert ticket_types(marketplace.tenant_id, event.id)[0].left is None


def test_references_lead_to_organisers(marketplace: Marketplace) -> None:
    with tenant_session(marketplace.tenant_id) as session:
        refs = live_event_refs(session, marketplace.tenant_id, {"ev-1", "ev-3", "ev-404"})
        assert {name: ref.organizer_external_id for name, ref in refs.items()} == {"ev-1": "org-1", "ev-3": "org-2"}
        assert live_event_refs(session, marketplace.tenant_id, []) == {}
