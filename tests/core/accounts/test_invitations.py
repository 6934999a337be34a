"""Invitations: the link works once, for whom it was meant, and not for ever."""

from __future__ import annotations

import threading
from typing import Any

import psycopg
import pytest

from core.accounts.api import (
    Actor,
    accept_as_new,
    accept_as_user,
    invite,
    list_invitations,
    load_profile,
    open_invitation,
    resend_invitation,
    sign_in,
    user_with_email,
    withdraw_invitation,
    workplaces,
)
from core.errors import ConflictError, DomainError, ForbiddenError, InvalidInputError, NotFoundError
from tests.core.accounts.conftest import PASSWORD, Make
from tests.core.accounts.mailbox import mails_to, token_for
from tests.marketplace import Marketplace

Admin = psycopg.Connection[tuple[Any, ...]]


def invited(marketplace: Marketplace, actor: Actor | None = None, **values: str) -> tuple[str, str]:
    """Invite somebody; returns address and token."""
    email = f"new@{marketplace.slug}.example"
    invite(actor or marketplace.staff, email=email, **{"role": "owner", **values})
    return email, token_for(email)


def test_somebody_who_is_invited_joins_by_the_link_in_their_mail(marketplace: Marketplace, somebody: Make) -> None:
    owner = somebody(organizer="org-1")
    email, token = invited(marketplace, owner.actor, role="manager")

    found = open_invitation(token)
    assert (found.email, found.place, found.role, found.known) == (email, "Organiser org-1", "manager", False)
    assert owner.display_name in mails_to(email)[0].subject

    profile = accept_as_new(token, display_name="New Person", password=PASSWORD)

    assert profile.actor.organizer_id == marketplace.organizers["org-1"]
    assert profile.verification == "email"
    signed_in = sign_in(email, PASSWORD, client_address="198.51.100.77")
    assert signed_in is not None
    assert signed_in.actor.membership_id == profile.actor.membership_id


def test_a_link_works_once(marketplace: Marketplace) -> None:
    _email, token = invited(marketplace)
    accept_as_new(token, display_name="New Person", password=PASSWORD)

    for attempt in (open_invitation, lambda given: accept_as_new(given, display_name="B", password=PASSWORD)):
        with pytest.raises(NotFoundError):
            attempt(token)


def test_of_two_who_use_a_link_at_once_one_joins(marketplace: Marketplace) -> None:
    email, token = invited(marketplace)
    start, refused = threading.Barrier(2), list[DomainError]()

    def accept() -> None:
        start.wait()
        try:
            accept_as_new(token, display_name="New Person", password=PASSWORD)
        except DomainError as error:
            refused.append(error)

    both = [threading.Thread(target=accept) for _ in range(2)]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join(30)

    assert len(refused) == 1
    user = user_with_email(email)
    assert user is not None
    assert len(workplaces(user)) == 1


@pytest.mark.parametrize("how", ["withdrawn", "expired", "resent", "again", "invented"])
def test_links_that_ended_lead_nowhere(marketplace: Marketplace, admin_connection: Admin, how: str) -> None:
    email, token = invited(marketplace)
    number = list_invitations(marketplace.staff).items[0].id
    if how == "withdrawn":
        withdraw_invitation(marketplace.staff, number)
    elif how == "expired":
        admin_connection.execute("UPDATE invitations SET expires_at = now() - interval '1 second'")
    elif how == "resent":
        resend_invitation(marketplace.staff, number)
        assert open_invitation(token_for(email)).email == email
    elif how == "again":
        invite(marketplace.staff, email=email, role="analyst")
        assert len(list_invitations(marketplace.staff).items) == 1
    else:
        token = token[:-3] + "abc"

    with pytest.raises(NotFoundError):
        open_invitation(token)
    with pytest.raises(NotFoundError):
        accept_as_new(token, display_name="New Person", password=PASSWORD)


def test_somebody_with_an_account_gets_a_second_team(
    marketplace: Marketplace, other_marketplace: Marketplace, somebody: Make
) -> None:
    known = somebody(organizer="org-1")
    invite(other_marketplace.staff, email=known.email.upper(), role="analyst")
    token = token_for(known.email.upper())
    assert open_invitation(token).known

    with pytest.raises(ConflictError):
        accept_as_new(token, display_name="Twice", password=PASSWORD)
    with pytest.raises(NotFoundError):
        accept_as_user(token, somebody().actor.user_id or 0)
    profile = accept_as_user(token, known.actor.user_id or 0)

    assert profile.actor.tenant_id == other_marketplace.tenant_id
    assert [item.tenant_name for item in workplaces(known.actor.user_id or 0)] == ["Test Tickets", "Test Tickets"]
    first = load_profile(known.actor.user_id or 0)
    assert first is not None
    assert first.actor.tenant_id == marketplace.tenant_id


def test_members_of_a_venue_see_nothing_of_organisers(marketplace: Marketplace) -> None:
    _email, token = invited(marketplace, subject_kind="venue", subject_id="v-1")

    actor = accept_as_new(token, display_name="Venue", password=PASSWORD).actor

    assert actor.subject == ("venue", "v-1")
    assert actor.organizer_id is not None
    assert "view_venue_analytics" in actor.permissions
    assert not actor.permissions & {"admin", "view_orders", "manage_tracking_codes", "view_persons", "manage_keys"}
    invite(actor, email=f"colleague@{marketplace.slug}.example", role="analyst")
    assert [item.subject_id for item in list_invitations(actor).items] == ["v-1"]


@pytest.mark.parametrize(
    ("values", "pointer"),
    [
        ({"email": "nobody"}, "/email"),
        ({"role": "king"}, "/role"),
        ({"account_type": "venue"}, "/account_type"),
        ({"subject_kind": "planet"}, "/subject_kind"),
        ({"subject_kind": "organizer", "subject_id": "org-9"}, "/subject_id"),
        ({"subject_kind": "venue", "subject_id": ""}, "/subject_id"),
        ({"locale": "xx"}, "/locale"),
    ],
)
def test_invitations_that_make_no_sense_are_refused(
    marketplace: Marketplace, values: dict[str, str], pointer: str
) -> None:
    wanted = {"email": f"x@{marketplace.slug}.example", "role": "owner", **values}
    with pytest.raises(InvalidInputError) as caught:
        invite(marketplace.staff, **wanted)
    assert [item.pointer for item in caught.value.errors] == [pointer]
    assert list_invitations(marketplace.staff).items == []


def test_people_are_invited_to_ones_own_team_and_not_above_oneself(marketplace: Marketplace, somebody: Make) -> None:
    owner, admin = somebody(organizer="org-1").actor, somebody("admin", "org-1").actor
    email = f"x@{marketplace.slug}.example"

    with pytest.raises(NotFoundError):
        invite(owner, email=email, role="owner", subject_kind="organizer", subject_id="org-2")
    with pytest.raises(NotFoundError):
        invite(owner, email=email, role="owner", subject_kind="marketplace")
    with pytest.raises(ForbiddenError):
        invite(admin, email=email, role="owner")
    with pytest.raises(ForbiddenError):
        invite(somebody("owner").actor, email=email, role="owner", account_type="admin")
    with pytest.raises(ForbiddenError):
        invite(somebody("manager", "org-1").actor, email=email, role="analyst")
    assert mails_to(email) == []


def test_a_member_is_not_invited_again(marketplace: Marketplace, somebody: Make) -> None:
    member = somebody(organizer="org-1")
    with pytest.raises(ConflictError) as caught:
        invite(member.actor, email=member.email, role="analyst")
    assert caught.value.code == "already_member"


def test_nobody_is_mailed_without_end(marketplace: Marketplace) -> None:
    invited(marketplace)
    number = list_invitations(marketplace.staff).items[0].id
    for _ in range(4):
        resend_invitation(marketplace.staff, number)
    with pytest.raises(ConflictError) as caught:
        resend_invitation(marketplace.staff, number)
    assert caught.value.code == "invited_often"


def test_the_mail_is_in_the_invited_persons_language(marketplace: Marketplace) -> None:
    email, _token = invited(marketplace, locale="ro")
    assert "vă invită" in mails_to(email)[0].subject


def test_neither_link_nor_address_can_be_read_in_the_database(
    marketplace: Marketplace, admin_connection: Admin
) -> None:
    email, token = invited(marketplace)
    for table in ("invitations", "mails"):
        rows = admin_connection.execute(f"SELECT t::text FROM {table} t").fetchall()
        assert not any(token in row or email in row or token.encode().hex() in row for (row,) in rows)
