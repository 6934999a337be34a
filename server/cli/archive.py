"""Commands for the archive of old events."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from server.cli.keys import Moment
from server.cli.operations import adopt, data_dir_option

if TYPE_CHECKING:
    from core.events.api import Month, PartView

tenant_option = click.option("--tenant", default=None, help="Slug of the marketplace.  [default: all]")
month_option = click.option("--month", default=None, help="Such as 2024-05, in UTC.  [default: all]")
STATES = {"archived": "in the archive", "restored": "in the database again"}


@click.group()
def archive() -> None:
    """Move old events to Parquet files, bring months back, check the files.

    \b
    Example:
      adrail archive run --dry-run
      adrail archive restore --tenant scena --month 2024-05 --until 30d
    """


@archive.command("run")
@tenant_option
@click.option("--dry-run", is_flag=True, help="Only say what would be archived.")
@data_dir_option
def archive_run(tenant: str | None, dry_run: bool, data_dir: Path | None) -> None:
    """Archive every month that is old enough; may be stopped and repeated at any time.

    \b
    Example:
      adrail archive run --dry-run
      adrail archive run --tenant scena
    """
    adopt(data_dir)
    from core.events.api import archive_month, count_month, drop_empty_partitions, due_months  # noqa: PLC0415

    due = due_months(tenant_id=_tenant(tenant))
    for item in due:
        rows = count_month(item)
        if dry_run:
            click.echo(f"{item.slug} {item.month}: {rows} events")
            continue
        with click.progressbar(length=rows, label=f"{item.slug} {item.month}") as bar:
            moved = sum(archive_month(item, bar.update))
        click.echo(f"{item.slug} {item.month}: {moved} events archived")
        if moved < rows:
            click.echo(
                f"{item.slug} {item.month}: another run is at work on the rest, or it was brought back", err=True
            )
    if not due:
        click.echo("nothing is old enough")
    if not dry_run:
        for month in drop_empty_partitions():
            click.echo(f"{month}: no marketplace has events left, its partition is dropped")


@archive.command("restore")
@click.option("--tenant", required=True, help="Slug of the marketplace.")
@click.option("--month", required=True, help="Such as 2024-05, in UTC.")
@click.option(
    "--until", type=Moment(), default="30d", show_default=True, help="No run takes it away before: 90d, 2027-01-31."
)
@data_dir_option
def archive_restore(tenant: str, month: str, until: datetime | None, data_dir: Path | None) -> None:
    """Put an archived month back into the database, where every query finds it.

    \b
    Example:
      adrail archive restore --tenant scena --month 2024-05 --until 30d
    """
    adopt(data_dir)
    from core.events.api import TenantMonth, archived_parts, restore_month  # noqa: PLC0415

    if until is None:
        raise click.BadParameter("say a time: an archive that never takes a month back is none", param_hint="--until")
    tenant_id, chosen = _tenant(tenant), _month(month)
    assert tenant_id is not None and chosen is not None  # noqa: S101, PT018 - both options are required
    parts = [part for part in archived_parts(tenant_id=tenant_id, month=chosen) if part.state == "archived"]
    with click.progressbar(length=sum(part.facts.rows for part in parts), label=f"{tenant} {chosen}") as bar:
        rows = sum(restore_month(TenantMonth(tenant_id, tenant, chosen), until, bar.update))
    click.echo(f"{tenant} {chosen}: {rows} events are back until {until:%Y-%m-%d %H:%M} UTC at least")


@archive.command("verify")
@tenant_option
@month_option
@data_dir_option
def archive_verify(tenant: str | None, month: str | None, data_dir: Path | None) -> None:
    """Read the archive's files and compare rows and checksums with what was written; exit code 1 names what differs.

    \b
    Example:
      adrail archive verify
      adrail archive verify --tenant scena --month 2024-05
    """
    adopt(data_dir)
    from core.events.api import archived_parts, verify_part  # noqa: PLC0415

    parts = archived_parts(tenant_id=_tenant(tenant), month=_month(month))
    problems = []
    with click.progressbar(length=sum(part.facts.bytes for part in parts), label=f"{len(parts)} files") as bar:
        for part in parts:
            if problem := verify_part(part):
                problems.append(f"{part.slug} {part.month}: {problem}")
            bar.update(part.facts.bytes)
    for problem in problems:
        click.echo(problem, err=True)
    if problems:
        raise SystemExit(1)
    click.echo(f"{len(parts)} files hold what was written: {sum(part.facts.rows for part in parts)} events")


@archive.command("list")
@tenant_option
@month_option
@data_dir_option
def archive_list(tenant: str | None, month: str | None, data_dir: Path | None) -> None:
    """List the archive's files with their rows.

    \b
    Example:
      adrail archive list --tenant scena
    """
    adopt(data_dir)
    from core.events.api import archived_parts  # noqa: PLC0415

    for part in archived_parts(tenant_id=_tenant(tenant), month=_month(month)):
        click.echo(f"{part.slug:<20} {part.month}  {part.facts.rows:>9} events  {_state(part)}  {part.path}")


@archive.command("keep")
@click.argument("tenant")
@click.argument("months", type=click.IntRange(5, 600), required=False)
@click.option("--default", "as_default", is_flag=True, help="Follow ADRAIL_ARCHIVE_AFTER_MONTHS again.")
@data_dir_option
def archive_keep(tenant: str, months: int | None, as_default: bool, data_dir: Path | None) -> None:
    """Say how many whole months a marketplace's events stay in the database before they are archived.

    \b
    Example:
      adrail archive keep scena 36
      adrail archive keep scena --default
    """
    adopt(data_dir)
    if (months is None) != as_default:
        raise click.UsageError("say a number of months, or --default")
    from core.accounts.api import Actor  # noqa: PLC0415
    from core.events.api import keep_events  # noqa: PLC0415

    tenant_id = _tenant(tenant)
    assert tenant_id is not None  # noqa: S101 - a required argument
    click.echo(f"{tenant}: events stay {keep_events(Actor.system(tenant_id, 'cli'), months)} months in the database")


def _state(part: PartView) -> str:
    kept = f" until {part.kept_until:%Y-%m-%d}" if part.state == "restored" and part.kept_until else ""
    return STATES[part.state] + kept


def _tenant(slug: str | None) -> int | None:
    from core.accounts.api import tenant_with_slug  # noqa: PLC0415

    return tenant_with_slug(slug) if slug else None


def _month(written: str | None) -> Month | None:
    from core.events.api import Month  # noqa: PLC0415

    return Month.read(written) if written else None


COMMANDS = (archive,)
