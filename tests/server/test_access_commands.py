"""Sites and keys by command."""

from __future__ import annotations

import pytest
from click.testing import CliRunner, Result

from core.accounts.api import authenticate_key, find_site, list_keys
from server.cli import main
from tests.marketplace import Marketplace


def run(*words: str) -> Result:
    return CliRunner().invoke(main, words)


def test_a_site_is_made_and_listed(marketplace: Marketplace) -> None:
    origins = ("--origin", "https://Fest.example/", "--origin", "http://localhost:8080")
    said = run("site", "create", marketplace.slug, "festival", "--name", "Festival", *origins)

    assert said.exit_code == 0, said.output
    key = next(line.split()[-1] for line in said.stdout.splitlines() if line.startswith("write key"))
    site = find_site(key)
    assert site is not None
    assert site.tenant_id == marketplace.tenant_id
    assert (site.site_id, site.allowed_origins) == ("festival", ("https://fest.example", "http://localhost:8080"))
    listed = run("site", "list", marketplace.slug).stdout
    assert key in listed
    assert marketplace.write_key in listed


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("shop", "--name", "Again"), "has a site 'shop' already"),
        (("UPPER", "--name", "x"), "/site_id: use 2 to 63 lower-case letters"),
        (("other", "--name", "x", "--origin", "fest.example"), "'fest.example' is no origin"),
    ],
)
def test_a_site_that_cannot_be_made_is_refused_with_the_reason(
    marketplace: Marketplace, words: tuple[str, ...], complaint: str
) -> None:
    said = run("site", "create", marketplace.slug, *words)
    assert said.exit_code == 1
    assert complaint in said.output


def test_a_marketplace_that_does_not_exist_is_named(database: str) -> None:
    for words in (("site", "list"), ("key", "list")):
        assert "there is no marketplace 'nowhere'" in run(*words, "nowhere").output


def test_keys_are_made_listed_and_revoked(marketplace: Marketplace) -> None:
    server = run("key", "create", marketplace.slug, "--name", "backend").stdout.strip()
    agency = run("key", "create", marketplace.slug, "--name", "agency", "--organizer", "org-2").stdout.strip()

    for key, organizer in ((server, None), (agency, marketplace.organizers["org-2"])):
        actor = authenticate_key(key)
        assert actor is not None
        assert (actor.tenant_id, actor.organizer_id) == (marketplace.tenant_id, organizer)
    listed = run("key", "list", marketplace.slug).stdout
    assert "agency (Organiser org-2)" in listed
    assert server not in listed

    number = next(item.id for item in list_keys(marketplace.staff).items if item.name == "backend")
    assert "no longer works" in run("key", "revoke", marketplace.slug, str(number)).stdout
    assert authenticate_key(server) is None
    assert "revoked" in run("key", "list", marketplace.slug).stdout


def test_a_key_of_another_marketplace_cannot_be_revoked(
    marketplace: Marketplace, other_marketplace: Marketplace
) -> None:
    number = list_keys(marketplace.staff).items[0].id
    said = run("key", "revoke", other_marketplace.slug, str(number))
    assert said.exit_code == 1
    assert f"there is no key {number} in this marketplace" in said.output
    assert authenticate_key(marketplace.server_key) is not None


def test_an_unknown_organiser_gets_no_key(marketplace: Marketplace) -> None:
    said = run("key", "create", marketplace.slug, "--name", "agency", "--organizer", "org-9")
    assert said.exit_code == 1
    assert "/organizer: choose one of the marketplace's organisers" in said.output


def test_a_key_is_made_with_scopes_and_an_end_and_replaced(marketplace: Marketplace) -> None:
    options = ("--name", "reader", "--scope", "view_orders", "--expires", "90d")
    old = run("key", "create", marketplace.slug, *options).stdout.strip()
    actor = authenticate_key(old)
    assert actor is not None
    assert actor.permissions == {"view_orders"}
    number = list_keys(marketplace.staff).items[0].id

    new = run("key", "rotate", marketplace.slug, str(number), "--overlap-hours", "48").stdout.strip()

    for key in (old, new):
        found = authenticate_key(key)
        assert found is not None
        assert found.permissions == {"view_orders"}
    listed = run("key", "list", marketplace.slug).stdout
    assert f"replaced by {number + 1}, until" in listed
    assert run("key", "rotate", marketplace.slug, str(number)).exit_code == 1


def test_a_scanner_key_is_made_for_its_gate(marketplace: Marketplace) -> None:
    place = ("--live-event", "ev-1", "--gate", "north", "--device", "dev-7")
    actor = authenticate_key(run("key", "create", marketplace.slug, "--name", "n7", *place).stdout.strip())
    assert actor is not None
    assert actor.scanner is not None
    assert actor.scanner.gate == "north"
    assert "n7 (Organiser org-1) at north of ev-1" in run("key", "list", marketplace.slug).stdout


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (("--expires", "soon"), "'soon' is no time"),
        (("--expires", "2001-01-01"), "/expires_at: choose a moment from now on"),
        (("--scope", "root"), "/scopes: choose among"),
        (("--live-event", "ev-9"), "/live_event: use the id of a live event"),
    ],
    ids=range(4),
)
def test_a_key_that_cannot_be_made_is_refused_with_the_reason(
    marketplace: Marketplace, options: tuple[str, ...], complaint: str
) -> None:
    said = run("key", "create", marketplace.slug, "--name", "x", *options)
    assert said.exit_code != 0
    assert complaint in said.output


def test_a_write_key_is_replaced_and_the_old_one_ended(marketplace: Marketplace) -> None:
    said = run("site", "rotate", marketplace.slug, "shop", "--overlap-hours", "5").stdout
    new = said.splitlines()[0].split()[-1]
    assert find_site(new)
    assert find_site(marketplace.write_key)
    listed = run("site", "list", marketplace.slug).stdout
    assert f"{marketplace.write_key}" in listed
    assert "counts until" in listed
    assert run("site", "retire", marketplace.slug, "shop").exit_code == 0
    assert find_site(marketplace.write_key) is None
    assert find_site(new)
    assert "has no site 'other'" in run("site", "rotate", marketplace.slug, "other").output
