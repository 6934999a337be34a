"""Persons by API: looked up whole, told masked, merged and taken back."""

from __future__ import annotations

from typing import Any

import pytest

from core.catalog.person_views import masked
from tests.core.catalog.backend import Backend, pointers
from tests.marketplace import Marketplace

PERSONS = "/api/v1/persons"


def known(backend: Backend, *people: dict[str, Any]) -> None:
    """Send persons as a backend does."""
    answer = backend.client.put(
        "/api/v1/catalog/persons", json={"items": list(people)}, headers=backend.marketplace.bearer()
    )
    assert answer.status_code == 200, answer.text


def ask(backend: Backend, path: str = "", status: int = 200, **query: Any) -> Any:
    """Ask as the marketplace's backend."""
    answer = backend.client.get(f"{PERSONS}{path}", query_string=query, headers=backend.marketplace.bearer())
    assert answer.status_code == status, answer.text
    return answer.get_json()


def tell(backend: Backend, path: str, body: Any = None) -> Any:
    """Change something as the marketplace's backend."""
    return backend.client.post(f"{PERSONS}{path}", json=body, headers=backend.marketplace.bearer())


def test_pages_of_persons_follow_each_other(backend: Backend) -> None:
    known(backend, *({"external_id": f"p-{n}"} for n in range(5)))
    first = ask(backend, limit=3)
    second = ask(backend, limit=3, cursor=first["next_cursor"])
    names = [item["external_id"] for item in (*first["items"], *second["items"])]
    assert sorted(names) == [f"p-{n}" for n in range(5)]
    assert second["next_cursor"] is None


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("ANA@Example.com", ["a"]),
        ("+40 712-345-678", ["a"]),
        ("b", ["b"]),
        ("712345678", []),
        ("ana@", []),
        ("%", []),
    ],
)
def test_only_whole_values_find_somebody(backend: Backend, search: str, found: list[str]) -> None:
    known(backend, {"external_id": "a", "email": "ana@example.com", "phone": "+40712345678"}, {"external_id": "b"})
    assert [item["external_id"] for item in ask(backend, search=search)["items"]] == found


def test_a_person_is_told_masked(backend: Backend) -> None:
    person = {"email": "ana@example.com", "phone": "+40712345678", "first_name": "Ana", "birthday": "1990-05-17"}
    consent = {"marketing": True, "captured_at": "2026-01-01T10:00:00Z"}
    known(backend, {"external_id": "a", **person, "gender": "female", "consent": consent})
    body = ask(backend, "/a")
    assert body["masked"] == {
        "email": "a•••@e•••.com",
        "phone": "••• 678",
        "first_name": "A•••",
        "birthday": "•••",
    }
    assert (body["age_band"], body["gender"], body["person"]["marketing_consent"]) == ("35-44", "female", True)
    assert [(word["purpose"], word["granted"]) for word in body["consent"]] == [("marketing", True)]
    assert not any(value in str(body) for value in person.values())


@pytest.mark.parametrize(
    ("field", "clear", "shown"),
    [
        ("phone", "0712", "•••"),
        ("email", "x@y", "x•••@y•••.y"),
        ("last_name", "P", "P•••"),
        ("street_address", "A 1", "•••"),
    ],
)
def test_short_values_are_masked_as_well(field: str, clear: str, shown: str) -> None:
    assert masked(field, clear) == shown


def test_duplicates_are_merged_and_told_apart_again(backend: Backend) -> None:
    known(backend, *({"external_id": name, "email": "x@example.com"} for name in "abc"))
    pairs = ask(backend, "/duplicates")["items"]
    assert [(pair["first"]["external_id"], pair["second"]["external_id"]) for pair in pairs] == [("a", "c"), ("a", "b")]
    assert tell(backend, f"/duplicates/{pairs[0]['id']}/dismiss").status_code == 204
    assert ask(backend, "/a/merge", merged="b")["merged"]["external_id"] == "b"
    done = tell(backend, "/a/merge", {"merged": "b"})
    assert [name["external_id"] for name in done.get_json()["merged"]] == ["b"]
    assert ask(backend, "/duplicates")["items"] == []
    assert ask(backend, "/b")["person"]["merged_into"] == "a"
    assert pointers(tell(backend, "/a/merge", {"merged": "b"}), 409) == []
    assert tell(backend, "/b/unmerge").get_json()["person"]["merged_into"] is None
    assert tell(backend, "/b/unmerge").status_code == 409
    assert pointers(tell(backend, "/a/merge", {})) == ["/merged"]


def test_persons_of_others_are_not_there(backend: Backend, other_marketplace: Marketplace) -> None:
    known(backend, {"external_id": "a", "email": "ana@example.com"})
    theirs = other_marketplace.bearer()
    assert backend.client.get(f"{PERSONS}/a", headers=theirs).status_code == 404
    assert backend.client.get(f"{PERSONS}?search=ana@example.com", headers=theirs).get_json()["items"] == []
    assert backend.client.post(f"{PERSONS}/a/unmerge", headers=theirs).status_code == 404
    own = backend.marketplace.organizer_keys["org-1"]
    assert backend.client.get(PERSONS, headers=backend.marketplace.bearer(own)).status_code == 403


def test_consent_said_before_somebody_is_stored_counts_once_they_are(backend: Backend) -> None:
    def say(granted: bool) -> None:
        body = {"person_id": "late", "consent": {"analytics": granted, "marketing": granted}}
        answer = backend.client.put("/api/tx/consent", json=body, headers=backend.marketplace.bearer())
        assert answer.status_code == 200, answer.text

    say(True)
    known(backend, {"external_id": "late"})
    assert ask(backend, "/late")["person"]["marketing_consent"] is True
    say(False)
    assert ask(backend, "/late")["person"]["marketing_consent"] is False
