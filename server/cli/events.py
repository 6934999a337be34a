"""Commands for collected events: refused ones, and all of them as they come."""

from __future__ import annotations

import json
import signal
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from server.cli.operations import adopt, data_dir_option
from server.cli.printing import one_line
from server.cli.rejects import rejected

if TYPE_CHECKING:
    from tracking.live.watching import LiveEvent

NAME_WIDTH = 26


@click.group()
def events() -> None:
    """Look at collected events: refused ones, and all of them as they come.

    \b
    Example:
      adrail events rejected --tenant scena
      adrail events tail --tenant scena --name add_to_cart
    """


@events.command("tail")
@click.option("--tenant", required=True, help="Slug of the marketplace.")
@click.option("--name", default=None, help="Only events of this name.")
@click.option("--visitor", default=None, help="Only events of this visitor.")
@click.option("--site", default=None, help="Only events of this site, by its short name.")
@click.option("--most", type=click.IntRange(1), default=None, help="Stop after so many events.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, one event a line.")
@data_dir_option
def tail(
    data_dir: Path | None,
    tenant: str,
    name: str | None,
    visitor: str | None,
    site: str | None,
    most: int | None,
    *,
    as_json: bool,
) -> None:
    """Print accepted and refused events as they come, one line each; Ctrl-C ends it.

    Personal data is hidden. Of more than 100 events a second and process only the number is told.

    \b
    Example:
      adrail events tail --tenant scena
      adrail events tail --tenant scena --visitor v-0d3061bb7ee1 --json
    """
    adopt(data_dir)
    from core.accounts.api import Actor, tenant_with_slug  # noqa: PLC0415
    from tracking.live.watching import follow, open_watch  # noqa: PLC0415

    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    actor = Actor.system(tenant_with_slug(tenant), "cli")
    watch = open_watch(actor, name=name, visitor=visitor, site=site)
    click.echo("watching; events show up from about a second on", err=True)
    for told, item in enumerate(follow(actor, watch, stop), start=1):
        click.echo(json.dumps(_facts(item), default=str) if as_json else _line(item))
        if most is not None and told >= most:
            break


def _facts(item: LiveEvent) -> dict[str, Any]:
    names = ("at", "outcome", "site", "trusted", "code", "problems", "event", "left_out")
    return {name: getattr(item, name) for name in names}


def _line(item: LiveEvent) -> str:
    if item.left_out or item.at is None:
        return f"… {item.left_out} more came too fast to be shown"
    fields: dict[str, Any] = item.event if isinstance(item.event, dict) else {}
    colour = {"accepted": "green", "rejected": "red"}.get(item.outcome, "yellow")
    word = {"blocked_by_consent": "no consent"}.get(item.outcome, item.outcome)
    who = fields.get("visitor_id") or ("backend" if item.trusted else "?")
    told = "; ".join(f"{part['pointer'] or '/'} ({part['rule']}): {part['message']}" for part in item.problems)
    facts = told or json.dumps(fields.get("payload", {}), ensure_ascii=False)
    head = f"{item.at:%H:%M:%S} {click.style(f'{word:<10}', fg=colour)} "
    return head + one_line(f"{item.name or '?':<{NAME_WIDTH}} {item.site or '-':<10} {who}  {facts}")


events.add_command(rejected)
COMMANDS = (events,)
