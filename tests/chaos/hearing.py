"""What the platforms heard and counted, read from what their emulators recorded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.chaos.rail import Rail
from tests.platform_records import received

Key = tuple[str, str]  # public id, the id the platform was told


@dataclass(slots=True)
class Heard:
    """One platform's side: each event's contents, how often it came, and how often too many were counted."""

    contents: dict[Key, set[str]] = field(default_factory=dict)
    copies: Counter[Key] = field(default_factory=Counter)
    recognisable: int = 0
    duplicates: int = 0
    distinct: set[Key] = field(default_factory=set)

    @property
    def repeats(self) -> int:
        """How many events came again."""
        return self.copies.total() - len(self.copies)

    @property
    def counted_twice(self) -> int:
        """How many events, of those the platform can tell apart, it has counted more than once."""
        return self.recognisable - self.duplicates - len(self.distinct)


def hear(rail: Rail, platform: str) -> Heard:
    """Read what a platform accepted since its last reset."""
    heard = Heard()
    for record in received(rail.platforms.url, platform):
        if record["method"] != "POST" or not record["verdict"].startswith("accepted"):
            continue
        for key, content, recognisable in _events(record):
            heard.contents.setdefault(key, set()).add(content)
            heard.copies[key] += 1
            if recognisable:
                heard.recognisable += 1
                heard.distinct.add(key)
        heard.duplicates += record["notes"].get("duplicates", 0)
    return heard


def _events(record: dict[str, Any]) -> Iterator[tuple[Key, str, bool]]:
    """(key, what was said, whether the platform knows repeats of it) for each of the two shapes platforms use."""
    body = record["body"]
    for event in body.get("data", ()):  # a list of events with ids, all of which are recognised
        said = event.get("custom_data", {})
        content = (event["event_name"], event["event_time"], said.get("value"), said.get("currency"))
        yield (record["path"].split("/")[-2], event["event_id"]), str(content), True
    for event in body.get("events", ()):  # an analytics stream, which recognises purchases only
        said = event["params"]
        content = (event["name"], body.get("timestamp_micros"), said.get("value"), said.get("currency"))
        yield (record["query"]["measurement_id"], said["event_id"]), str(content), "transaction_id" in said
