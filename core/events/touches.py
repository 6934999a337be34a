"""Where a visit came from: its first touch, and its last one, whatever order its events are stored in.

A touch is what an event says about an arrival: campaign (utm), click ids, the page before, when that is another's.
The **first touch** is that of the earliest event that says anything, as it stood, with landing page and time.
The **last touch** holds the latest campaign, every click id (each platform asks for its own) and the latest referrer,
each for itself: somebody who comes back by a plain link still came by the campaign. ``seen`` tells when each was said.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from core.events.writer import EventRow

PARTS = ("utm", "click_ids", "referrer")

FIRST = """
  CASE WHEN s.first_touch = '{}' THEN excluded.first_touch
       WHEN excluded.first_touch->>'at' COLLATE "C" < coalesce(s.first_touch->>'at', 'z') COLLATE "C"
       THEN excluded.first_touch ELSE s.first_touch END
"""


def _later(part: str) -> str:
    new, old = (f"{side}.last_touch->'seen'->>'{part}'" for side in ("excluded", "s"))
    return f"""excluded.last_touch->'{part}' IS NOT NULL AND {new} COLLATE "C" >= coalesce({old}, '') COLLATE "C" """


def _latest(part: str) -> str:
    new, old = f"excluded.last_touch->'{part}'", f"s.last_touch->'{part}'"
    return f"'{part}', CASE WHEN {_later(part)} THEN {new} ELSE {old} END"


def _both(part: str) -> str:
    new, old = (f"coalesce({side}.last_touch->'{part}', '{{}}')" for side in ("excluded", "s"))
    return f"'{part}', nullif(CASE WHEN {_later(part)} THEN {old} || {new} ELSE {new} || {old} END, '{{}}')"


def _seen(part: str) -> str:
    new, old = (f"{side}.last_touch->'seen'->>'{part}' COLLATE \"C\"" for side in ("excluded", "s"))
    return f"'{part}', greatest({new}, {old})"


LAST = f"""
  CASE WHEN excluded.last_touch = '{{}}' THEN s.last_touch ELSE jsonb_strip_nulls(jsonb_build_object(
    {_latest("utm")}, {_latest("referrer")}, {_both("click_ids")},
    'seen', jsonb_build_object({", ".join(map(_seen, PARTS))}))) END
"""
"""Both are expressions of an upsert into ``tx_sessions AS s``; times are texts of one form, so they sort as texts."""


def first_touch(events: Sequence[EventRow]) -> dict[str, Any]:
    """Return the first touch of events in the order of their time; empty when none says anything."""
    for event in events:
        if touch := _touch(event):
            landing = event.context.get("page", {}).get("url")
            return {**touch, **({"landing_page": landing} if landing else {}), "at": _moment(event.occurred_at)}
    return {}


def last_touch(events: Sequence[EventRow]) -> dict[str, Any]:
    """Return the last touch of events in the order of their time; empty when none says anything."""
    found: dict[str, Any] = {}
    seen: dict[str, str] = {}
    for event in events:
        touch = _touch(event)
        ids = {**found.get("click_ids", {}), **touch.get("click_ids", {})}
        found.update(touch, **({"click_ids": ids} if ids else {}))
        seen.update(dict.fromkeys(touch, _moment(event.occurred_at)))
    return {**found, "seen": seen} if found else {}


def _touch(event: EventRow) -> dict[str, Any]:
    said = {name: event.context.get(name) for name in PARTS}
    if _host(said["referrer"]) == _host(event.context.get("page", {}).get("url")):
        del said["referrer"]
    return {name: value for name, value in said.items() if value}


def _host(url: str | None) -> str:
    try:
        return (urlsplit(url or "").hostname or "").removeprefix("www.")
    except ValueError:
        return ""


def _moment(time: datetime) -> str:
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
