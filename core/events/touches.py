"""Where a visit came from: its first touch, and its last one, whatever order its events are stored in.

A touch is what an event says about an arrival: campaign (utm), click ids, the page before, when that is another's.
The **first touch** is that of the earliest event that says anything, as it stood, with landing page and time.
The **last touch** holds the latest campaign, every click id (each platform asks for its own) and the latest referrer,
each for itself: somebody who comes back by a plain link still came by the campaign. ``seen`` tells when each was said.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from core.events.rows import EventRow

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


def touches(events: Iterable[EventRow]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return first and last touch of events in the order of their time; both empty when none says anything."""
    first: dict[str, Any] = {}
    last: dict[str, Any] = {}
    seen: dict[str, datetime] = {}
    for event in events:
        touch = _touch(event.context)
        if not touch:
            continue
        if not first:
            first = _first(event, touch)
        ids = touch.get("click_ids")
        if ids:
            touch["click_ids"] = {**last.get("click_ids", {}), **ids}
        last.update(touch)
        for name in touch:
            seen[name] = event.occurred_at
    if last:
        last["seen"] = {name: _moment(time) for name, time in seen.items()}
    return first, last


def _first(event: EventRow, touch: dict[str, Any]) -> dict[str, Any]:
    landing = event.context.get("page", {}).get("url")
    return {**touch, **({"landing_page": landing} if landing else {}), "at": _moment(event.occurred_at)}


def _touch(context: dict[str, Any]) -> dict[str, Any]:
    said = {name: value for name in PARTS if (value := context.get(name))}
    if "referrer" in said and _host(said["referrer"]) == _host(context.get("page", {}).get("url")):
        del said["referrer"]
    return said


@functools.lru_cache(maxsize=2048)
def _host(url: str | None) -> str:
    try:
        return (urlsplit(url or "").hostname or "").removeprefix("www.")
    except ValueError:
        return ""


def _moment(time: datetime) -> str:
    return time.astimezone(UTC).isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"
