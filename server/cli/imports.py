"""Commands that bring in what a marketplace has already: catalogue, persons, orders and events from files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from server.cli.operations import adopt, data_dir_option

if TYPE_CHECKING:
    from core.catalog.api import Progress, Sink

F = TypeVar("F", bound=Callable[..., Any])
KINDS = ("persons", "organizers", "venues", "genres", "artists", "live-events", "ticket-types")
FORMATS = ("csv", "ndjson", "parquet")
PROCESSES = 2


@click.group("import")
def import_() -> None:
    """Import what a marketplace has already: CSV, NDJSON or Parquet.

    \b
    Example:
      adrail import catalog persons.csv --tenant scena --kind persons --dry-run
      adrail import orders orders.ndjson --tenant scena
    """


def _options(command: F) -> F:
    decorators = (
        click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False)),
        click.option("--tenant", required=True, help="Slug of the marketplace."),
        click.option(
            "--mapping",
            type=click.Path(path_type=Path, exists=True, dir_okay=False),
            default=None,
            help="YAML file that says what the columns are called here.",
        ),
        click.option(
            "--format", "form", type=click.Choice(FORMATS), default=None, help="Else the name of the file tells."
        ),
        click.option("--dry-run", is_flag=True, help="Check every row and store nothing."),
        click.option(
            "--rejects",
            type=click.Path(path_type=Path, dir_okay=False),
            default=None,
            help="Where refused rows go, with their reasons.  [default: FILE.rejects.ndjson]",
        ),
        click.option(
            "--processes",
            type=click.IntRange(0, 64),
            default=PROCESSES,
            show_default=True,
            help="Processes that check and encrypt; 0: all in one.",
        ),
        data_dir_option,
    )
    for decorator in reversed(decorators):
        command = decorator(command)
    return command


@import_.command("catalog")
@_options
@click.option("--kind", type=click.Choice(KINDS), required=True, help="What the rows are.")
def import_catalog(kind: str, **options: Any) -> None:
    """Import persons, or one kind of the catalogue. Rows that are stored already are brought up to date.

    \b
    Example:
      adrail import catalog venues.csv --tenant scena --kind venues
      adrail import catalog customers.parquet --tenant scena --kind persons --mapping customers.yaml
    """
    adopt(options.pop("data_dir"))
    from core.catalog.api import PERSON_ROWS, catalog_sink  # noqa: PLC0415

    _run(PERSON_ROWS if kind == "persons" else catalog_sink(kind), {"kind": kind}, **options)


@import_.command("orders")
@_options
@click.option("--deliver", is_flag=True, help="Also report purchases to advertising platforms.")
def import_orders(deliver: bool, **options: Any) -> None:
    """Import orders with their lines and buyers. Orders that are stored already stay as they are.

    \b
    Example:
      adrail import orders orders-2025.csv --tenant scena --dry-run
      adrail import orders orders-2025.csv --tenant scena
    """
    adopt(options.pop("data_dir"))
    from core.catalog.api import ORDER_ROWS  # noqa: PLC0415

    _run(ORDER_ROWS, {"deliver": deliver}, **options)


@import_.command("events")
@_options
@click.option("--deliver", is_flag=True, help="Also report conversions to advertising platforms.")
def import_events(deliver: bool, **options: Any) -> None:
    """Import tracking events with the time at which they happened. Events that are stored already are left out.

    \b
    Example:
      adrail import events history.ndjson --tenant scena
    """
    adopt(options.pop("data_dir"))
    from tracking.ingest.importing import EVENTS  # noqa: PLC0415

    _run(EVENTS, {"deliver": deliver}, **options)


def _run(
    sink: Sink,
    chosen: dict[str, Any],
    *,
    file: Path,
    tenant: str,
    mapping: Path | None,
    form: str | None,
    dry_run: bool,
    rejects: Path | None,
    processes: int,
) -> None:
    from core.accounts.api import tenant_with_slug  # noqa: PLC0415
    from core.catalog.api import Run, open_source, read_mapping, run_import  # noqa: PLC0415

    tenant_id = tenant_with_slug(tenant)
    source = open_source(file, read_mapping(mapping, sink.shape), sink.shape, form)
    refused = rejects or file.with_name(f"{file.name}.rejects.ndjson")
    run = Run(tenant_id, source, sink, refused, chosen, dry_run, processes)
    with click.progressbar(length=max(source.size, 1), label=f"Importing {file.name}") as bar:
        reached = 0

        def tell(progress: Progress) -> None:
            nonlocal reached
            bar.update(progress.position - reached)
            reached = progress.position

        done = run_import(run, tell)
    _report(done, refused, dry_run=dry_run)


def _report(done: Progress, rejects: Path, *, dry_run: bool) -> None:
    if done.resumed_at:
        click.echo("went on where the last run stopped")
    would = "would be " if dry_run else ""
    click.echo(
        f"{done.read} rows: {done.new} {would}new, {done.changed} {would}updated, {done.known} known, "
        f"{done.rejected} refused"
    )
    if done.rejected:
        click.echo(f"refused rows and reasons: {rejects}")


COMMANDS = (import_,)
