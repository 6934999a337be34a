"""Commands for operators: migrations, settings, plugins, marketplaces, demo data."""

from __future__ import annotations

import click


@click.command()
@click.option("--to", "revision", default="head", show_default=True, help="Revision to migrate up to.")
@click.option("--down-to", default=None, help="Migrate down to this revision instead; data in dropped tables is gone.")
@click.option("--show", is_flag=True, help="Only list revisions that the database lacks.")
@click.option("--yes", is_flag=True, help="Do not ask before migrating down.")
def migrate(revision: str, down_to: str | None, show: bool, yes: bool) -> None:
    """Bring the database's roles, tables and partitions to this version.

    \b
    Example:
      DATABASE_URL=postgresql://admin@db/adrail adrail migrate
    """
    from core.accounts.api import ensure_installation_key  # noqa: PLC0415
    from core.db import migrate as migrations  # noqa: PLC0415

    if show:
        with migrations.migration_connection() as connection:
            pending = migrations.pending_revisions(connection)
        click.echo("\n".join(pending) or "nothing to do: the database is up to date")
    elif down_to:
        if not yes:
            click.confirm(f"Data that only newer versions than {down_to} know is lost. Go on?", abort=True)
        migrations.downgrade(down_to)
        click.echo(f"migrated down to {down_to}")
    else:
        migrations.upgrade(revision)
        if revision == "head":
            ensure_installation_key()
        click.echo("the database is up to date" if revision == "head" else f"migrated to {revision}")


@click.command()
def config() -> None:
    """Print the settings in force, with secrets hidden.

    \b
    Example:
      adrail config
    """
    from core.config import Settings, settings, variable  # noqa: PLC0415

    values = settings().masked()
    width = max(len(variable(name)) for name in values)
    for name, value in values.items():
        field = Settings.model_fields[name]
        click.echo(f"{variable(name):<{width}}  {value}")
        click.secho(f"{'':<{width}}  {field.description}", dim=True)


@click.group()
def plugins() -> None:
    """Look at installed plugins.

    \b
    Example:
      adrail plugins list
    """


@plugins.command("list")
def plugins_list() -> None:
    """List installed platforms with their capabilities, and payment providers.

    \b
    Example:
      adrail plugins list
    """
    from core.registry import registry  # noqa: PLC0415

    for platform in registry().all():
        click.echo(f"{platform.slug:<14} {platform.display_name:<22} {', '.join(platform.capabilities())}")
        click.secho(f"{'':<14} from {registry().origin(platform.slug)}", dim=True)
    for provider in registry().payment_providers():
        click.echo(f"{provider.slug:<14} {provider.display_name:<22} payments")
        click.secho(f"{'':<14} from {registry().origin(provider.slug)}", dim=True)


@click.group()
def tenant() -> None:
    """Manage marketplaces.

    \b
    Example:
      adrail tenant create --help
    """


@tenant.command("create")
@click.argument("slug")
@click.option("--name", required=True, help="Name that people read.")
@click.option("--currency", required=True, help="Default currency, ISO 4217.")
@click.option("--time-zone", required=True, help="IANA name, such as Europe/Bucharest.")
@click.option("--origin", "origins", multiple=True, help="Origin of its website; may be repeated.")
@click.option("--admin-email", default=None, help="Also create an administrator; asks for a password.")
def tenant_create(
    slug: str, name: str, currency: str, time_zone: str, origins: tuple[str, ...], admin_email: str | None
) -> None:
    """Create a marketplace with its first site and server key, shown this once.

    \b
    Example:
      adrail tenant create scena --name Scena --currency RON --time-zone Europe/Bucharest \\
        --origin https://scena.example --admin-email ana@scena.example
    """
    from core.accounts.api import check_new_user, create_tenant, create_user  # noqa: PLC0415

    password = ""
    if admin_email:
        password = click.prompt("Password of the administrator", hide_input=True, confirmation_prompt=True)
        check_new_user(email=admin_email, password=password)
    made = create_tenant(slug=slug, name=name, currency=currency, time_zone=time_zone, origins=list(origins))
    if admin_email:
        create_user(tenant_id=made.tenant_id, email=admin_email, display_name=name, password=password, role="admin")
    click.echo(f"tenant      {made.tenant_id}\nsite        {made.site_id}\nwrite key   {made.write_key}")
    click.echo(f"server key  {made.server_key}\n\nKeep the server key: only its hash is stored.")


@click.group()
def demo() -> None:
    """Manage the demo marketplace.

    \b
    Example:
      adrail demo seed
    """


@demo.command("seed")
@click.option("--seed", type=int, default=7, show_default=True, help="Same seed, same marketplace.")
@click.option("--renew", is_flag=True, help="Complete a marketplace that is there, with new passwords and keys.")
def demo_seed(seed: int, renew: bool) -> None:
    """Create the demo marketplace and print its credentials, this once.

    \b
    Example:
      adrail demo seed
    """
    from core.accounts.api import tenant_exists  # noqa: PLC0415
    from server.demo.seed import DEMO_SLUG, seed_demo  # noqa: PLC0415

    if tenant_exists(DEMO_SLUG) and not renew:
        click.echo(f"the demo marketplace {DEMO_SLUG!r} is there already; --renew completes it and renews credentials")
        return
    with click.progressbar(length=4, label="seeding the demo marketplace") as bar:
        credentials = seed_demo(seed, progress=lambda: bar.update(1))
    for name, value in credentials.as_dict().items():
        click.echo(f"{name:<22} {value}")


COMMANDS = (migrate, config, plugins, tenant, demo)
