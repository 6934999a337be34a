"""What changed, in words: after saving, and in the history of a code."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as later

from core.accounts.api import Actor
from core.codes.api import ChangeView, CodeView, FieldChange, FieldSpec
from webui import formats, words
from webui.codes.form import current_value

OWN_LABELS = {
    "enabled": later("State"),
    "conversion_events": later("What is reported"),
    "consent_purpose": later("Consent it needs"),
    "custom_params": later("Own parameters"),
    "connection_id": later("Server connection"),
}
# Shown under other names or told by the action itself.
SILENT = {"provider", "organizer_id", "live_event_id"}
MAX_SHOWN = 60
ACTIONS = {
    "created": later("Added"),
    "updated": later("Changed"),
    "deleted": later("Deleted"),
    "restored": later("Brought back"),
}


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """One change: what, who, when; ``undoable`` unless it was the creation."""

    id: int
    what: str
    details: tuple[str, ...]
    who: str
    at: datetime
    undoable: bool


def saved(before: CodeView, after: CodeView, specs: Iterable[FieldSpec], *, new_secret: bool) -> str:
    """Return what a save changed, as one line."""
    parts = []
    if before.enabled != after.enabled:
        parts.append(_("switched on") if after.enabled else _("switched off"))
    for spec in specs:
        if spec.kind == "secret":
            continue
        was, now = (current_value(spec, code) for code in (before, after))
        if was != now:
            parts.append(f"{words.translated(spec.label)}: {shown(spec.name, was)} → {shown(spec.name, now)}")
    if new_secret:
        parts.append(_("new token stored"))
    return "; ".join(parts)


def shown(name: str, value: Any) -> str:
    """Return a setting's value in words."""
    if name in _SHOWN:
        return _SHOWN[name](value)
    if isinstance(value, bool):
        return _("on") if value else _("off")
    if value in (None, "", [], (), {}):
        return _("empty")
    text = ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else formats.public_id(str(value))
    return text if len(text) <= MAX_SHOWN else f"{text[: MAX_SHOWN - 1]}…"


_SHOWN: Mapping[str, Callable[[Any], str]] = {
    "conversion_events": lambda value: words.events(value or ()),
    "consent_purpose": lambda value: words.purpose(str(value)) if value else _("default"),
    "connection_id": lambda value: _("connected") if value else _("none"),
}


def lines(changes: Iterable[ChangeView], specs: Iterable[FieldSpec], reader: Actor) -> list[HistoryLine]:
    """Return the history of a code for a page."""
    known = {spec.name: spec for spec in specs}
    # The public id is stored under its own column, whatever the platform calls it.
    named = {"public_id" if spec.public_id else name: spec for name, spec in known.items()}
    return [_line(change, named, reader) for change in changes]


def _line(change: ChangeView, specs: Mapping[str, FieldSpec], reader: Actor) -> HistoryLine:
    # A code that comes out of nothing or goes there is told by the action; its values are beside it on the page.
    whole = any(item.field == "provider" for item in change.changes)
    details = [_detail(item, specs) for item in change.changes]
    return HistoryLine(
        id=change.id,
        what=str(ACTIONS.get(change.action, words.plain(change.action))),
        details=() if whole else tuple(filter(None, details)),
        who=_who(change.actor, reader),
        at=change.at,
        undoable=change.action != "created",
    )


def _detail(item: FieldChange, specs: Mapping[str, FieldSpec]) -> str:
    name, spec = item.field, specs.get(item.field)
    if name in SILENT:
        return ""
    if name == "secrets_set":
        return _("New token stored") if item.after else ""
    label = words.translated(spec.label) if spec else str(OWN_LABELS.get(name, words.plain(name)))
    default = spec.default if spec else None
    was, now = (default if value is None else value for value in (item.before, item.after))
    return f"{label}: {shown(name, was)} → {shown(name, now)}"


def _who(label: str, reader: Actor) -> str:
    if label == reader.label:
        return _("you")
    kind = label.partition(":")[0]
    return {"user": _("a colleague"), "key": _("an API key"), "system": "adrail"}.get(kind, _("someone"))
