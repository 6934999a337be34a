"""Which person a visitor is: orders and sign-ins link, others and sign-outs end it, in whatever order they arrive."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from core.catalog.api import upsert_persons
from core.db.session import tenant_session
from core.events.api import linked_persons
from tests.marketplace import Marketplace
from tests.pipeline import ingest, relay
from tests.tracking.events import Page, ago, consent, event
from tests.tracking.ingest.stream import entry
from tests.tracking.store import Store
from tracking.ingest.service import ingest as store_entries


def person(marketplace: Marketplace, name: str) -> int:
    with tenant_session(marketplace.tenant_id) as session:
        (outcome,) = upsert_persons(session, marketplace.tenant_id, [{"external_id": name}])
    assert outcome.person_id is not None, outcome
    return outcome.person_id


def identified(visitor: str, name: str | None, occurred_at: str, **changes: Any) -> dict[str, Any]:
    """A sign-in that a backend reports, or a sign-out when nobody is named."""
    kind = "person_identified" if name else "person_logged_out"
    return event(kind, visitor_id=visitor, person_id=name, occurred_at=occurred_at, **changes)


def take_order(page: Page, number: str, name: str, **changes: Any) -> None:
    buyer = {**page.marketplace.order()["person"], "external_id": name}
    page.order(number, person=buyer, **changes)
    relay()
    ingest()


def test_an_order_links_visitor_and_buyer(page: Page, store: Store) -> None:
    take_order(page, "A-1", "c-7")
    (link,) = store.links()
    assert (link["visitor"], link["person"], link["source"], link["order_id"]) == (
        "v-1",
        "c-7",
        "order_completed",
        "A-1",
    )
    (row,) = store.events()
    assert link["linked_at"] == row["occurred_at"]
    assert link["unlinked_at"] is None
    assert row["person_id"] is not None


def test_an_order_without_consent_to_data_processing_links_nobody(page: Page, store: Store) -> None:
    refusing = {"marketing": True, "data_processing": False, "captured_at": ago(minutes=1)}
    take_order(page, "A-1", "c-7", consent=refusing)
    take_order(page, "A-2", "c-7", consent=None, visitor_id="v-2", session_id="s-2")
    assert store.links() == []
    assert {row["person_id"] for row in store.events()} == {None}


def test_a_second_buyer_on_the_device_ends_the_first_link(page: Page, store: Store) -> None:
    take_order(page, "A-1", "c-7", placed_at=ago(minutes=9))
    take_order(page, "A-2", "c-8", placed_at=ago(minutes=5))
    first, second = store.links()
    assert (first["person"], second["person"]) == ("c-7", "c-8")
    assert first["unlinked_at"] == second["linked_at"]
    with tenant_session(page.marketplace.tenant_id) as session:
        now = linked_persons(session, page.marketplace.tenant_id, ["v-1", "v-9"])
    assert now == {"v-1": [person(page.marketplace, "c-8")]}


def test_signing_out_ends_the_link_also_without_consent(page: Page, store: Store) -> None:
    take_order(page, "A-1", "c-7", placed_at=ago(minutes=9))
    left = identified("v-1", None, ago(minutes=3), consent_snapshot=None)
    assert page.send(left)["accepted"] == 1
    ingest()
    (link,) = store.links()
    assert link["unlinked_at"] == datetime.fromisoformat(left["occurred_at"])


def test_a_sign_in_links_only_when_a_backend_vouches_for_it(page: Page, store: Store) -> None:
    person(page.marketplace, "c-7")
    page.send(identified("v-1", "c-7", ago(minutes=3)))
    ingest()
    assert store.links() == []
    page.report(identified("v-1", "c-7", ago(minutes=2)), identified("v-2", "nobody", ago(minutes=2)))
    ingest()
    assert [(link["visitor"], link["person"], link["source"]) for link in store.links()] == [("v-1", "c-7", "login")]


def test_another_marketplaces_person_of_the_same_name_is_nobody_here(
    page: Page, other_marketplace: Marketplace, store: Store
) -> None:
    person(other_marketplace, "c-7")
    page.report(identified("v-1", "c-7", ago(minutes=2)))
    ingest()
    assert store.links() == []
    assert store.events()[0]["person_id"] is None


def test_links_do_not_depend_on_how_events_arrive(marketplace: Marketplace, store: Store) -> None:
    names = [None, "c-1", "c-2", "c-3"]
    for name in names:
        if name:
            person(marketplace, name)
    start = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=5)
    turns = st.lists(
        st.tuples(st.integers(0, 60), st.sampled_from(names)), min_size=1, max_size=9, unique_by=lambda turn: turn[0]
    )

    @given(turns.flatmap(lambda made: st.tuples(st.just(made), st.permutations(made))), st.integers(1, 4))
    def check(drawn: tuple[list[tuple[int, str | None]], list[tuple[int, str | None]]], size: int) -> None:
        made, arriving = drawn
        visitor = f"v-{uuid.uuid4()}"
        events = [
            identified(visitor, name, (start + timedelta(minutes=minute)).isoformat()) for minute, name in arriving
        ]
        for position in range(0, len(events), size):
            store_entries([entry(marketplace, *events[position : position + size], trusted=True)])
        links = store.links(visitor)
        for minute in range(62):
            said = [name for when, name in sorted(made) if when <= minute]
            assert holding(links, start + timedelta(minutes=minute)) == (said[-1:] if said and said[-1] else [])

    check()


def holding(links: list[dict[str, Any]], moment: datetime) -> list[str]:
    """Who the visitor was at a moment."""
    return [
        link["person"]
        for link in links
        if link["linked_at"] <= moment and (link["unlinked_at"] is None or moment < link["unlinked_at"])
    ]


def test_consent_to_data_processing_may_come_and_go(marketplace: Marketplace, store: Store) -> None:
    person(marketplace, "c-1")
    refusing = consent(data_processing=False)
    events = [
        identified("v-1", "c-1", ago(minutes=5), consent_snapshot=refusing),
        identified("v-1", "c-1", ago(minutes=4)),
        identified("v-1", "c-1", ago(minutes=3), consent_snapshot=refusing),
    ]
    store_entries([entry(marketplace, *events, trusted=True)])
    (link,) = store.links()
    assert link["linked_at"] == datetime.fromisoformat(events[1]["occurred_at"])
