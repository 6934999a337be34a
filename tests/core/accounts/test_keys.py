"""Keys: who a bearer key is, which site a write key stands for, and what of them is kept."""

from __future__ import annotations

import time
from typing import Any

import psycopg
import pytest
from sqlalchemy.exc import OperationalError

from core.accounts import service
from core.accounts.api import (
    Actor,
    authenticate_key,
    create_key,
    create_organizer,
    create_tenant,
    ensure_installation_key,
    find_site,
    forget_sites,
    get_organizer,
    organizers,
    tenant_exists,
    tenant_key,
    tenant_view,
    tenant_with_slug,
    touch_key,
    write_key_of,
)
from core.errors import ConflictError, InvalidInputError, NotFoundError
from core.security.tokens import key_hash, new_key
from tests.marketplace import ORIGIN, Marketplace
from tests.process_state import use_environment

Admin = psycopg.Connection[tuple[Any, ...]]


def authenticated(key: str) -> Actor:
    actor = authenticate_key(key)
    assert actor is not None
    return actor


def test_a_server_key_acts_for_the_whole_marketplace(marketplace: Marketplace) -> None:
    actor = authenticated(marketplace.server_key)
    assert (actor.tenant_id, actor.kind, actor.organizer_id) == (marketplace.tenant_id, "key", None)
    assert {"place_orders", "collect", "manage_tracking_codes"} <= actor.permissions
    assert "admin" not in actor.permissions


def test_an_organiser_token_acts_for_its_organiser_only(marketplace: Marketplace) -> None:
    actor = authenticated(marketplace.organizer_keys["org-2"])
    assert actor.organizer_id == marketplace.organizers["org-2"]
    assert "manage_tracking_codes" in actor.permissions
    assert not {"place_orders", "collect", "admin"} & actor.permissions


@pytest.mark.parametrize("column", ["revoked_at", "expires_at"])
def test_a_revoked_or_expired_key_is_nobody(marketplace: Marketplace, admin_connection: Admin, column: str) -> None:
    assert authenticate_key(marketplace.server_key) is not None
    admin_connection.execute(
        f"UPDATE api_keys SET {column} = now() WHERE key_hash = %s", [key_hash(marketplace.server_key)]
    )
    assert authenticate_key(marketplace.server_key) is None


def test_a_key_that_expires_later_still_works(marketplace: Marketplace, admin_connection: Admin) -> None:
    admin_connection.execute(
        "UPDATE api_keys SET expires_at = now() + interval '1 hour' WHERE key_hash = %s",
        [key_hash(marketplace.server_key)],
    )
    assert authenticate_key(marketplace.server_key) is not None


@pytest.mark.parametrize("key", ["", "ak_server_", new_key("server"), "é", "x" * 10_000], ids=range(5))
def test_an_unknown_key_is_nobody(database: str, key: str) -> None:
    assert authenticate_key(key) is None


def test_a_write_key_is_no_bearer_key(marketplace: Marketplace) -> None:
    assert authenticate_key(marketplace.write_key) is None
    assert find_site(marketplace.server_key) is None


def test_keys_of_a_closed_marketplace_are_nobodys(marketplace: Marketplace, admin_connection: Admin) -> None:
    admin_connection.execute("UPDATE tenants SET status = 'closed' WHERE id = %s", [marketplace.tenant_id])
    assert authenticate_key(marketplace.server_key) is None
    assert find_site(marketplace.write_key) is None


def test_only_hash_and_prefix_of_a_key_are_kept(marketplace: Marketplace, admin_connection: Admin) -> None:
    key = create_key(marketplace.tenant_id, kind="server", name="second")
    row = admin_connection.execute("SELECT k::text, k.prefix FROM api_keys k WHERE name = 'second'").fetchone()
    assert row is not None
    assert key.startswith(row[1])
    assert len(row[1]) == len("ak_server_") + 6
    assert key[len(row[1]) :] not in row[0]
    tables = admin_connection.execute("SELECT a::text FROM audit_log a").fetchall()
    assert not any(key in text for (text,) in tables)


def test_when_a_key_was_used_is_remembered_once_a_minute(marketplace: Marketplace, admin_connection: Admin) -> None:
    def used() -> Any:
        query = "SELECT last_used_at FROM api_keys WHERE key_hash = %s"
        return admin_connection.execute(query, [key_hash(marketplace.server_key)]).fetchone()

    actor = authenticated(marketplace.server_key)
    assert used() == (None,)
    touch_key(actor)
    first = used()
    assert first != (None,)
    touch_key(actor)
    assert used() == first


@pytest.mark.parametrize(("kind", "organizer"), [("organizer", None), ("server", 1), ("write", None), ("root", None)])
def test_keys_that_would_reach_too_far_cannot_be_made(
    marketplace: Marketplace, kind: str, organizer: int | None
) -> None:
    with pytest.raises(ValueError, match="key"):
        create_key(marketplace.tenant_id, kind=kind, name="x", organizer_id=organizer)


def test_a_write_key_finds_its_site(marketplace: Marketplace) -> None:
    site = find_site(marketplace.write_key)
    assert site is not None
    assert (site.tenant_id, site.site_id, site.allowed_origins) == (marketplace.tenant_id, "shop", (ORIGIN,))
    assert (site.time_zone, site.default_currency, site.dnt_policy) == ("Europe/Bucharest", "RON", "no_marketing")
    assert site.uuid_namespace == tenant_view(marketplace.tenant_id).uuid_namespace


def test_a_site_is_served_from_memory_while_the_database_is_away(marketplace: Marketplace) -> None:
    site = find_site(marketplace.write_key)
    with use_environment(DATABASE_URL="postgresql://nobody@127.0.0.1:1/nothing"):
        service._sites[marketplace.write_key] = (time.monotonic() - 1, site)
        assert find_site(marketplace.write_key) == site
        after_one_question = service._sites[marketplace.write_key]
        assert all(find_site(marketplace.write_key) == site for _ in range(100))
        assert service._sites[marketplace.write_key] is after_one_question
        with pytest.raises(OperationalError):
            find_site("ak_write_never_seen_before")


def test_a_scan_with_invented_keys_pushes_out_no_site(
    marketplace: Marketplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "MOST_SITES", 10)
    forget_sites()
    assert find_site(marketplace.write_key) is not None
    for number in range(30):
        assert find_site(f"ak_write_invented_{number}") is None
    assert len(service._sites) <= 11
    assert service._sites[marketplace.write_key][1] is not None


def test_a_marketplace_is_made_with_everything_it_needs(database: str, admin_connection: Admin) -> None:
    made = create_tenant(
        slug="complete", name="Complete", currency="EUR", time_zone="Europe/Berlin", origins=["https://Shop.Example"]
    )
    assert tenant_exists("complete")
    assert tenant_with_slug("complete") == made.tenant_id
    assert write_key_of(made.tenant_id) == made.write_key
    site = find_site(made.write_key)
    assert site is not None
    assert site.allowed_origins == ("https://shop.example",)
    assert authenticated(made.server_key).tenant_id == made.tenant_id
    assert tenant_key(made.tenant_id).blind_index("x", "y") != tenant_key(None).blind_index("x", "y")
    actions = admin_connection.execute(
        "SELECT action FROM audit_log WHERE tenant_id = %s ORDER BY id", [made.tenant_id]
    ).fetchall()
    assert actions == [("key.created",), ("tenant.created",)]


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"slug": "Not A Slug"}, "/slug"),
        ({"slug": "x"}, "/slug"),
        ({"slug": "-x"}, "/slug"),
        ({"currency": "euro"}, "/currency"),
        ({"currency": "XXY"}, "/currency"),
        ({"time_zone": "Mars/Olympus"}, "/time_zone"),
        ({"time_zone": "../../etc/passwd"}, "/time_zone"),
        ({"time_zone": ""}, "/time_zone"),
        ({"origins": ["https://fine.example", "shop.example"]}, "/origins/1"),
        ({"origins": ["https://shop.example/path"]}, "/origins/0"),
        ({"origins": ["*"]}, "/origins/0"),
    ],
)
def test_marketplaces_that_cannot_be_are_refused(database: str, change: dict[str, Any], pointer: str) -> None:
    values: dict[str, Any] = {
        "slug": "refused", "name": "R", "currency": "EUR", "time_zone": "UTC", "origins": [], **change,
    }  # fmt: skip
    with pytest.raises(InvalidInputError) as caught:
        create_tenant(**values)
    assert [problem.pointer for problem in caught.value.errors] == [pointer]
    assert not tenant_exists("refused")


def test_a_slug_is_taken_once(marketplace: Marketplace) -> None:
    with pytest.raises(ConflictError, match=marketplace.slug):
        create_tenant(slug=marketplace.slug, name="X", currency="EUR", time_zone="UTC", origins=[])


def test_organisers_are_found_in_their_own_marketplace(
    marketplace: Marketplace, other_marketplace: Marketplace
) -> None:
    made = create_organizer(marketplace.tenant_id, external_id="o-9", slug="nine", name="A Nine")
    assert get_organizer(marketplace.tenant_id, slug="nine").id == made
    assert get_organizer(marketplace.tenant_id, external_id="o-9").name == "A Nine"
    assert get_organizer(marketplace.tenant_id, organizer_id=made).slug == "nine"
    assert [item.external_id for item in organizers(marketplace.tenant_id)] == ["o-9", "org-1", "org-2"]
    with pytest.raises(NotFoundError):
        get_organizer(other_marketplace.tenant_id, organizer_id=made)


def test_there_is_one_installation_key(admin_connection: Admin) -> None:
    ensure_installation_key()
    count = admin_connection.execute("SELECT count(*) FROM data_keys WHERE tenant_id IS NULL").fetchone()
    assert count == (1,)
    with pytest.raises(LookupError, match="no data key for tenant 987654"):
        tenant_key(987654)
