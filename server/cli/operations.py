"""Commands for operators of a running adrail: health, keys, backups."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from server.doctor.findings import Finding

data_dir_option = click.option(
    "--data-dir",
    type=click.Path(path_type=Path, file_okay=False),
    default=None,
    help="Data directory of `adrail up`; not needed where DATABASE_URL and REDIS_URL are set.",
)


@click.command()
@data_dir_option
@click.option("--probe", is_flag=True, help="Also send an event through the collector, find it stored, remove it.")
@click.option("--tenant", default=None, help="Slug of the marketplace that the probe uses.  [default: the first]")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document instead of lines.")
def doctor(data_dir: Path | None, probe: bool, tenant: str | None, as_json: bool) -> None:
    """Check everything that adrail relies on, and say what to do; exit code 1 when something does not work.

    \b
    Example:
      adrail doctor --probe
      adrail doctor --json | jq '.findings[] | select(.state != "ok")'
    """
    adopt(data_dir)
    from server.doctor.examination import examine  # noqa: PLC0415
    from server.doctor.findings import State  # noqa: PLC0415

    counts = dict.fromkeys(State, 0)
    findings = []
    for finding in examine(probe=probe, tenant=tenant):
        counts[finding.state] += 1
        findings.append(finding.as_dict())
        if not as_json:
            _print(finding)
    if as_json:
        click.echo(json.dumps({"healthy": not counts[State.FAIL], "findings": findings}, indent=2))
    else:
        click.echo(f"\n{counts[State.OK]} ok, {counts[State.WARN]} to look at, {counts[State.FAIL]} broken")
    if counts[State.FAIL]:
        raise SystemExit(1)


def _print(finding: Finding) -> None:
    colours = {"ok": "green", "warn": "yellow", "fail": "red"}
    click.echo(f"{click.style(f'{finding.state:<5}', fg=colours[finding.state])} {finding.check:<22} {finding.says}")
    if finding.remedy:
        click.echo(f"{'':<28} → {finding.remedy}")


@click.group()
def keys() -> None:
    """Replace master keys while everything runs.

    \b
    Example:
      adrail keys new
      adrail keys rotate
    """


@keys.command("new")
@click.option(
    "--data-dir",
    type=click.Path(path_type=Path, file_okay=False),
    default=None,
    help="Print the whole value for this data directory of `adrail up`: the new key, and behind it the present ones.",
)
def keys_new(data_dir: Path | None) -> None:
    """Print a fresh master key as an entry for ADRAIL_MASTER_KEYS.

    \b
    Example:
      adrail keys new
    """
    from core.security.crypto import new_master_key  # noqa: PLC0415

    entries = [new_master_key()]
    if data_dir:
        from server.operations.installation import master_keys_of  # noqa: PLC0415

        entries.append(master_keys_of(data_dir))
    click.echo(",".join(entries))
    click.echo("Keep a copy apart from your backups: what it seals cannot be read without it.", err=True)


@keys.command("status")
@data_dir_option
def keys_status(data_dir: Path | None) -> None:
    """Say which master key sealed how much, and where.

    \b
    Example:
      adrail keys status
    """
    adopt(data_dir)
    from core.security.crypto import keyring  # noqa: PLC0415
    from server.operations.rotation import census_of_keys  # noqa: PLC0415

    click.echo(f"sealing now: {keyring().current}")
    for place, counts in census_of_keys().items():
        told = ", ".join(f"{count} by {_key(name)}" for name, count in sorted(counts.items())) or "nothing"
        click.echo(f"{place:<40} {told}")


def _key(name: str) -> str:
    from core.security.crypto import keyring  # noqa: PLC0415

    return name if keyring().knows(name) else f"{name or 'an unreadable one'} (not configured)"


@keys.command("rotate")
@data_dir_option
@click.option(
    "--wait", type=click.IntRange(0, 3600), default=60, show_default=True, help="Seconds for waiting events to pass."
)
def keys_rotate(data_dir: Path | None, wait: int) -> None:
    """Bring everything under the first master key of ADRAIL_MASTER_KEYS, so that the others can be dropped.

    \b
    Every process must know the new key before the first one uses it. So:
      1. put the new key last in ADRAIL_MASTER_KEYS and restart every process, one after the other;
      2. move it to the front and restart every process again;
      3. run this command: it may take its time, everything keeps running;
      4. drop the old key and restart every process.

    \b
    Example:
      adrail keys rotate
    """
    adopt(data_dir)
    from core.security.crypto import keyring  # noqa: PLC0415
    from server.operations.rotation import census_of_keys, rotate  # noqa: PLC0415

    current = keyring().current
    foreign = sum(counts.total() - counts[current] for counts in census_of_keys().values())
    with click.progressbar(length=foreign, label=f"bringing everything under {current}") as bar:
        outcome = rotate(bar.update, patience=wait)
    for place, total in outcome.sealed.items():
        click.echo(f"{place:<40} {total:>9} sealed {outcome.changed[place]:>9} changed now")
    for place, others in outcome.left.items():
        told = ", ".join(f"{_key(name)} by {count}" for name, count in others.items())
        click.echo(f"still needed: {told} in {place}")
    for what in outcome.broken:
        click.echo(f"does not open: {what}")
    if not outcome.complete:
        raise click.ClickException(
            "keep the old keys. Is ingest running? Is every process restarted with the new key in front? "
            "Put keys that are «not configured» back behind it, then run this again."
        )
    click.echo(f"Nothing needs another key than {current} any more; every data key opens with it alone.")
    click.echo("Once every process runs with it in front, drop the others from ADRAIL_MASTER_KEYS and restart.")


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@data_dir_option
def backup(folder: Path, data_dir: Path | None) -> None:
    """Copy everything that `adrail up` keeps into FOLDER, which must not exist yet; it may go on running.

    Nothing that was acknowledged when the command starts is missing. The backup holds the keys as well: whoever can
    read it can read everything. Servers of your own are backed up with their own tools.

    \b
    Example:
      adrail backup /backups/adrail-monday --data-dir ./data
    """
    from server.operations.backup import back_up  # noqa: PLC0415

    with ExitStack() as stack:
        made = back_up(folder, data_dir, lambda rows: _bar(stack, rows, "copying the database"))
    facts = made.manifest
    click.echo(f"{made.folder}: {sum(facts.rows.values())} rows, {sum(facts.waiting.values())} waiting requests")
    click.echo(f"accepting events was held up for {made.held_seconds * 1000:.0f} ms")
    if keys := [name for name in facts.master_keys if name != "local"]:
        click.echo(f"not in it: the master keys {', '.join(keys)} of ADRAIL_MASTER_KEYS; keep them elsewhere", err=True)


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option(
    "--data-dir",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    help="Where to restore; empty or still to be made.",
)
def restore(folder: Path, data_dir: Path) -> None:
    """Restore the backup in FOLDER into an empty data directory and compare every count with the original.

    Do not run original and copy at the same time: both would send what waits to the platforms.

    \b
    Example:
      adrail restore /backups/adrail-monday --data-dir ./restored
      adrail up --data-dir ./restored
    """
    from server.operations.restore import restore as run  # noqa: PLC0415

    with ExitStack() as stack:
        made = run(folder, data_dir, lambda rows: _bar(stack, rows, "restoring the database"))
    click.echo(f"{data_dir}: {sum(made.rows.values())} rows as of {made.made_at}, nothing missing")
    click.echo(f"Start it with: adrail up --data-dir {data_dir}")


@click.command()
@click.option(
    "--data-dir",
    type=click.Path(path_type=Path, file_okay=False),
    default=None,
    help="Data directory of `adrail up`, when it is not the usual one.",
)
def env(data_dir: Path | None) -> None:
    """Print the settings of a running `adrail up` for a shell: addresses, logins and keys, all of them secret.

    \b
    Example:
      adrail env --data-dir ./data
      eval "$(adrail env)"
      adrail tenant create rampa --name Rampa --currency EUR --origin https://rampa.example
    """
    from server.operations.installation import running_settings  # noqa: PLC0415

    for name, value in running_settings(data_dir).items():
        click.echo(f"export {name}={shlex.quote(value)}")


def _bar(stack: ExitStack, rows: int, label: str) -> Callable[[int], None]:
    return stack.enter_context(click.progressbar(length=rows, label=label)).update


def adopt(data_dir: Path | None) -> None:
    """Take the settings of a data directory for this process; logging becomes quiet."""
    from core.observability.logging import configure_logging  # noqa: PLC0415
    from server.operations.installation import adopt_settings  # noqa: PLC0415

    adopt_settings(data_dir)
    configure_logging("ERROR", "console")


COMMANDS = (doctor, keys, backup, restore, env)
