"""Commands for people: inviting, listing, locking out, new passwords."""

from __future__ import annotations

import click


@click.group()
def user() -> None:
    """Manage the people who sign in.

    \b
    Example:
      adrail user list scena
    """


@user.command("invite")
@click.argument("tenant")
@click.argument("email")
@click.option("--role", default="analyst", show_default=True, help="owner, admin, manager, analyst or gate_staff.")
@click.option("--of", "kind", default="marketplace", show_default=True, help="What they are a member of.")
@click.option(
    "--id", "subject_id", default="", help="External id of the organizer, artist, venue, label, promoter or ad_account."
)
@click.option("--type", "account_type", default=None, help="Account type; default: the usual one.")
@click.option("--language", default="en", show_default=True, help="Language of the mail: en or ro.")
def user_invite(
    tenant: str, email: str, role: str, kind: str, subject_id: str, account_type: str | None, language: str
) -> None:
    """Ask somebody by mail to join a marketplace, or an organiser, artist, venue, … of it.

    \b
    Example:
      adrail user invite scena ana@scena.example --role admin --type admin
      adrail user invite scena ion@teatru.example --role owner --of organizer --id org-1
    """
    from core.accounts.api import Actor, invite, tenant_with_slug  # noqa: PLC0415
    from core.notifications.api import can_send  # noqa: PLC0415

    made = invite(
        Actor.system(tenant_with_slug(tenant), "cli"),
        email=email,
        role=role,
        subject_kind=kind,
        subject_id=subject_id,
        account_type=account_type,
        locale=language,
    )
    click.echo(f"{made.email} is invited as {made.role}; the link works until {made.expires_at:%Y-%m-%d %H:%M} UTC")
    if not can_send():
        click.echo("No mail server is configured (ADRAIL_SMTP_URL), so the mail is kept and not sent.", err=True)


@user.command("list")
@click.argument("tenant")
def user_list(tenant: str) -> None:
    """List members: number, address, what of, account type, role, verification.

    \b
    Example:
      adrail user list scena
    """
    from core.accounts.api import Actor, list_members, tenant_with_slug  # noqa: PLC0415

    actor, cursor = Actor.system(tenant_with_slug(tenant), "cli"), None
    while True:
        page = list_members(actor, limit=200, cursor=cursor)
        for item in page.items:
            place = f"{item.subject_kind}:{item.subject_id}" if item.subject_id else item.subject_kind
            state = "disabled" if item.disabled else item.verification
            click.echo(f"{item.user_id:<6} {item.email:<36} {place:<24} {item.account_type}/{item.role:<12} {state}")
        cursor = page.next_cursor
        if cursor is None:
            return


@user.command("disable")
@click.argument("email")
@click.option("--enable", is_flag=True, help="Let them in again instead.")
def user_disable(email: str, enable: bool) -> None:
    """Lock a person out of every marketplace of this installation; their sessions end at once.

    \b
    Example:
      adrail user disable ana@scena.example
      adrail user disable ana@scena.example --enable
    """
    from core.accounts.api import disable_user  # noqa: PLC0415

    disable_user(_known(email), disabled=not enable)
    click.echo(f"{email} {'may sign in again' if enable else 'is locked out'}")


@user.command("reset-password")
@click.argument("email")
@click.option("--type-it", is_flag=True, help="Ask for the new password here instead of mailing a link.")
@click.option("--two-step-off", is_flag=True, help="Switch two-step sign-in off as well: the telephone is lost.")
def user_reset_password(email: str, type_it: bool, two_step_off: bool) -> None:
    """Mail a person a link for a new password, or set one here; a new password ends all their sessions.

    \b
    Example:
      adrail user reset-password ana@scena.example
      adrail user reset-password ana@scena.example --type-it --two-step-off
    """
    from core.accounts.api import forget_two_step, set_password, write_reset  # noqa: PLC0415

    user_id = _known(email)
    if type_it:
        set_password(user_id, click.prompt("New password", hide_input=True, confirmation_prompt=True))
        click.echo(f"{email} has a new password; all sessions ended")
    elif write_reset(user_id):
        click.echo(f"a link is on its way to {email}; it works once, for one hour")
    else:
        click.echo("a link left less than a minute ago, or this person is locked out or belongs nowhere", err=True)
    if two_step_off:
        forget_two_step(user_id)
        click.echo("two-step sign-in is off")


def _known(email: str) -> int:
    from core.accounts.api import user_with_email  # noqa: PLC0415

    user_id = user_with_email(email)
    if user_id is None:
        raise click.ClickException(f"nobody signs in as {email}")
    return user_id


COMMANDS = (user,)
