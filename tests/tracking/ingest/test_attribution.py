"""Whose history is: events before and between links are given to persons, never to a wrong one, and taken back."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.accounts.api import Actor
from core.catalog.api import merge_persons, unmerge_person, upsert_persons
from core.db.session import tenant_session
from core.errors import ConflictError, DomainError, ForbiddenError, InvalidInputError, NotFoundError
from core.events import attribution
from core.events.api import AS_TOLD, LINKED, NOT_LINKED, attribute_some, decide, visitor_decisions
from core.events.identity_jobs import attribute
from tests.marketplace import Marketplace
from tests.rounds import rounds
from tests.tracking.events import ago, consent, event
from tests.tracking.ingest.believing import Happened, Story
from tests.tracking.ingest.stream import entry
from tests.tracking.store import Store
from tracking.ingest.service import ingest

NAMES = ("c-1", "c-2", "c-3")
KINDS = {"view": "page_view", "in": "person_identified", "out": "person_logged_out"}
START = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=6)


@pytest.fixture
def staff(marketplace: Marketplace) -> Actor:
    """Staff of a marketplace with three persons."""
    with tenant_session(marketplace.tenant_id) as session:
        upsert_persons(session, marketplace.tenant_id, [{"external_id": name} for name in NAMES])
    return Actor.system(marketplace.tenant_id, "test")


def wire(visitor: str, item: Happened) -> dict[str, Any]:
    """An event as a backend sends it."""
    return event(
        KINDS[item.kind],
        visitor_id=visitor,
        session_id=f"{visitor}-{item.session}",
        person_id=item.person,
        occurred_at=at(item.minute).isoformat(),
        consent_snapshot=consent(data_processing=item.agreed),
    )


def at(minute: int) -> datetime:
    return START + timedelta(minutes=minute)


def tell(marketplace: Marketplace, visitor: str, events: Sequence[Happened]) -> None:
    ingest([entry(marketplace, *(wire(visitor, item) for item in events), trusted=True)])


def owners(store: Store, visitor: str) -> dict[int, str | None]:
    """Minute → whose the event is."""
    rows = store.sql(
        "SELECT e.occurred_at, p.external_id AS person FROM tx_events e LEFT JOIN persons p ON p.id = e.person_id"
        " WHERE e.tenant_id = %(tenant)s AND e.visitor_id = %(visitor)s ORDER BY e.occurred_at",
        visitor=visitor,
    )
    return {round((row["occurred_at"] - START).total_seconds() / 60): row["person"] for row in rows}


def holding(links: Sequence[dict[str, Any]], minute: int) -> list[str]:
    """Who the visitor was at a minute."""
    return [
        link["person"]
        for link in links
        if link["linked_at"] <= at(minute) and (link["unlinked_at"] is None or at(minute) < link["unlinked_at"])
    ]


def settle(marketplace: Marketplace) -> None:
    while attribute_some(marketplace.tenant_id).more:
        pass


MINUTES = st.lists(st.integers(0, 300), min_size=5, max_size=14, unique=True)
WHAT = st.tuples(
    st.sampled_from(["view", "view", "view", "in", "in", "in", "out"]),
    st.sampled_from("ab"),
    st.sampled_from(["c-1", "c-2", "c-1", "c-2", "c-3"]),
    st.sampled_from([True, True, True, True, True, False]),
)
SAID = st.tuples(st.sampled_from([LINKED, NOT_LINKED, AS_TOLD]), st.sampled_from(NAMES))


@st.composite
def stories(draw: st.DrawFn) -> tuple[list[list[Happened]], list[tuple[str, str, int]]]:
    """Events in the batches in which they arrive, and what staff says after each batch, with a minute of its own."""
    events = []
    for minute in draw(MINUTES):
        kind, session, person, agreed = draw(WHAT)
        events.append(Happened(2 * minute, kind, session, person if kind == "in" else None, agreed))
    arriving = draw(st.permutations(events))
    size = draw(st.integers(1, 6))
    batches = [arriving[start : start + size] for start in range(0, len(arriving), size)]
    said = [(*draw(SAID), 2 * minute + 1) for minute in draw(st.lists(st.integers(0, 170), max_size=4, unique=True))]
    return batches, said


def say(staff: Actor, story: Story, visitor: str, what: str, person: str, minute: int) -> None:
    """Let staff decide, and note it in the story if they were let."""
    try:
        decide(staff, person, visitor, what, at(minute) if what == LINKED else None)
    except ConflictError:
        return
    story.refused.discard(person)
    story.by_hand.pop(person, None)
    if what == LINKED:
        story.by_hand[person] = minute
    elif what == NOT_LINKED:
        story.refused.add(person)


def test_every_event_is_whose_a_patient_reader_says(marketplace: Marketplace, store: Store, staff: Actor) -> None:
    @settings(max_examples=rounds(12, 1_000))
    @given(stories(), st.lists(st.booleans(), min_size=20, max_size=20))
    def check(drawn: tuple[list[list[Happened]], list[tuple[str, str, int]]], working: list[bool]) -> None:
        batches, said = drawn
        visitor = f"v-{uuid.uuid4()}"
        story = Story([item for batch in batches for item in batch])
        for number, batch in enumerate(batches):
            tell(marketplace, visitor, batch)
            if number < len(said):
                say(staff, story, visitor, *said[number])
            if working[number]:
                settle(marketplace)
        settle(marketplace)
        assert owners(store, visitor) == {item.minute: story.owner(item) for item in story.events}
        links = store.links(visitor)
        for minute in range(0, 620, 7):
            told = story.linked(minute)
            assert holding(links, minute) == ([] if told is None else [told])

    check()


def test_what_a_visitor_did_before_they_were_known_is_theirs(
    marketplace: Marketplace, store: Store, staff: Actor
) -> None:
    tell(marketplace, "v-1", [Happened(1, "view", "a"), Happened(2, "view", "b", agreed=False)])
    attribute()
    assert owners(store, "v-1") == {1: None, 2: None}
    tell(marketplace, "v-1", [Happened(5, "in", "b", "c-1"), Happened(7, "view", "b")])
    attribute()
    assert owners(store, "v-1") == {1: "c-1", 2: None, 5: "c-1", 7: "c-1"}
    tell(marketplace, "v-1", [Happened(9, "view", "c")])
    attribute()
    assert owners(store, "v-1")[9] == "c-1"


def test_on_a_shared_device_history_goes_to_the_person_of_the_visit(
    marketplace: Marketplace, store: Store, staff: Actor
) -> None:
    tell(marketplace, "v-1", [Happened(1, "view", "a"), Happened(3, "view", "b"), Happened(4, "in", "b", "c-1")])
    attribute()
    assert owners(store, "v-1") == {1: "c-1", 3: "c-1", 4: "c-1"}
    tell(marketplace, "v-1", [Happened(8, "view", "d"), Happened(9, "in", "d", "c-2"), Happened(12, "view", "e")])
    attribute()
    assert owners(store, "v-1") == {1: None, 3: "c-1", 4: "c-1", 8: "c-2", 9: "c-2", 12: "c-2"}


def test_history_is_given_in_chunks(
    marketplace: Marketplace, store: Store, staff: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attribution, "CHUNK", 4)
    tell(marketplace, "v-1", [*(Happened(number, "view", "a") for number in range(10)), Happened(11, "in", "b", "c-1")])
    changed = []
    while (step := attribute_some(marketplace.tenant_id)).more:
        changed.append(step.changed)
    assert changed == [4, 4, 2]
    assert set(owners(store, "v-1").values()) == {"c-1"}
    assert store.count("tx_stale_visitors") == 0


def test_unlinking_takes_history_back_and_relinking_returns_it(
    marketplace: Marketplace, store: Store, staff: Actor
) -> None:
    tell(marketplace, "v-1", [Happened(1, "view", "a"), Happened(4, "in", "b", "c-1")])
    decide(staff, "c-1", "v-1", NOT_LINKED)
    tell(marketplace, "v-1", [Happened(6, "in", "c", "c-1"), Happened(7, "view", "c")])
    attribute()
    assert (store.links("v-1"), owners(store, "v-1")) == ([], {1: None, 4: "c-1", 6: "c-1", 7: None})
    decide(staff, "c-1", "v-1", AS_TOLD)
    attribute()
    assert set(owners(store, "v-1").values()) == {"c-1"}
    actions = [row["action"] for row in store.rows("audit_log", "id")]
    assert [name for name in actions if name.startswith("visitor.")] == ["visitor.unlink", "visitor.undo"]


def test_a_visitor_is_linked_by_hand_until_somebody_else_comes(
    marketplace: Marketplace, store: Store, staff: Actor
) -> None:
    tell(marketplace, "v-1", [Happened(1, "view", "a"), Happened(9, "view", "b")])
    decide(staff, "c-2", "v-1", LINKED, at(5))
    (link,) = store.sql("SELECT source, confidence FROM tx_identity_links WHERE tenant_id = %(tenant)s")
    assert link == {"source": "manual", "confidence": 100}
    attribute()
    assert owners(store, "v-1") == {1: "c-2", 9: "c-2"}
    (decision,) = visitor_decisions(staff, "c-2").items
    assert (decision.kind, decision.visitor_id, decision.decided_by) == ("link", "v-1", "system:test")
    decide(staff, "c-2", "v-1", AS_TOLD)
    attribute()
    assert owners(store, "v-1") == {1: None, 9: None}
    assert visitor_decisions(staff, "c-2").items == []


def test_a_scan_at_the_gate_tells_who_it_is_only_where_nobody_is_known(
    marketplace: Marketplace, store: Store, staff: Actor
) -> None:
    def scanned(visitor: str, name: str, minutes: int) -> dict[str, Any]:
        return event("entry_granted", visitor_id=visitor, person_id=name, occurred_at=ago(minutes=minutes))

    known = event("person_identified", visitor_id="v-1", person_id="c-1", occurred_at=ago(minutes=30))
    ingest([entry(marketplace, known, scanned("v-1", "c-2", 20), scanned("v-2", "c-3", 20), trusted=True)])
    assert [(link["visitor"], link["person"], link["source"]) for link in store.links()] == [
        ("v-1", "c-1", "login"),
        ("v-2", "c-3", "scanner"),
    ]
    sure = store.sql("SELECT confidence FROM tx_identity_links WHERE tenant_id = %(tenant)s ORDER BY linked_at")
    assert [row["confidence"] for row in sure] == [100, 50]


def test_history_follows_a_merge_and_comes_back_with_its_end(
    marketplace: Marketplace, store: Store, staff: Actor
) -> None:
    tell(marketplace, "v-1", [Happened(1, "view", "a"), Happened(4, "in", "b", "c-1"), Happened(9, "in", "c", "c-2")])
    attribute()
    assert owners(store, "v-1")[1] is None
    merge_persons(staff, "c-1", "c-2")
    attribute()
    assert set(owners(store, "v-1").values()) == {"c-1"}
    unmerge_person(staff, "c-2")
    attribute()
    assert owners(store, "v-1") == {1: None, 4: "c-1", 9: "c-2"}


def test_decisions_that_make_no_sense_are_refused(
    marketplace: Marketplace, other_marketplace: Marketplace, staff: Actor
) -> None:
    tell(marketplace, "v-1", [Happened(1, "view", "a")])
    tell(other_marketplace, "v-other", [Happened(1, "view", "a")])
    organiser = Actor.system(marketplace.tenant_id, "test", marketplace.organizers["org-1"])
    refused: list[tuple[type[DomainError], Any]] = [
        (NotFoundError, lambda: decide(staff, "c-1", "v-other", LINKED)),
        (NotFoundError, lambda: decide(staff, "nobody", "v-1", LINKED)),
        (NotFoundError, lambda: decide(staff, "c-1", "v-other", AS_TOLD)),
        (ConflictError, lambda: decide(staff, "c-1", "v-1", NOT_LINKED)),
        (InvalidInputError, lambda: decide(staff, "c-1", "v-1", LINKED, datetime.now(UTC) + timedelta(hours=1))),
        (InvalidInputError, lambda: decide(staff, "c-1", "v-1", "perhaps")),
        (ForbiddenError, lambda: decide(organiser, "c-1", "v-1", LINKED)),
    ]
    for error, attempt in refused:
        with pytest.raises(error):
            attempt()
