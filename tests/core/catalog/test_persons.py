"""Persons: encrypted where they rest, found by what they are called, opened for a delivery only."""

from __future__ import annotations

import pytest

from core.catalog.api import external_ids_of, person_identifiers, person_ids_by_external, upsert_persons
from core.db.session import tenant_session
from core.security.crypto import DecryptionError
from tests.core.catalog.backend import Backend
from tests.marketplace import Marketplace

CANARIES = {
    "email": "Canary.Person@Example.com",
    "phone": "+40 712 999 888",
    "first_name": "Canaria",
    "last_name": "Canărescu",
}


def test_identifiers_lie_encrypted_everywhere(backend: Backend) -> None:
    backend.placed(person={"external_id": "c-9", **CANARIES})
    tables = [
        name
        for (name,) in backend.admin.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')"
        ).fetchall()
    ]
    assert "persons" in tables
    for table in tables:
        rows = [text for (text,) in backend.admin.execute(f"SELECT t::text FROM {table} t").fetchall()]
        for canary in CANARIES.values():
            for form in (canary, canary.lower(), canary.encode().hex(), canary.lower().encode().hex()):
                assert not any(form in text for text in rows), f"{canary} is readable in {table}"
    with tenant_session(backend.marketplace.tenant_id) as session:
        ids = person_ids_by_external(session, backend.marketplace.tenant_id, ["c-9"])
        opened = person_identifiers(session, backend.marketplace.tenant_id, list(ids.values()))[ids["c-9"]]
    revealed = [opened.email, opened.phone, opened.first_name, opened.last_name]
    assert [item.reveal() for item in revealed if item] == list(CANARIES.values())
    assert all(canary not in repr(opened) for canary in CANARIES.values())


def test_later_orders_complete_a_person_and_never_empty_it(backend: Backend) -> None:
    backend.placed("A-1", person={"external_id": "c-1", "email": "one@example.com", "city": "Cluj"})
    backend.placed("A-2", person={"external_id": "c-1", "phone": "0712", "email": None, "city": None})
    [row] = backend.rows("persons")
    assert (row["email_ciphertext"] is None, row["phone_ciphertext"] is None) == (False, False)
    assert backend.traits() == {"c-1": {"city": "Cluj", "country": None, "age_band": None, "gender": None}}
    backend.placed("A-3", person={"external_id": "c-1"})
    assert backend.rows("persons") == [row]


def test_the_same_address_has_the_same_index_within_a_marketplace_only(
    marketplace: Marketplace, other_marketplace: Marketplace, backend: Backend
) -> None:
    for tenant, name, email in (
        (marketplace, "a", "Ana@Example.com "),
        (marketplace, "b", "ana@example.com"),
        (marketplace, "c", "bob@example.com"),
        (other_marketplace, "a", "ana@example.com"),
    ):
        with tenant_session(tenant.tenant_id) as session:
            upsert_persons(session, tenant.tenant_id, [{"external_id": name, "email": email}])
    indexes = {row["external_id"]: row["email_index"] for row in backend.rows("persons")}
    assert indexes["a"] == indexes["b"] != indexes["c"]
    theirs = backend.admin.execute(
        "SELECT email_index FROM persons WHERE tenant_id = %s", [other_marketplace.tenant_id]
    ).fetchone()
    assert theirs is not None
    assert "\\x" + theirs[0].hex() != indexes["a"]


def test_a_value_moved_to_another_column_does_not_open(backend: Backend) -> None:
    backend.placed(person={"external_id": "c-2", **CANARIES})
    backend.admin.execute(
        "UPDATE persons SET last_name_ciphertext = first_name_ciphertext WHERE tenant_id = %s",
        [backend.marketplace.tenant_id],
    )
    with tenant_session(backend.marketplace.tenant_id) as session:
        ids = person_ids_by_external(session, backend.marketplace.tenant_id, ["c-2"])
        with pytest.raises(DecryptionError):
            person_identifiers(session, backend.marketplace.tenant_id, [ids["c-2"]])


def test_persons_of_others_are_out_of_reach(marketplace: Marketplace, other_marketplace: Marketplace) -> None:
    with tenant_session(marketplace.tenant_id) as session:
        upsert_persons(session, marketplace.tenant_id, [{"external_id": "p-1", "email": "p@example.com"}])
        mine = person_ids_by_external(session, marketplace.tenant_id, ["p-1", "p-404"])
        assert list(mine) == ["p-1"]
        assert external_ids_of(session, marketplace.tenant_id, list(mine.values())) == {mine["p-1"]: "p-1"}
    with tenant_session(other_marketplace.tenant_id) as session:
        assert person_ids_by_external(session, other_marketplace.tenant_id, ["p-1"]) == {}
        assert person_identifiers(session, marketplace.tenant_id, list(mine.values())) == {}
        assert external_ids_of(session, marketplace.tenant_id, list(mine.values())) == {}
        assert person_identifiers(session, other_marketplace.tenant_id, []) == {}
