"""Merging persons and taking it back, against a family tree kept on the side."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.catalog.api import (
    all_names_of,
    merge_persons,
    person_ids_by_external,
    place_order,
    preview_merge,
    unmerge_person,
    upsert_persons,
)
from core.db.session import tenant_session
from core.errors import ConflictError, ForbiddenError, NotFoundError
from core.privacy.api import ConsentStatement, record_statements
from tests.core.catalog.backend import Backend
from tests.marketplace import Marketplace, make_marketplace
from tests.pipeline import ingest, relay

NAMES = ("a", "b", "c", "d", "e")
NAME = st.sampled_from(NAMES)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("merge"), NAME, NAME),
        st.tuples(st.just("unmerge"), NAME, NAME),
        st.tuples(st.just("order"), NAME, NAME),
        st.tuples(st.just("say yes"), NAME, NAME),
        st.tuples(st.just("say no"), NAME, NAME),
    ),
    min_size=3,
    max_size=16,
)
_numbers = itertools.count(1)


@dataclass
class Family:
    """The oracle: who was merged into whom, what was bought under which name, who said what when."""

    parents: dict[str, str] = field(default_factory=dict)
    orders: dict[str, str] = field(default_factory=dict)
    words: list[tuple[str, bool]] = field(default_factory=list)

    def root(self, name: str) -> str:
        """Who stands for a name."""
        while name in self.parents:
            name = self.parents[name]
        return name

    def may_merge(self, kept: str, gone: str) -> bool:
        """Two different persons, neither of them merged."""
        return kept != gone and kept not in self.parents and gone not in self.parents

    def consent(self, name: str) -> bool | None:
        """The last word under any name of the same person."""
        said = [granted for who, granted in self.words if self.root(who) == self.root(name)]
        return said[-1] if said else None


def people(marketplace: Marketplace, *names: str) -> None:
    """Store persons of these names."""
    with tenant_session(marketplace.tenant_id) as session:
        upsert_persons(session, marketplace.tenant_id, [{"external_id": name} for name in names])


def take(marketplace: Marketplace, family: Family, step: tuple[str, str, str]) -> None:
    """Do one step in both worlds."""
    what, first, second = step
    if what == "merge":
        if family.may_merge(first, second):
            merge_persons(marketplace.staff, first, second)
            family.parents[second] = first
        else:
            with pytest.raises(ConflictError):
                merge_persons(marketplace.staff, first, second)
    elif what == "unmerge":
        if first in family.parents:
            unmerge_person(marketplace.staff, first)
            del family.parents[first]
        else:
            with pytest.raises(ConflictError):
                unmerge_person(marketplace.staff, first)
    elif what == "order":
        number = f"M-{next(_numbers)}"
        person, visitor = {"external_id": first}, f"v-{second}"
        # Said so long ago that every other word is later; without it, nothing would link visitor and person.
        consent = {"data_processing": True, "captured_at": "2020-01-01T00:00:00Z"}
        order = marketplace.order(number, person=person, visitor_id=visitor, consent=consent)
        place_order(marketplace.tenant_id, order)
        family.orders[number] = first
        relay()
        ingest()
    else:
        granted = what == "say yes"
        when = datetime.now(UTC) + timedelta(days=1, seconds=next(_numbers))
        statement = ConsentStatement("person", first, {"marketing": granted}, "test", when)
        with tenant_session(marketplace.tenant_id) as session:
            record_statements(session, marketplace.tenant_id, [statement])
        family.words.append((first, granted))


@given(STEPS)
def test_everything_belongs_to_who_stands_for_its_name(
    database: str, admin_connection: psycopg.Connection[Any], steps: list[tuple[str, str, str]]
) -> None:
    marketplace, family = make_marketplace(), Family()
    people(marketplace, *NAMES)
    for step in steps:
        take(marketplace, family, step)
    for taken_back in (False, True):
        if taken_back:
            for name in [name for name in NAMES if name in family.parents]:
                take(marketplace, family, ("unmerge", name, name))
        agrees(marketplace, family, admin_connection)


def agrees(marketplace: Marketplace, family: Family, admin: psycopg.Connection[Any]) -> None:
    """Compare the tables with the oracle."""

    def pairs(query: str) -> set[tuple[Any, ...]]:
        return set(admin.execute(query, {"tenant": marketplace.tenant_id}).fetchall())

    joined = "JOIN persons p ON p.id = t.person_id WHERE t.tenant_id = %(tenant)s"
    owners = {(number, family.root(name)) for number, name in family.orders.items()}
    assert pairs(f"SELECT t.external_id, p.external_id FROM orders t {joined}") == owners
    assert pairs(f"SELECT t.order_id, p.external_id FROM tx_events t {joined}") == owners
    told = {(name, family.root(name)) for name in family.orders.values()}
    assert pairs(f"SELECT t.person_external_id, p.external_id FROM tx_events t {joined}") == told
    assert pairs(f"SELECT t.person_external_id, p.external_id FROM tx_identity_links t {joined}") <= told
    flags = pairs("SELECT external_id, marketing_consent FROM persons WHERE tenant_id = %(tenant)s")
    assert dict(flags) == {name: family.consent(name) for name in NAMES}


def test_a_merge_says_before_what_it_does(backend: Backend) -> None:
    market = backend.marketplace
    backend.placed("A-1", person={"external_id": "a", "email": "ana@example.com"}, visitor_id="v-1")
    backend.placed("A-2", person={"external_id": "b", "email": "Ana@Example.com"}, visitor_id="v-2")
    relay()
    ingest()
    seen = preview_merge(market.staff, "a", "b")
    assert (seen.survivor.orders, seen.merged.orders, seen.survivor.visitors, seen.merged.visitors) == (1, 1, 1, 1)
    assert seen.consent["marketing"] is True
    merge_persons(market.staff, "a", "b")
    with pytest.raises(ConflictError, match="merged into another already"):
        preview_merge(market.staff, "a", "b")
    assert backend.rows("audit_log")[-1]["action"] == "person.merge"


def test_the_same_address_or_number_is_suggested_once_and_for_good(backend: Backend) -> None:
    market = backend.marketplace
    rows = [{"external_id": name, "email": "box@example.com", "phone": f"+40 7{name}"} for name in ("1", "2", "3")]
    for _ in range(2):
        with tenant_session(market.tenant_id) as session:
            upsert_persons(session, market.tenant_id, rows)
    ids = {row["external_id"]: row["id"] for row in backend.rows("persons")}
    found = [(row["person_id"], row["other_id"], row["reason"]) for row in backend.rows("person_duplicates")]
    assert found == [(ids["1"], ids["2"], "email"), (ids["1"], ids["3"], "email")]


def test_a_denial_under_a_merged_name_still_stops_deliveries(backend: Backend) -> None:
    market = backend.marketplace
    people(market, "a", "b")
    merge_persons(market.staff, "a", "b")
    with tenant_session(market.tenant_id) as session:
        ids = person_ids_by_external(session, market.tenant_id, ["a", "b"])
        assert ids["a"] == ids["b"]
        assert all_names_of(session, market.tenant_id, [ids["a"]]) == {ids["a"]: ["a", "b"]}


def test_persons_of_others_cannot_be_merged(marketplace: Marketplace, other_marketplace: Marketplace) -> None:
    people(marketplace, "mine", "too")
    people(other_marketplace, "theirs")
    for first, second in (("mine", "theirs"), ("theirs", "mine")):
        with pytest.raises(NotFoundError):
            merge_persons(marketplace.staff, first, second)
    with pytest.raises(ForbiddenError):
        merge_persons(marketplace.organizer("org-1"), "mine", "too")
