"""Words for refused events, for what became of live ones, and for fields of events of one's own."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as later

from tracking.live.watching import LiveEvent
from tracking.rejected.repairs import Repair
from webui.words import State, plain

CODES: Mapping[str, str] = {
    "schema": later("Fields are wrong"),
    "unknown_event": later("No event has this name"),
    "unknown_version": later("Unknown version"),
    "too_old": later("It came too late"),
    "too_new": later("From the future"),
    "untrusted": later("Only a backend may send this"),
    "wrong_tenant": later("Key of another marketplace"),
    "wrong_site": later("Key of another site"),
    "wrong_source": later("Key for another source"),
    "wrong_live_event": later("Key of another live event"),
    "wrong_gate": later("Key of another gate"),
    "wrong_device": later("Key of another device"),
    "not_storable": later("Could not be stored"),
}
STATES: Mapping[str, str] = {
    "open": later("Waiting"),
    "replayed": later("Taken after all"),
    "blocked": later("Visitor did not agree"),
    "discarded": later("Put away"),
}
OUTCOMES: Mapping[str, State] = {
    "accepted": State(later("Accepted"), "good"),
    "rejected": State(later("Refused"), "bad"),
    "blocked_by_consent": State(later("No consent"), "wait"),
}
TYPES: Mapping[str, str] = {
    "text": later("Text"),
    "integer": later("Whole number"),
    "number": later("Number"),
    "boolean": later("Yes or no"),
    "money": later("Amount of money"),
    "currency": later("Currency"),
    "moment": later("Date and time"),
    "choice": later("One of a list"),
    "texts": later("Several texts"),
}
SOURCES: Mapping[str, str] = {
    "web": later("Web pages"),
    "mobile": later("Apps"),
    "backend": later("The backend"),
    "scanner": later("Scanners"),
    "shop": later("The shop"),
    "wallet": later("Wallets"),
}
SCOPES: Mapping[str, str] = {"analytics": later("Statistics"), "marketing": later("Marketing")}


def code(name: str) -> str:
    """Return why an event was refused, in a few words."""
    return str(CODES.get(name, plain(name)))


def outcome(item: LiveEvent) -> State:
    """Return the word for what became of a live event at the collector."""
    return OUTCOMES.get(item.outcome, State(plain(item.outcome), "calm"))


def afterwards(item: LiveEvent) -> str:
    """Return what happened to a live event behind the collector."""
    if item.outcome != "accepted":
        return ""
    if item.stored is None:
        return _("Not stored: it has no usable id")
    if not item.stored:
        return _("Waiting to be stored")
    return "" if item.destinations else _("Stored. No platform asked for it.")


def repair(item: Repair) -> str:
    """Return what a repair does."""
    place, value = item.path, json.dumps(item.value, ensure_ascii=False)
    match item.operation:
        case "drop":
            return _("Leave %(place)s out", place=place)
        case "set" if place == "/event_name":
            return _("Call the event %(value)s", value=item.value)
        case "set":
            return _("Set %(place)s to %(value)s", place=place, value=value)
        case "convert":
            return _("Turn %(place)s into: %(kind)s", place=place, kind=TYPES.get(str(item.value), item.value))
        case "move":
            return _("Move %(place)s to %(value)s", place=place, value=item.value)
    return _("Use the time at which it arrived")


def as_form(item: Repair) -> dict[str, str]:
    """Return the hidden fields that a button sends for a repair."""
    value = "" if item.value is None else json.dumps(item.value, ensure_ascii=False)
    return {
        "op": item.operation,
        "path": item.path,
        "value": value if item.operation == "set" else str(item.value or ""),
    }


def pretty(value: Any) -> str:
    """Return a value as indented JSON."""
    return json.dumps(value, indent=2, ensure_ascii=False)
