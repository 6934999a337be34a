"""Commands for a marketplace's sites and keys."""

from __future__ import annotations

import click


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
        click.echo(f"{item.site_id:<20} {item.write_key:<44} {', '.join(item.allowed_origins) or 'no origin'}")


@click.group()
def key() -> None:
    """Manage the server keys and organiser tokens of a marketplace.

    \b
    Example:
      adrail key list scena
    """


@key.command("create")
@click.argument("tenant")
@click.option("--name", required=True, help="Who uses it; people read this when they revoke keys.")
@click.option("--organizer", default=None, help="External id: make an organiser token instead of a server key.")
def key_create(tenant: str, name: str, organizer: str | None) -> None:
    """Make a key and print it, this once.

    \b
    Example:
      adrail key create scena --name "shop backend"
      adrail key create scena --name "agency" --organizer org-1
    """
    from core.accounts.api import Actor, issue_key, tenant_with_slug  # noqa: PLC0415

    kind = "organizer" if organizer else "server"
    actor = Actor.system(tenant_with_slug(tenant), "cli")
    click.echo(issue_key(actor, kind=kind, name=name, organizer=organizer))
    click.echo("Keep it: only its hash is stored.", err=True)


@key.command("list")
@click.argument("tenant")
def key_list(tenant: str) -> None:
    """List keys: number, beginning, name, when they were last used.

    \b
    Example:
      adrail key list scena
    """
    from core.accounts.api import Actor, list_keys, tenant_with_slug  # noqa: PLC0415

    for item in list_keys(Actor.system(tenant_with_slug(tenant), "cli")):
        used = f"used {item.last_used_at:%Y-%m-%d %H:%M}" if item.last_used_at else "never used"
        state = f"revoked {item.revoked_at:%Y-%m-%d %H:%M}" if item.revoked_at else used
        owner = f" ({item.organizer_name})" if item.organizer_name else ""
        click.echo(f"{item.id:<6} {item.prefix + '…':<24} {state:<26} {item.name}{owner}")


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


COMMANDS = (site, key)
