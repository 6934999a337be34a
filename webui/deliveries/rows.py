"""How a delivery reads: what it was, its state and reason in words, its tries as a timeline."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from flask_babel import gettext as _

from core.delivery.api import AttemptView, DeliveryDetail, DeliveryView
from webui import formats, session, words
from webui.words import State


@dataclass(frozen=True, slots=True)
class Step:
    """One entry of the timeline, newest first."""

    word: str
    tone: str
    at: datetime
    text: str
    original: str


def subject(delivery: DeliveryView) -> str:
    """Return what a delivery is about: the order, else the live event."""
    return delivery.order_id or delivery.live_event_title or ""


def note(delivery: DeliveryView) -> str:
    """Return the short reason beside the state."""
    if delivery.state == "accepted":
        return ""
    if delivery.state == "pending":
        if delivery.connection_state == "needs_reconnect":
            return words.reason("needs_reconnect")
        if delivery.connection_state == "paused":
            return words.reason("connection_paused")
        if not delivery.reason:
            return _("On its way")
    return words.reason(delivery.reason)


def state(delivery: DeliveryView) -> State:
    """Return the word for a delivery's state; one that waits for a person says so."""
    if delivery.state == "pending" and delivery.connection_state == "needs_reconnect":
        return State(_("Waiting for you"), "wait")
    return words.delivery_state(delivery.state)


def timeline(detail: DeliveryDetail) -> list[Step]:
    """Return every try, newest first, down to when it happened."""
    steps = [_step(attempt) for attempt in detail.attempts]
    delivery = detail.delivery
    if delivery.state == "ignored" and not detail.attempts:
        steps.insert(0, Step(_("Not sent"), "calm", delivery.settled_at or delivery.received_at, note(delivery), ""))
    steps.append(Step(_("It happened"), "calm", delivery.occurred_at, words.event(delivery.canonical), ""))
    return steps


def _step(attempt: AttemptView) -> Step:
    known = words.outcome(attempt.outcome)
    facts = [
        _("code %(code)s", code=attempt.code) if attempt.code else "",
        attempt.message or "",
        attempt.reference or "",
    ]
    # Nobody was asked about an ignored one, however long deciding took.
    asked = attempt.duration_ms and attempt.outcome != "ignored"
    took = _("Answered after %(num)s ms", num=formats.number(attempt.duration_ms, session.locale())) if asked else ""
    original = " · ".join(filter(None, facts))
    return Step(str(known.word), known.tone, attempt.at, took, original)


def tickets(detail: DeliveryDetail) -> list[dict[str, Any]]:
    """Return the ticket lines; a look at a live event has none."""
    return [item for item in detail.items if item.get("id") and item["id"] != item.get("live_event_id")]


def flat(payload: dict[str, Any] | None) -> list[tuple[str, str]]:
    """Return a payload as rows of a table: the path of each value and the value as text."""
    return list(_walk(payload, "")) if payload else []


def _walk(value: Any, path: str) -> Iterable[tuple[str, str]]:
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from _walk(inner, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list) and value and any(isinstance(item, (dict, list)) for item in value):
        for position, inner in enumerate(value, start=1):
            yield from _walk(inner, f"{path} {position}")
    else:
        yield path, _text(value)


def _text(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return "" if value is None else str(value)


def pretty(payload: dict[str, Any] | None) -> str:
    """Return a payload as indented JSON."""
    return orjson.dumps(payload or {}, option=orjson.OPT_INDENT_2).decode()
