"""Commands for the audit log."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, TextIO

import click

from server.cli.keys import Moment

if TYPE_CHECKING:
    from core.accounts.api import Anchor


@click.group()
def audit() -> None:
    """Check and export the audit log.

    \b
    Example:
      adrail audit verify
    """


@audit.command("verify")
@click.option("--tenant", default=None, help="Slug of the marketplace.  [default: all]")
@click.option("--anchors", type=click.File(encoding="utf-8"), default=None, help="Anchors that were kept elsewhere.")
def audit_verify(tenant: str | None, anchors: TextIO | None) -> None:
    """Check every entry and anchor; exit code 1 names the first entry that was changed, moved or removed.

    \b
    Example:
      adrail audit verify --tenant scena
      adrail audit verify --anchors /mnt/elsewhere/anchors.ndjson
    """
    from core.accounts.api import audited_tenants, check_audit, count_entries, tenant_with_slug  # noqa: PLC0415

    kept = list(_read(anchors)) if anchors else []
    chosen = [(tenant_with_slug(tenant), tenant)] if tenant else audited_tenants()
    broken = 0
    for tenant_id, slug in chosen:
        with click.progressbar(length=count_entries(tenant_id), label=slug) as bar:
            result = check_audit(tenant_id, kept=kept, progress=bar.update)
        if result.found is None:
            click.echo(f"{slug}: {result.entries} entries and {result.anchors} anchors fit")
        else:
            broken += 1
            click.echo(f"{slug}: {result.found}", err=True)
    if broken:
        raise SystemExit(1)


def _read(lines: TextIO) -> Iterator[Anchor]:
    from core.accounts.api import read_anchor  # noqa: PLC0415

    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                yield read_anchor(json.loads(line))
            except ValueError:
                raise click.ClickException(f"line {number} of the anchors is no JSON") from None


@audit.command("anchors")
@click.argument("tenant")
@click.option("--new", is_flag=True, help="First seal how the log ends now.")
def audit_anchors(tenant: str, new: bool) -> None:
    """Print the anchors of a marketplace's log as NDJSON, oldest last; keep them where this database's owner is not.

    \b
    Example:
      adrail audit anchors scena --new >> /mnt/elsewhere/anchors.ndjson
    """
    from core.accounts.api import anchor_page, make_anchor, tenant_with_slug  # noqa: PLC0415
    from core.observability.logging import configure_logging  # noqa: PLC0415

    configure_logging("WARNING", "console")
    tenant_id, cursor = tenant_with_slug(tenant), None
    if new:
        make_anchor(tenant_id)
    while True:
        page = anchor_page(tenant_id, limit=200, cursor=cursor)
        for anchor in page.items:
            click.echo(json.dumps(anchor.as_dict()))
        cursor = page.next_cursor
        if cursor is None:
            break


@audit.command("export")
@click.argument("tenant")
@click.option("--format", "kind", type=click.Choice(["ndjson", "csv"]), default="ndjson", show_default=True)
@click.option("--actor", default=None, help="Only what they did, such as user:12.")
@click.option("--action", default=None, help="Only this, such as key.created.")
@click.option("--subject", default=None, help="Only what was done to this, such as key:3.")
@click.option("--since", type=Moment(), default=None, help="Only from this moment on, such as 2026-11-01.")
@click.option("--until", type=Moment(), default=None, help="Only before this moment.")
def audit_export(
    tenant: str,
    kind: str,
    actor: str | None,
    action: str | None,
    subject: str | None,
    since: datetime | None,
    until: datetime | None,
) -> None:
    """Print the log of a marketplace, newest first.

    \b
    Example:
      adrail audit export scena --format csv --since 2026-11-01 > november.csv
    """
    from core.accounts.api import AUDIT_FORMATS, Actor, AuditFilter, stream_audit, tenant_with_slug  # noqa: PLC0415

    chosen = AuditFilter(actor, action, subject, since, until)
    lines = stream_audit(Actor.system(tenant_with_slug(tenant), "cli"), chosen)
    for text in AUDIT_FORMATS[kind][1](lines):
        click.echo(text, nl=False)


COMMANDS = (audit,)
