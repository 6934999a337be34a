"""Commands for a marketplace's keys."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from core.accounts.api import KeyView

UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}
SPAN = re.compile(r"([1-9][0-9]{0,4})([hdw])")


class Moment(click.ParamType["datetime | None"]):
    """A time to come: a span from now such as ``90d``, a date, a time with zone, or ``never``."""

    name = "when"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> datetime | None:
        """Read it; a date without time is its first moment in UTC."""
        text = str(value).strip()
        if text == "never":
            return None
        span = SPAN.fullmatch(text)
        if span:
            return datetime.now(UTC) + int(span[1]) * UNITS[span[2]]
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            self.fail(f"{text!r} is no time: use 90d, 12h, 4w, 2027-01-31, a time with zone, or never", param, ctx)
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


@click.group()
def key() -> None:
    """Manage the server keys, organiser tokens and scanner keys of a marketplace.

    \b
    Example:
      adrail key list scena
    """


@key.command("create")
@click.argument("tenant")
@click.option("--name", required=True, help="Who uses it; people read this when they revoke keys.")
@click.option("--organizer", default=None, help="External id: make an organiser token instead of a server key.")
@click.option(
    "--scope", "scopes", multiple=True, help="What it may do; may be repeated.  [default: the usual of its kind]"
)
@click.option("--expires", type=Moment(), default="never", show_default=True, help="90d, 12h, 2027-01-31 or never.")
@click.option("--live-event", default=None, help="External id: make a scanner key for its gate and device.")
@click.option("--gate", default=None, help="The gate that a scanner key is bound to.")
@click.option("--device", default=None, help="The device that a scanner key is bound to.")
def key_create(
    tenant: str,
    name: str,
    organizer: str | None,
    scopes: tuple[str, ...],
    expires: datetime | None,
    live_event: str | None,
    gate: str | None,
    device: str | None,
) -> None:
    """Make a key and print it, this once.

    \b
    Example:
      adrail key create scena --name "shop backend" --expires 365d
      adrail key create scena --name "agency" --organizer org-1 --scope view_deliveries
      adrail key create scena --name "north 7" --live-event ev-9 --gate north --device dev-7
    """
    from core.accounts.api import Actor, KeyWish, issue_key, tenant_with_slug  # noqa: PLC0415

    kind = "scanner" if live_event else "organizer" if organizer else "server"
    actor = Actor.system(tenant_with_slug(tenant), "cli")
    wish = KeyWish(kind, name, organizer, scopes or None, expires, live_event, gate, device)
    made = issue_key(actor, wish)
    click.echo(made.key)
    click.echo(f"Keep it: only its hash is stored. It may: {', '.join(made.view.scopes)}.", err=True)


@key.command("list")
@click.argument("tenant")
def key_list(tenant: str) -> None:
    """List keys: number, beginning, state, when they were last used, name, scopes.

    \b
    Example:
      adrail key list scena
    """
    from core.accounts.api import Actor, list_keys, tenant_with_slug  # noqa: PLC0415

    def line(item: KeyView) -> str:
        used = f"used {item.last_used_at:%Y-%m-%d %H:%M}" if item.last_used_at else "never used"
        owner = f" ({item.organizer_name})" if item.organizer_name else ""
        bound = f" at {item.scanner.gate} of {item.scanner.live_event}" if item.scanner else ""
        return f"{item.id:<6} {item.prefix + '…':<24} {_state(item):<28} {used:<22} {item.name}{owner}{bound}"

    actor, cursor = Actor.system(tenant_with_slug(tenant), "cli"), None
    while True:
        page = list_keys(actor, limit=200, cursor=cursor)
        for item in page.items:
            click.echo(line(item))
            click.secho(f"{'':<6} {', '.join(item.scopes)}", dim=True)
        cursor = page.next_cursor
        if cursor is None:
            break


def _state(item: KeyView) -> str:
    if item.revoked_at:
        return f"revoked {item.revoked_at:%Y-%m-%d %H:%M}"
    if item.expires_at:
        word = {"expired": "expired", "ending": f"replaced by {item.replaced_by}, until"}.get(item.state, "until")
        return f"{word} {item.expires_at:%Y-%m-%d %H:%M}"
    return "does not expire"


@key.command("rotate")
@click.argument("tenant")
@click.argument("number", type=int)
@click.option(
    "--overlap-hours",
    type=click.IntRange(0, 720),
    default=24,
    show_default=True,
    help="How long the old key goes on working; 0 ends it at once.",
)
@click.option(
    "--expires", type=Moment(), default=None, help="When the new key ends.  [default: as long as the old one]"
)
def key_rotate(tenant: str, number: int, overlap_hours: int, expires: datetime | None) -> None:
    """Make a key like this one and print it; the old one goes on working for some hours.

    \b
    Example:
      adrail key rotate scena 12 --overlap-hours 48
    """
    from core.accounts.api import Actor, rotate_key, tenant_with_slug  # noqa: PLC0415

    actor = Actor.system(tenant_with_slug(tenant), "cli")
    made = rotate_key(actor, number, overlap=timedelta(hours=overlap_hours), expires_at=expires)
    click.echo(made.key)
    click.echo(f"Key {made.view.id} follows key {number}, which ends in {overlap_hours} hours.", err=True)


@key.command("revoke")
@click.argument("tenant")
@click.argument("number", type=int)
def key_revoke(tenant: str, number: int) -> None:
    """Make a key useless at once; its number is in the list.

    \b
    Example:
      adrail key revoke scena 12
    """
    from core.accounts.api import Actor, revoke_key, tenant_with_slug  # noqa: PLC0415

    revoke_key(Actor.system(tenant_with_slug(tenant), "cli"), number)
    click.echo(f"key {number} no longer works")


COMMANDS = (key,)
