"""People: members of the marketplace or of an organiser, invitations, and wishes for another account type."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.utils import redirect

from core.accounts.api import LEVELS as VERIFICATION_LEVELS
from core.accounts.api import (
    ROLES,
    SUBJECT_TYPES,
    TIERS,
    Actor,
    MemberView,
    change_member,
    decide_request,
    get_member,
    grantable_types,
    invite,
    list_invitations,
    list_members,
    list_requests,
    organizers,
    reaches,
    remove_member,
    resend_invitation,
    set_level,
    set_tier,
    withdraw_invitation,
)
from core.errors import ConflictError, DomainError, ForbiddenError, InvalidInputError, NotFoundError
from core.languages import LANGUAGES
from webui import account_words, session
from webui.account_words import by_field, refusal
from webui.blueprint import page_blueprint
from webui.messages import say

MAX_INPUT = 500
FIRST_YEAR, LAST_YEAR = 2000, 2200
SEVERAL = ("marketplace", "organizer", "artist", "venue", "label", "promoter", "ad_account")

pages = page_blueprint("people", __name__, url_prefix="/people")


def manager() -> Actor:
    """The signed-in person, who may manage people; raises `ForbiddenError`."""
    return session.actor("manage_users")


def _text(name: str) -> str:
    return request.form.get(name, "")[:MAX_INPUT].strip()


def _of_marketplace(actor: Actor) -> bool:
    return actor.organizer_id is None


def _is_admin(actor: Actor) -> bool:
    return "admin" in actor.permissions and _of_marketplace(actor)


def _list() -> ResponseReturnValue:
    return redirect(url_for("people.show_list"))


def _member(membership_id: int) -> ResponseReturnValue:
    return redirect(url_for("people.show_member", membership_id=membership_id))


@pages.get("/")
def show_list() -> str:
    """Members, who was asked to join, and who waits for an answer."""
    actor = manager()
    kind = request.args.get("of", "") if _of_marketplace(actor) else ""
    kind = kind if kind in SUBJECT_TYPES else ""
    first = not request.args.get("cursor")
    return render_template(
        "people/list.html",
        page=list_members(actor, subject_kind=kind or None, cursor=request.args.get("cursor")),
        invitations=list_invitations(actor, limit=200).items if first else [],
        requests=list_requests(actor, limit=200).items if first and _is_admin(actor) else [],
        kind=kind,
        kinds=SUBJECT_TYPES if _of_marketplace(actor) else (),
        me=session.profile(),
        people=account_words,
        args=request.args.to_dict(),
    )


@pages.get("/invite")
def show_invite() -> str:
    """A form to ask somebody to join."""
    return _invite_form(manager(), {})


@pages.post("/invite")
def send_invitation() -> ResponseReturnValue:
    """Ask somebody to join."""
    actor = manager()
    kind, subject_id = _text("subject_kind"), _text("subject_id")
    if kind == "organizer":
        subject_id = _text("organizer")
    account_type = _text("account_type")
    if account_type == "admin" and (ask := session.confirmation(url_for("people.show_invite"))):
        return ask
    try:
        made = invite(
            actor,
            email=_text("email"),
            role=_text("role"),
            subject_kind=kind or None,
            subject_id=subject_id,
            account_type=account_type or None,
            locale=_text("locale") or session.profile().locale,
        )
    except (InvalidInputError, ConflictError, ForbiddenError, NotFoundError) as error:
        return _invite_form(actor, by_field(error) or {"role": refusal(error)}), 422
    say(_("%(email)s is invited", email=made.email), _("The link in the mail works for seven days, once."))
    return _list()


def _invite_form(actor: Actor, problems: Mapping[str, str]) -> str:
    whole = _of_marketplace(actor)
    return render_template(
        "people/invite.html",
        kinds=SEVERAL if whole else (),
        organizers=organizers(actor.tenant_id) if whole else (),
        roles=_roles(actor),
        admin=_is_admin(actor),
        languages=LANGUAGES,
        problems=problems,
        typed=request.form,
        people=account_words,
        me=session.profile(),
    )


def _roles(actor: Actor) -> list[str]:
    return [name for name in ROLES if reaches(actor, "", name)]


@pages.get("/<int:membership_id>")
def show_member(membership_id: int) -> str:
    """One member: what they may do, and how to change it."""
    return _member_page(membership_id, {})


def _member_page(membership_id: int, problems: Mapping[str, str]) -> str:
    actor = manager()
    member = get_member(actor, membership_id)
    return render_template(
        "people/member.html",
        member=member,
        roles=_roles(actor),
        types=grantable_types(actor, member.subject_kind, member.account_type),
        levels=VERIFICATION_LEVELS,
        tiers=TIERS,
        admin=_is_admin(actor),
        editable=_editable(actor, member),
        me=session.profile(),
        problems=problems,
        people=account_words,
    )


def _editable(actor: Actor, member: MemberView) -> bool:
    return reaches(actor, member.account_type, member.role)


@pages.post("/<int:membership_id>")
def save_member(membership_id: int) -> ResponseReturnValue:
    """Change role and account type."""
    actor = manager()
    before = get_member(actor, membership_id)
    role, account_type = _text("role") or before.role, _text("account_type") or before.account_type
    if "admin" in {account_type, before.account_type} and (ask := _ask_first(membership_id)):
        return ask
    try:
        change_member(actor, membership_id, role=role, account_type=account_type)
    except (InvalidInputError, ConflictError, ForbiddenError) as error:
        return _member_page(membership_id, {"role": refusal(error)}), 422
    say(_("Saved"), _("It counts from %(name)s’s next click on.", name=before.display_name))
    return _member(membership_id)


def _ask_first(membership_id: int) -> ResponseReturnValue | None:
    return session.confirmation(url_for("people.show_member", membership_id=membership_id))


@pages.post("/<int:membership_id>/verification")
def save_level(membership_id: int) -> ResponseReturnValue:
    """Say how well somebody is verified."""
    set_level(session.actor("admin"), membership_id, _text("level"))
    say(_("Saved"))
    return _member(membership_id)


@pages.post("/<int:membership_id>/tier")
def save_tier(membership_id: int) -> ResponseReturnValue:
    """Say what the organiser, venue, … of a member pays for."""
    actor = session.actor("admin")
    member = get_member(actor, membership_id)
    try:
        set_tier(actor, member.subject_kind, member.subject_id, _text("tier"), _end_of_day(_text("ends_at")))
    except (InvalidInputError, ValueError) as error:
        problem = by_field(error) if isinstance(error, DomainError) else {}
        return _member_page(membership_id, {"ends_at": _("Choose a day that is still to come."), **problem}), 422
    say(_("Saved"), _("It counts for everybody of %(name)s.", name=member.subject_name))
    return _member(membership_id)


def _end_of_day(text: str) -> datetime | None:
    """Return the end of a day in the marketplace's zone; raises `ValueError` for what is no day."""
    if not text:
        return None
    day = date.fromisoformat(text)
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise ValueError(text)
    zone = ZoneInfo(session.time_zone())
    return datetime.combine(day + timedelta(days=1), time(), tzinfo=zone).astimezone(UTC)


@pages.get("/<int:membership_id>/remove")
def show_remove(membership_id: int) -> str:
    """Ask before somebody is removed."""
    member = get_member(manager(), membership_id)
    return render_template("people/remove.html", member=member, me=session.profile(), people=account_words)


@pages.post("/<int:membership_id>/remove")
def remove(membership_id: int) -> ResponseReturnValue:
    """Remove somebody."""
    actor = manager()
    member = get_member(actor, membership_id)
    if member.account_type == "admin" and (ask := _ask_first(membership_id)):
        return ask
    try:
        remove_member(actor, membership_id)
    except (ConflictError, ForbiddenError) as error:
        say(_("Nothing was changed"), refusal(error), tone="wait")
        return _member(membership_id)
    say(_("%(name)s is no longer a member", name=member.display_name))
    if member.id == actor.membership_id:
        return redirect(url_for("auth.sign_in_form"))
    return _list()


@pages.post("/invitations/<int:invitation_id>/resend")
def resend(invitation_id: int) -> ResponseReturnValue:
    """Send a fresh link."""
    actor = manager()
    try:
        sent = resend_invitation(actor, invitation_id)
    except (ConflictError, ForbiddenError) as error:
        say(_("Nothing was sent"), refusal(error), tone="wait")
    else:
        say(_("%(email)s gets a new link", email=sent.email), _("The one before no longer works."))
    return _list()


@pages.post("/invitations/<int:invitation_id>/withdraw")
def withdraw(invitation_id: int) -> ResponseReturnValue:
    """Make an invitation's link useless."""
    actor = manager()
    try:
        withdraw_invitation(actor, invitation_id)
    except ForbiddenError as error:
        say(_("Nothing was changed"), refusal(error), tone="wait")
    else:
        say(_("The invitation is withdrawn"), _("Its link no longer works."))
    return _list()


@pages.post("/requests/<int:request_id>/<any(approve, refuse):answer>")
def decide(request_id: int, answer: str) -> ResponseReturnValue:
    """Approve or refuse a wish for another account type."""
    actor = session.actor("admin")
    try:
        decide_request(actor, request_id, approve=answer == "approve")
    except (ConflictError, ForbiddenError) as error:
        say(_("Nothing was changed"), refusal(error), tone="wait")
    else:
        say(_("Approved") if answer == "approve" else _("Refused"))
    return _list()
