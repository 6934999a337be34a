"""What persons like, by API: whom they follow, tastes from elsewhere, and how those end; and growing older."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from core.catalog.api import merge_persons
from core.catalog.person_aging import age_everybody
from core.catalog.taste_queries import forget_expired
from tests.core.catalog.backend import Backend, pointers
from tests.core.catalog.catalogue import EXAMPLES, get, problems, put, taken
from tests.marketplace import Marketplace

NOW = datetime.now(UTC).replace(microsecond=0)


def follow(subject_kind: str = "organizer", subject_id: str = "org-1", **changes: Any) -> dict[str, Any]:
    return {"person_id": "c-1", "subject_kind": subject_kind, "subject_id": subject_id, **changes}


def interest(subject: str = "jazz", **changes: Any) -> dict[str, Any]:
    return {
        "person_id": "c-1",
        "source": "Songs Inc",
        "subject_kind": "genre",
        "subject": subject,
        "weight": 0.5,
        "consent": {"granted": True, "captured_at": NOW.isoformat()},
        "expires_at": (NOW + timedelta(days=30)).isoformat(),
        **changes,
    }


@pytest.fixture
def people(backend: Backend) -> Backend:
    """A backend with three persons and a genre."""
    put(backend, "persons", [{"external_id": f"c-{number}"} for number in (1, 2, 3)])
    put(backend, "genres", [EXAMPLES["genres"]])
    return backend


def test_follows_begin_once_and_end_once(people: Backend) -> None:
    rows = [follow(), follow("genre", "jazz"), follow("live_event", "ev-1"), follow("venue", "v-1")]
    assert taken(put(people, "follows", rows)) == ["created"] * 4
    assert taken(put(people, "follows", rows)) == ["unchanged"] * 4
    ended = follow(following=False)
    assert taken(put(people, "follows", [ended])) == ["updated"]
    assert taken(put(people, "follows", [ended])) == ["unchanged"]
    page = get(people, "follows", person_id="c-1")
    assert [(row["subject_kind"], row["subject_id"]) for row in page["items"]] == [
        ("venue", "v-1"), ("live_event", "ev-1"), ("genre", "jazz"),
    ]  # fmt: skip
    assert [row["subject_id"] for row in get(people, "follows", subject_id="jazz")["items"]] == ["jazz"]
    assert get(people, "follows", subject_kind="artist")["items"] == []


def test_what_is_wrong_with_a_follow_costs_that_row_only(people: Backend) -> None:
    rows = [
        follow(person_id="nobody"),
        follow(subject_id="none"),
        follow("planet", "mars"),
        "text",
        {"person_id": "c-1"},
        follow(),
        follow(),
    ]
    answer = put(people, "follows", rows)
    assert taken(answer) == ["rejected"] * 5 + ["created", "rejected"]
    assert [problems(answer, index)[0] for index in range(4)] == [
        ("/person_id", "unknown"), ("/subject_id", "unknown"), ("/subject_kind", "schema"), ("", "type"),
    ]  # fmt: skip
    assert problems(answer, 6) == [("", "unique")]


def test_pages_of_follows_and_tastes_hold_every_row_once(people: Backend) -> None:
    put(people, "interests", [interest(f"word-{number}", subject_kind="word") for number in range(5)])
    first = get(people, "interests", limit=3)
    second = get(people, "interests", limit=3, cursor=first["next_cursor"])
    found = [row["subject"] for row in first["items"] + second["items"]]
    assert found == [f"word-{number}" for number in (4, 3, 2, 1, 0)]
    assert second["next_cursor"] is None


def test_a_taste_is_kept_while_the_person_agrees_and_not_longer(people: Backend) -> None:
    assert taken(put(people, "interests", [interest()])) == ["created"]
    assert taken(put(people, "interests", [interest()])) == ["unchanged"]
    assert taken(put(people, "interests", [interest(weight=1)])) == ["updated"]
    (row,) = get(people, "interests", person_id="c-1")["items"]
    assert (row["subject"], row["weight"]) == ("jazz", 1.0)
    refused = interest(consent={"granted": False, "captured_at": NOW.isoformat()})
    assert taken(put(people, "interests", [refused])) == ["updated"]
    assert taken(put(people, "interests", [refused])) == ["unchanged"]
    assert get(people, "interests")["items"] == []


def said(granted: bool, hours_ago: float) -> dict[str, Any]:
    """A consent or denial of some hours ago."""
    return {"consent": {"granted": granted, "captured_at": (NOW - timedelta(hours=hours_ago)).isoformat()}}


def test_a_consent_that_comes_late_does_not_undo_the_denial_after_it(people: Backend) -> None:
    put(people, "interests", [interest(**said(True, 3))])
    over = (NOW - timedelta(minutes=1)).isoformat()
    assert taken(put(people, "interests", [interest(**said(False, 2), expires_at=over)])) == ["updated"]
    for hours_ago in (3, 2):
        assert taken(put(people, "interests", [interest(**said(True, hours_ago))])) == ["unchanged"]
    forget_expired()
    assert taken(put(people, "interests", [interest(**said(True, 3))])) == ["unchanged"]
    assert get(people, "interests")["items"] == []
    (kept,) = people.rows("person_interests")
    assert (kept["consent_granted"], float(kept["weight"])) == (False, 0.0)
    assert taken(put(people, "interests", [interest(**said(True, 1))])) == ["updated"]
    assert len(get(people, "interests")["items"]) == 1


def test_a_denial_that_comes_first_counts_and_one_that_comes_late_does_not(people: Backend) -> None:
    assert taken(put(people, "interests", [interest(**said(False, 2))])) == ["created"]
    assert taken(put(people, "interests", [interest(**said(True, 3))])) == ["unchanged"]
    assert taken(put(people, "interests", [interest(**said(True, 1))])) == ["updated"]
    assert taken(put(people, "interests", [interest(**said(False, 2))])) == ["unchanged"]
    assert len(get(people, "interests")["items"]) == 1


def test_a_consent_from_a_clock_that_is_ahead_can_be_withdrawn(people: Backend) -> None:
    put(people, "interests", [interest(**said(True, -5))])
    withdrawn = {"granted": False, "captured_at": datetime.now(UTC).isoformat()}
    assert taken(put(people, "interests", [interest(consent=withdrawn)])) == ["updated"]
    assert get(people, "interests")["items"] == []


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"expires_at": (NOW - timedelta(days=1)).isoformat()}, "/expires_at"),
        ({"consent": {"granted": True}}, "/consent/captured_at"),
        ({"consent": None}, "/consent"),
        ({"weight": 2}, "/weight"),
        ({"subject": "a\u0000b"}, None),
        ({"source": ""}, "/source"),
    ],
    ids=["over", "when", "no-consent", "weight", "nul", "source"],
)
def test_a_taste_needs_consent_and_an_end(people: Backend, change: dict[str, Any], pointer: str | None) -> None:
    answer = put(people, "interests", [interest(**change)])
    if pointer is None:
        assert answer.status_code == 400
    else:
        assert [found for found, _rule in problems(answer)] == [pointer]
    assert people.rows("person_interests") == []


def test_tastes_that_are_over_are_forgotten(people: Backend) -> None:
    put(people, "interests", [interest(), interest("rock", expires_at=(NOW + timedelta(days=90)).isoformat())])
    assert forget_expired(NOW + timedelta(days=60)) >= 1
    assert [row["subject"] for row in people.rows("person_interests")] == ["rock"]


def test_likings_of_merged_persons_stand_together(people: Backend) -> None:
    put(people, "follows", [follow(), follow(person_id="c-2"), follow(person_id="c-3")])
    merge_persons(people.marketplace.staff, "c-1", "c-2")
    for name in ("c-1", "c-2"):
        assert [row["person_id"] for row in get(people, "follows", person_id=name)["items"]] == ["c-2", "c-1"]


@pytest.mark.parametrize("kind", ["follows", "interests"])
def test_what_persons_like_is_the_marketplaces_own(people: Backend, kind: str, other_marketplace: Marketplace) -> None:
    row = follow() if kind == "follows" else interest()
    put(people, kind, [row])
    key = people.marketplace.organizer_keys["org-1"]
    assert pointers(put(people, kind, [row], key), 403) == []
    headers = people.marketplace.bearer(key)
    assert people.client.get(f"/api/v1/catalog/{kind}", headers=headers).status_code == 403
    answer = put(people, kind, [row], other_marketplace.server_key)
    assert problems(answer) == [("/person_id", "unknown")]
    assert get(people, kind, other_marketplace.server_key)["items"] == []


def test_persons_grow_older_with_the_calendar(people: Backend) -> None:
    rows = [
        {"external_id": "c-1", "birthday": "2000-06-15"},
        {"external_id": "c-2", "age_band": "18-24"},
        {"external_id": "c-3", "birthday": "1950-01-01"},
    ]
    put(people, "persons", rows)
    mine = {name: traits["age_band"] for name, traits in people.traits().items()}
    assert mine == {"c-1": "25-34", "c-2": "18-24", "c-3": "65+"}
    age_everybody(date(2035, 6, 14))
    assert people.traits()["c-1"]["age_band"] == "25-34"
    assert age_everybody(date(2035, 6, 15)) >= 1
    assert people.traits()["c-1"]["age_band"] == "35-44"
    assert people.traits()["c-2"]["age_band"] == "18-24"
