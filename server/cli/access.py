"""Commands for a marketplace's sites."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from core.accounts.api import Actor

OVERLAP = "How long the old one goes on working; 0 ends it at once."


@click.group()
def site() -> None:
    """Manage the websites of a marketplace.

    \b
    Example:
      adrail site list scena
    """


@site.command("create")
@click.argument("tenant")
@click.argument("site_id")
@click.option("--name", required=True, help="Name that people read.")
@click.option("--origin", "origins", multiple=True, help="Origin that its pages come from; may be repeated.")
def site_create(tenant: str, site_id: str, name: str, origins: tuple[str, ...]) -> None:
    """Add a website with a write key of its own.

    \b
    Example:
      adrail site create scena festival --name "Festival" --origin https://festival.example
    """
    from core.accounts.api import Actor, create_site, tenant_with_slug  # noqa: PLC0415

    made = create_site(Actor.system(tenant_with_slug(tenant), "cli"), site_id=site_id, name=name, origins=origins)
    click.echo(
        f"site        {made.site_id}\nwrite key   {made.write_key}\norigins     {', '.join(made.allowed_origins)}"
    )


@site.command("list")
@click.argument("tenant")
def site_list(tenant: str) -> None:
    """List the websites of a marketplace with their write keys and origins.

    \b
    Example:
      adrail site list scena
    """
    from core.accounts.api import Actor, list_sites, tenant_with_slug  # noqa: PLC0415

    for item in list_sites(Actor.system(tenant_with_slug(tenant), "cli")):
        click.echo(f"{item.site_id:<20} {item.write_key:<54} {', '.join(item.allowed_origins) or 'no origin'}")
        if item.previous_write_key:
            until = _time(item.previous_write_key_until)
            used = f", last used {_time(item.previous_write_key_used_at)}" if item.previous_write_key_used_at else ""
            click.echo(f"{'':<20} {item.previous_write_key:<54} counts until {until}{used}")


def _time(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC" if moment else "never"


@site.command("change")
@click.argument("tenant")
@click.argument("site_id")
@click.option("--cookie/--no-cookie", "visitor_cookie", default=None, help="Keep visitor ids in a first-party cookie.")
@click.option("--cookie-domain", default=None, help="Domain of that cookie; empty for the page's own host.")
@click.option("--dnt", metavar="MEANING", help="What «do not track» means: off, no_marketing or no_tracking.")
def site_change(
    tenant: str, site_id: str, visitor_cookie: bool | None, cookie_domain: str | None, dnt: str | None
) -> None:
    """Change how a website treats its visitors; every process follows within a minute.

    \b
    Example:
      adrail site change scena festival --cookie --cookie-domain festival.example
    """
    from core.accounts.api import get_site, update_site  # noqa: PLC0415

    actor, found = _site(tenant, site_id)
    before = get_site(actor, found)
    made = update_site(
        actor,
        found,
        name=before.name,
        origins=before.allowed_origins,
        dnt_policy=dnt,
        visitor_cookie=visitor_cookie,
        cookie_domain=cookie_domain,
    )
    click.echo(f"visitor cookie   {'on' if made.visitor_cookie else 'off'}")
    click.echo(f"cookie domain    {made.cookie_domain or 'its own host'}")
    click.echo(f"do not track     {made.dnt_policy}")


@site.command("rotate")
@click.argument("tenant")
@click.argument("site_id")
@click.option("--overlap-hours", type=click.IntRange(0, 720), default=24, show_default=True, help=OVERLAP)
def site_rotate(tenant: str, site_id: str, overlap_hours: int) -> None:
    """Give a website a new write key; the one before counts for some hours more.

    \b
    Example:
      adrail site rotate scena festival --overlap-hours 72
    """
    from core.accounts.api import rotate_write_key  # noqa: PLC0415

    actor, found = _site(tenant, site_id)
    made = rotate_write_key(actor, found, overlap=timedelta(hours=overlap_hours))
    click.echo(f"write key   {made.write_key}")
    click.echo(f"until {_time(made.previous_write_key_until)} also   {made.previous_write_key or 'none'}")


@site.command("retire")
@click.argument("tenant")
@click.argument("site_id")
def site_retire(tenant: str, site_id: str) -> None:
    """End the write key that was replaced, before its time.

    \b
    Example:
      adrail site retire scena festival
    """
    from core.accounts.api import retire_write_key  # noqa: PLC0415

    retire_write_key(*_site(tenant, site_id))
    click.echo("only the new write key counts, everywhere within a minute")


def _site(tenant: str, site_id: str) -> tuple[Actor, int]:
    from core.accounts.api import Actor, list_sites, tenant_with_slug  # noqa: PLC0415

    actor = Actor.system(tenant_with_slug(tenant), "cli")
    found = next((item.id for item in list_sites(actor) if item.site_id == site_id), None)
    if found is None:
        raise click.ClickException(f"marketplace {tenant!r} has no site {site_id!r}")
    return actor, found


COMMANDS = (site,)
