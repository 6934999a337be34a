"""The command for refused events: what was refused and why, repairing it, and taking it after all."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from server.cli.operations import adopt, data_dir_option
from server.cli.printing import one_line, plain

if TYPE_CHECKING:
    from core.accounts.api import Actor
    from tracking.rejected.dead import DeadEntry
    from tracking.rejected.reading import RejectView
    from tracking.rejected.repairs import Repair

SHORT_KEY = 12


@click.command()
@click.option("--tenant", required=True, help="Slug of the marketplace.")
@click.option("--group", default=None, help="Only this group; the first characters of its key are enough.")
@click.option("--id", "ids", type=int, multiple=True, help="Only the refused event with this number.")
@click.option("--name", default=None, help="Only events of this name.")
@click.option("--code", default=None, help="Only those refused with this code, such as schema.")
@click.option("--replay", is_flag=True, help="Repair them as told below, check them again, and take them.")
@click.option("--drop", multiple=True, metavar="PATH", help="Repair: leave a field out, such as /payload/note.")
@click.option("--set", "assign", multiple=True, metavar="PATH=JSON", help="Repair: give a field a value.")
@click.option("--move", multiple=True, metavar="PATH=PATH", help="Repair: give a field another name or place.")
@click.option("--convert", multiple=True, metavar="PATH=KIND", help="Repair: to text, number, integer or boolean.")
@click.option("--rename-event", metavar="NAME", default=None, help="Repair: give the events another name.")
@click.option(
    "--event",
    "edited",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    default=None,
    help="With one --id and --replay: a file with the whole event as it should be.",
)
@click.option("--discard", is_flag=True, help="Put them away instead.")
@click.option("--dry-run", is_flag=True, help="With --replay: say what would happen.")
@click.option("--set-aside", is_flag=True, help="Instead: requests that could not be stored; --replay puts them back.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, one document a line.")
@data_dir_option
def rejected(data_dir: Path | None, tenant: str, *, as_json: bool, set_aside: bool, **options: Any) -> None:
    """List refused events in groups, show one with --id, or repair and take them with --replay.

    A `*` in a path stands for every entry of a list. Replayed events keep the time at which they came and are stored
    exactly once. Personal data is hidden; in a file for --event it may stay hidden, it is put back.

    \b
    Example:
      adrail events rejected --tenant scena
      adrail events rejected --tenant scena --id 12
      adrail events rejected --tenant scena --group 3f2a9c --replay --convert '/payload/items/*/price=text'
      adrail events rejected --tenant scena --name page_wiew --replay --rename-event page_view --dry-run
      adrail events rejected --tenant scena --set-aside --replay
    """
    adopt(data_dir)
    from core.accounts.api import Actor, tenant_with_slug  # noqa: PLC0415

    actor = Actor.system(tenant_with_slug(tenant), "cli")
    if set_aside:
        _set_aside(actor, replay=options["replay"], as_json=as_json)
    elif options["replay"] or options["discard"]:
        _change(actor, as_json=as_json, **options)
    elif options["ids"]:
        for number in options["ids"]:
            _show(actor, number, as_json=as_json)
    else:
        _list(actor, options["group"], options["name"], options["code"], as_json=as_json)


def _list(actor: Actor, group: str | None, name: str | None, code: str | None, *, as_json: bool) -> None:
    total = 0
    for item in _groups(actor, group, name, code):
        total += item.events
        if as_json:
            facts = {"key": item.key, "code": item.code, "event_name": item.event_name, "events": item.events}
            click.echo(json.dumps({**facts, "last_at": item.last_at.isoformat(), "problems": item.problems}))
            continue
        name_shown = one_line(item.event_name or "(no usable name)")
        head = f"{item.key[:SHORT_KEY]} {item.events:>7} × {name_shown}: {item.code}"
        click.echo(f"{head}, last {item.last_at:%Y-%m-%d %H:%M} UTC, see --id {item.newest_id}")
        for problem in item.problems[:5]:
            click.echo(f"{'':<13}{_told(problem)}")
    if not as_json:
        click.echo(f"{total} refused events wait" if total else "No refused event waits.")


def _told(problem: Mapping[str, Any]) -> str:
    return one_line(f"{problem['pointer'] or '/'} ({problem['rule']}): {problem['message']}")


def _groups(actor: Actor, key: str | None, name: str | None, code: str | None) -> Iterator[Any]:
    from core.events.api import RejectFilter  # noqa: PLC0415
    from tracking.rejected.service import groups  # noqa: PLC0415

    cursor = None
    while True:
        page = groups(actor, RejectFilter(event_name=name, code=code), limit=200, cursor=cursor)
        yield from (item for item in page.items if key is None or item.key.startswith(key))
        cursor = page.next_cursor
        if cursor is None:
            return


def _show(actor: Actor, number: int, *, as_json: bool) -> None:
    from tracking.rejected.service import show  # noqa: PLC0415

    view = show(actor, number)
    if as_json:
        click.echo(json.dumps({"id": number, "code": view.row.code, "event": view.event, "problems": _problems(view)}))
        return
    row = view.row
    sender = "a backend" if row.trusted else f"site {row.site_id}" if row.site_id else "a scanner"
    click.echo(
        f"refused event {row.id}: {row.code}, from {sender}, {row.received_at:%Y-%m-%d %H:%M:%S} UTC, {row.state}"
    )
    for problem in view.problems:
        found = "nothing is there" if problem.found is None else f"found {problem.found}"
        what = one_line(f"{problem.pointer or '/'} ({problem.rule}): {problem.message}; {found}")
        click.echo(f"  {what}\n    → {problem.remedy}")
        for repair in problem.repairs:
            click.echo(f"      {one_line(_option(repair))}")
    if not view.problems:
        click.echo("  Nothing is wrong with it by today's rules: --replay takes it.")
    click.echo(plain(json.dumps(view.event, indent=2, ensure_ascii=False)))


def _problems(view: RejectView) -> list[dict[str, Any]]:
    names = ("pointer", "rule", "message", "found", "remedy")
    return [{name: getattr(item, name) for name in names} for item in view.problems]


def _option(repair: Repair) -> str:
    value = json.dumps(repair.value) if repair.operation == "set" else repair.value
    text = repair.path if value is None else f"{repair.path}={value}"
    # Somebody copies this into a shell, and a sender chose the field's name.
    quoted = text.replace("'", "'\\''")
    return f"--{repair.operation} '{quoted}'"


def _repairs(drop: tuple[str, ...], rename_event: str | None, **paired: tuple[str, ...]) -> list[Repair]:
    from tracking.rejected.repairs import read_repairs  # noqa: PLC0415

    items: list[dict[str, Any]] = [{"op": "drop", "path": path} for path in drop]
    for operation, texts in paired.items():
        for text in texts:
            path, sep, value = text.partition("=")
            if not sep:
                raise click.UsageError(f"--{operation} needs PATH=VALUE, not {text!r}")
            items.append({"op": operation, "path": path, "value": _value(value) if operation == "set" else value})
    if rename_event:
        items.append({"op": "set", "path": "/event_name", "value": rename_event})
    return read_repairs(items)


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text  # a word needs no quotes


def _change(
    actor: Actor,
    *,
    as_json: bool,
    group: str | None,
    ids: tuple[int, ...],
    name: str | None,
    code: str | None,
    replay: bool,
    discard: bool,
    edited: Path | None,
    dry_run: bool,
    drop: tuple[str, ...],
    assign: tuple[str, ...],
    move: tuple[str, ...],
    convert: tuple[str, ...],
    rename_event: str | None,
) -> None:
    if not (group or ids or name or code):
        raise click.UsageError("say which events: --group, --id, --name or --code")
    if discard and replay:
        raise click.UsageError("either --replay or --discard")
    keys = [] if ids else [(item.key, item.events) for item in _groups(actor, group, name, code)]
    if group and len(keys) > 1:
        shown = ", ".join(key[: max(SHORT_KEY, len(group) + 4)] for key, _ in keys[:5])
        raise click.UsageError(f"{len(keys)} groups begin with {group!r}, among them {shown}: give more of the key")
    if edited:
        _replay_edited(actor, ids, edited)
    elif discard:
        click.echo(f"{_discard(actor, ids, [key for key, _ in keys])} events put away")
    else:
        repairs = _repairs(drop, rename_event, set=assign, move=move, convert=convert)
        _replay(actor, repairs, ids, keys, dry_run=dry_run, as_json=as_json)


def _replay_edited(actor: Actor, ids: tuple[int, ...], file: Path) -> None:
    from tracking.rejected.replaying import replay_edited  # noqa: PLC0415

    if len(ids) != 1:
        raise click.UsageError("--event needs exactly one --id")
    try:
        event = json.loads(file.read_text("utf-8"))
    except ValueError as exc:
        raise click.ClickException(f"{file} is no JSON: {exc}") from None
    done = replay_edited(actor, ids[0], event)
    click.echo("taken" if done.replayed else "not stored: its visitor did not agree")


def _discard(actor: Actor, ids: tuple[int, ...], keys: list[str]) -> int:
    from tracking.rejected.replaying import MOST, discard  # noqa: PLC0415

    total = discard(actor, ids=list(ids)) if ids else 0
    for key in keys:
        count = MOST
        while count == MOST:
            count = discard(actor, group=key)
            total += count
    return total


def _replay(
    actor: Actor,
    repairs: list[Repair],
    ids: tuple[int, ...],
    keys: list[tuple[str, int]],
    *,
    dry_run: bool,
    as_json: bool,
) -> None:
    from tracking.rejected.replaying import Replayed, replay_repaired  # noqa: PLC0415

    total, chosen = Replayed(), [{"ids": list(ids)}] if ids else [{"group": key} for key, _ in keys]
    length = len(ids) or sum(count for _, count in keys)
    with click.progressbar(length=length, label="replaying") as bar:
        for which in chosen:
            after, handled = 0, 1
            while handled:
                done = replay_repaired(actor, repairs, **which, after=after, dry_run=dry_run)
                handled, after = done.replayed + done.refused + done.blocked, done.last_id
                total.replayed, total.refused = total.replayed + done.replayed, total.refused + done.refused
                total.blocked += done.blocked
                total.problems = total.problems or done.problems
                bar.update(handled)
    if as_json:
        click.echo(json.dumps({"replayed": total.replayed, "refused": total.refused, "blocked": total.blocked}))
        return
    would = "would be " if dry_run else ""
    click.echo(f"{total.replayed} {would}taken, {total.refused} {would}refused again, {total.blocked} without consent")
    for problem in total.problems[:5]:
        click.echo(f"  {_told(problem)}")


def _set_aside(actor: Actor, *, replay: bool, as_json: bool) -> None:
    from tracking.rejected.dead import put_back  # noqa: PLC0415

    found = False
    for entry in _dead(actor):
        found = True
        if replay and entry.readable:
            put_back(actor, entry.id)
        if as_json:
            facts = {"id": entry.id, "reason": entry.reason, "events": entry.names, "readable": entry.readable}
            click.echo(json.dumps(facts))
        else:
            names = ", ".join(f"{count} × {name}" for name, count in sorted(entry.names.items())) or "cannot be read"
            state = "put back" if replay and entry.readable else "set aside"
            what = one_line(f"{state}: {entry.reason}  ({names})")
            click.echo(f"{entry.id}  {entry.set_aside_at:%Y-%m-%d %H:%M:%S} UTC  {what}")
    if not found:
        click.echo("Nothing was set aside.")


def _dead(actor: Actor) -> Iterator[DeadEntry]:
    from tracking.rejected.dead import dead_entries  # noqa: PLC0415

    cursor = None
    while True:
        page = dead_entries(actor, limit=200, cursor=cursor)
        yield from page.items
        cursor = page.next_cursor
        if cursor is None:
            return
