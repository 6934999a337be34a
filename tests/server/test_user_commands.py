"""People by command."""

from __future__ import annotations

import pytest
from click.testing import CliRunner, Result

from core.accounts.api import (
    accept_as_new,
    begin_two_step,
    confirm_two_step,
    find_session,
    load_profile,
    open_session,
    reset_is_open,
    sign_in,
)
from server.cli import main
from tests.core.accounts.mailbox import mails_to, token_for
from tests.core.accounts.test_two_step import code
from tests.marketplace import Marketplace

PASSWORD = "a long enough password"
NEW = "another long password"


def run(*words: str, typed: str | None = None) -> Result:
    return CliRunner().invoke(main, ["user", *words], input=typed)


def test_the_first_administrator_is_invited_and_listed(marketplace: Marketplace) -> None:
    email = f"ana@{marketplace.slug}.example"
    said = run("invite", marketplace.slug, email, "--role", "admin", "--type", "admin", "--language", "ro")

    assert said.exit_code == 0, said.output
    assert f"{email} is invited as admin" in said.stdout
    assert "No mail server is configured" in said.stderr
    profile = accept_as_new(token_for(email), display_name="Ana", password=PASSWORD)
    assert "admin" in profile.actor.permissions
    assert profile.locale == "ro"
    listed = run("list", marketplace.slug).stdout
    assert email in listed
    assert "admin/admin" in listed


def test_somebody_is_invited_to_an_organiser(marketplace: Marketplace) -> None:
    email = f"ion@{marketplace.slug}.example"
    assert (
        run("invite", marketplace.slug, email, "--role", "owner", "--of", "organizer", "--id", "org-1").exit_code == 0
    )
    profile = accept_as_new(token_for(email), display_name="Ion", password=PASSWORD)
    assert profile.actor.organizer_id == marketplace.organizers["org-1"]


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("nowhere", "a@b.example"), "there is no marketplace 'nowhere'"),
        (("{slug}", "nobody"), "/email: use an address"),
        (
            ("{slug}", "a@b.example", "--of", "organizer", "--id", "org-9"),
            "there is no organiser «org-9» in this marketplace",
        ),
        (("{slug}", "a@b.example", "--type", "venue"), "/account_type: use one of"),
    ],
)
def test_an_invitation_that_cannot_be_is_refused_with_the_reason(
    marketplace: Marketplace, words: tuple[str, ...], complaint: str
) -> None:
    said = run("invite", *(word.format(slug=marketplace.slug) for word in words))
    assert said.exit_code == 1
    assert complaint in said.output


def test_somebody_is_locked_out_and_let_in_again(marketplace: Marketplace) -> None:
    email = f"ana@{marketplace.slug}.example"
    profile = load_profile(marketplace.create_user(email, PASSWORD, organizer="org-1"))
    assert profile is not None
    token = open_session(profile, user_agent="", client_address="")

    assert run("disable", email).exit_code == 0
    assert find_session(token) is None
    assert "disabled" in run("list", marketplace.slug).stdout
    assert sign_in(email, PASSWORD, client_address="198.51.100.91") is None
    assert run("disable", email, "--enable").exit_code == 0

    assert sign_in(email, PASSWORD, client_address="198.51.100.91") is not None
    assert "nobody signs in as" in run("disable", "who@nowhere.example").output


def test_a_password_is_renewed_by_link_or_here(marketplace: Marketplace) -> None:
    email = f"ana@{marketplace.slug}.example"
    profile = load_profile(marketplace.create_user(email, PASSWORD, organizer="org-1"))
    assert profile is not None
    secret = begin_two_step(profile.actor, email).secret
    confirm_two_step(profile.actor, code(secret))

    assert "a link is on its way" in run("reset-password", email).output
    assert reset_is_open(token_for(email))
    assert "less than a minute ago" in run("reset-password", email).output
    said = run("reset-password", email, "--type-it", "--two-step-off", typed=f"{NEW}\n{NEW}\n")
    assert said.exit_code == 0, said.output
    assert NEW not in said.output

    found = sign_in(email, NEW, client_address="198.51.100.92")
    assert found is not None
    assert not found.two_step
    assert [mail.kind for mail in mails_to(email)][:2] == ["two_step_off", "password_changed"]
