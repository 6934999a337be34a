"""Reading the catalogue by API: lists, search, pages, what belongs to others; and persons in bulk."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.core.catalog.backend import Backend, pointers
from tests.core.catalog.catalogue import CATALOG, EXAMPLES, STARTS, get, live_event, problems, put, taken
from tests.marketplace import Marketplace


def test_lists_of_references_keep_their_order(backend: Backend) -> None:
    names = ["jazz", "blues", "soul"]
    put(backend, "genres", [{"external_id": name, "name": name} for name in names])
    put(backend, "artists", [{"external_id": "a-1", "name": "A"}, {"external_id": "a-2", "name": "B"}])
    row = live_event(genre_ids=["soul", "jazz"], artist_ids=["a-2", "a-1"])
    assert taken(put(backend, "live-events", [row])) == ["created"]
    stored = get(backend, "live-events/ev-10")
    assert (stored["genre_ids"], stored["artist_ids"]) == (["soul", "jazz"], ["a-2", "a-1"])
    changed = {"external_id": "ev-10", "genre_ids": ["jazz", "blues"]}
    assert taken(put(backend, "live-events", [changed])) == ["updated"]
    assert get(backend, "live-events/ev-10")["genre_ids"] == ["jazz", "blues"]
    assert [row["external_id"] for row in get(backend, "live-events", genre_id="blues")["items"]] == ["ev-10"]
    assert [row["external_id"] for row in get(backend, "live-events", artist_id="a-2")["items"]] == ["ev-10"]


def test_an_organiser_sees_its_own_only(backend: Backend) -> None:
    key = backend.marketplace.organizer_keys["org-2"]
    assert [row["external_id"] for row in get(backend, "live-events", key)["items"]] == ["ev-3"]
    assert [row["external_id"] for row in get(backend, "ticket-types", key)["items"]] == ["tt-3"]
    assert [row["external_id"] for row in get(backend, "organizers", key)["items"]] == ["org-2"]
    for path in ("live-events/ev-1", "ticket-types/tt-1", "organizers/org-1", "live-events/ev-1/status"):
        answer = backend.client.get(f"{CATALOG}/{path}", headers=backend.marketplace.bearer(key))
        assert pointers(answer, 404) == []


def test_another_marketplace_sees_and_changes_nothing(backend: Backend, other_marketplace: Marketplace) -> None:
    put(backend, "live-events", [live_event()])
    before = get(backend, "live-events/ev-10")
    headers = other_marketplace.bearer()
    assert backend.client.get(f"{CATALOG}/live-events/ev-10", headers=headers).status_code == 404
    answer = backend.client.put(f"{CATALOG}/live-events", json={"items": [live_event(title="X")]}, headers=headers)
    assert taken(answer) == ["created"]
    assert get(backend, "live-events/ev-10") == before


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("șapte", ["ev-10", "ev-11"]),
        ("SAPTE ser", ["ev-10", "ev-11"]),
        ("seri 11", ["ev-11"]),
        ("twilight", ["ev-11"]),
        ("ev-10", ["ev-10"]),
        ("apte", []),
        ("șapte nope", []),
        ("%", []),
    ],
)
def test_searching_finds_beginnings_of_words(backend: Backend, search: str, found: list[str]) -> None:
    later = (STARTS + timedelta(days=1)).isoformat()
    rows = [live_event(10), live_event(11, starts_at=later, translations={"en": {"title": "Seven twilights"}})]
    assert taken(put(backend, "live-events", rows)) == ["created", "created"]
    assert [row["external_id"] for row in get(backend, "live-events", search=search)["items"]] == found


def test_a_changed_title_is_found_by_its_new_words_only(backend: Backend) -> None:
    put(backend, "venues", [EXAMPLES["venues"]])
    put(backend, "venues", [{"external_id": "v-9", "name": "Gardens"}])
    assert get(backend, "venues", search="arena")["items"] == []
    assert [row["external_id"] for row in get(backend, "venues", search="gard clu")["items"]] == ["v-9"]


NAMES = {"live-events": "title", "ticket-links": "seller"}


@pytest.mark.parametrize("kind", sorted(EXAMPLES))
def test_pages_of_a_list_hold_every_row_once_in_order(backend: Backend, kind: str) -> None:
    rows = [{**EXAMPLES[kind], "external_id": f"x-{number}", NAMES.get(kind, "name"): "Same"} for number in range(7)]
    if kind != "organizers":
        assert set(taken(put(backend, kind, rows))) == {"created"}
    whole = [row["external_id"] for row in get(backend, kind)["items"]]
    paged: list[str] = []
    cursor: str | None = None
    while True:
        page = get(backend, kind, limit=2, **({"cursor": cursor} if cursor else {}))
        paged += [row["external_id"] for row in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert paged == whole
    assert len(set(paged)) == len(paged) >= 2


def test_persons_are_taken_in_bulk_and_stored_encrypted(backend: Backend) -> None:
    rows = [
        {"external_id": "c-1", "email": "ana@example.com", "first_name": "Ana", "city": "Iași", "country": "RO"},
        {"external_id": "c-2", "email": "not an address"},
        {"external_id": "c-3", "phone": "0712 345 678"},
        {"email": "nobody@example.com"},
    ]
    answer = put(backend, "persons", rows)
    assert taken(answer) == ["created", "rejected", "created", "rejected"]
    assert problems(answer, 1)[0][0] == "/email"
    assert problems(answer, 3)[0][0] == "/external_id"
    change = [{"external_id": "c-1", "email": "ana@example.com", "city": "Cluj"}]
    assert taken(put(backend, "persons", change)) == ["updated"]
    assert taken(put(backend, "persons", change)) == ["unchanged"]
    stored = backend.rows("persons")
    assert [row["external_id"] for row in stored] == ["c-1", "c-3"]
    assert "ana@example.com" not in str(stored)


def test_persons_belong_to_the_marketplace(backend: Backend) -> None:
    key = backend.marketplace.organizer_keys["org-1"]
    assert pointers(put(backend, "persons", [{"external_id": "c-1"}], key), 403) == []
    assert backend.rows("persons") == []
