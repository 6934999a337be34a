"""How long Meta wants us to stay away, read from its usage headers."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

DEFAULT_WAIT = 60.0


def seconds_to_wait(headers: Mapping[str, str]) -> float:
    """Return the pause a throttled caller keeps, in seconds; header names may have any case.

    ``x-business-use-case-usage`` states minutes until access is regained; ``Retry-After`` states seconds. Where neither
    does, the usage of a rolling hour ages by a sixtieth a minute, so a minute is enough to be worth trying.
    """
    lower = {name.lower(): value for name, value in headers.items()}
    retry_after = lower.get("retry-after", "")
    stated = [float(retry_after)] if retry_after.isdecimal() else []
    for entry in _entries(lower.get("x-business-use-case-usage", "")):
        minutes = entry.get("estimated_time_to_regain_access")
        if isinstance(minutes, int | float):
            stated.append(60.0 * minutes)
    return max(stated, default=0.0) or DEFAULT_WAIT


def _entries(header: str) -> Iterator[Mapping[str, Any]]:
    try:
        usage = json.loads(header) if header else {}
    except ValueError:
        return
    for value in usage.values() if isinstance(usage, dict) else ():
        for entry in value if isinstance(value, list) else [value]:
            if isinstance(entry, dict):
                yield entry
