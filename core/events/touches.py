"""Where a visit came from: its first touch, and its last one, whatever order its events are stored in.

A touch is what an event says about an arrival: campaign (utm), click ids, the page before, when that is another's.
``channel`` says by which kind of channel that was (see `core.events.channels`); without one, nobody said.
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

from core.events.channels import channel_of
from core.events.rows import EventRow

PARTS = ("utm", "click_ids", "referrer")
CHANNEL = "channel"

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
    {_latest("utm")}, {_latest("referrer")}, {_latest(CHANNEL)}, {_both("click_ids")},
    'seen', jsonb_build_object({", ".join(map(_seen, (*PARTS, CHANNEL)))}))) END
"""
"""Both are expressions of an upsert into ``tx_sessions AS s``; times are texts of one form, so they sort as texts."""


def touches(events: Iterable[EventRow]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return first and last touch of events in the order of their time; both empty when none says anything."""
    spoken = [(event, touch) for event in events if (touch := _touch(event.context))]
    if not spoken:
        return {}, {}
    last: dict[str, Any] = {}
    seen: dict[str, datetime] = {}
    ids: dict[str, Any] = {}
    for event, touch in spoken:
        last.update(touch)
        ids.update(touch.get("click_ids", ()))
        for name in touch:
            seen[name] = event.occurred_at
    if ids:
        last["click_ids"] = ids
    for event, touch in reversed(spoken):
        if channel := _channel(touch):
            last[CHANNEL], seen[CHANNEL] = channel, event.occurred_at
            break
    last["seen"] = {name: _moment(time) for name, time in seen.items()}
    return _first(*spoken[0]), last


def _channel(touch: dict[str, Any]) -> str | None:
    return channel_of(touch.get("utm", {}), touch.get("click_ids", ()), _host(touch.get("referrer")))


def _first(event: EventRow, touch: dict[str, Any]) -> dict[str, Any]:
    landing = event.context.get("page", {}).get("url")
    said = {**touch, CHANNEL: _channel(touch), "landing_page": landing, "at": _moment(event.occurred_at)}
    return {name: value for name, value in said.items() if value}


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
