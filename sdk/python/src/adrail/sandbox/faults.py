"""Faults waiting for a request: what was armed, for whom, how often."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

GENERIC_KINDS = ("http_500", "html_502", "slow", "reset", "timeout_after")
"""Faults of the transport, the same for every platform."""

ARM_FIELDS = frozenset({"platform", "kind", "count", "params", "match"})
LONGEST_WAIT = 300.0


class FaultError(ValueError):
    """A fault was described wrongly; the message says what is allowed."""


@dataclass(slots=True)
class ArmedFault:
    """One armed fault. ``remaining`` counts down to 0; None lasts until it is disarmed."""

    id: int
    platform: str
    kind: str
    remaining: int | None
    params: Mapping[str, Any]
    path_contains: str

    def as_item(self) -> dict[str, Any]:
        """Return what the list of armed faults shows."""
        return {
            "id": self.id,
            "platform": self.platform,
            "kind": self.kind,
            "remaining": self.remaining,
            "params": dict(self.params),
            "match": {"path_contains": self.path_contains},
        }


class FaultBook:
    """All armed faults, first armed first played."""

    def __init__(self, kinds: Mapping[str, tuple[str, ...]]) -> None:
        """``kinds`` names each platform's own faults."""
        self._kinds = {platform: (*GENERIC_KINDS, *own) for platform, own in kinds.items()}
        self._faults: list[ArmedFault] = []
        self._ids = itertools.count(1)
        self._lock = threading.Lock()

    def arm(self, wish: Any) -> ArmedFault:
        """Arm what a request body asks for; raises `FaultError`."""
        if not isinstance(wish, Mapping):
            raise FaultError("a fault is a JSON object with platform and kind")
        if unknown := sorted(set(wish) - ARM_FIELDS):
            raise FaultError(f"unknown field {unknown[0]!r}; known: {', '.join(sorted(ARM_FIELDS))}")
        platform, kind = self._target(wish)
        fault = ArmedFault(
            id=next(self._ids),
            platform=platform,
            kind=kind,
            remaining=_count(wish.get("count", 1)),
            params=_params(wish.get("params") or {}),
            path_contains=_path_contains(wish.get("match") or {}),
        )
        with self._lock:
            self._faults.append(fault)
        return fault

    def _target(self, wish: Mapping[str, Any]) -> tuple[str, str]:
        platform, kind = wish.get("platform"), wish.get("kind")
        if platform not in self._kinds:
            raise FaultError(f"unknown platform {platform!r}; served here: {', '.join(sorted(self._kinds))}")
        if kind not in self._kinds[platform]:
            raise FaultError(f"unknown kind {kind!r}; {platform} plays: {', '.join(self._kinds[platform])}")
        return str(platform), str(kind)

    def matching(self, platform: str, path: str) -> list[ArmedFault]:
        """Return the armed faults this request may meet, oldest first."""
        with self._lock:
            return [item for item in self._faults if item.platform == platform and item.path_contains in path]

    def consume(self, fault: ArmedFault) -> None:
        """Count one use down."""
        with self._lock:
            if fault.remaining is not None:
                fault.remaining -= 1
            self._faults = [item for item in self._faults if item.remaining != 0]

    def items(self) -> list[dict[str, Any]]:
        """List what is armed."""
        with self._lock:
            return [item.as_item() for item in self._faults]

    def clear(self) -> None:
        """Disarm everything."""
        with self._lock:
            self._faults.clear()


def seconds(params: Mapping[str, Any], default: float) -> float:
    """Return the wait a fault asks for."""
    return float(params.get("seconds", default))


def _count(value: Any) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise FaultError("count must be a whole number from 1, or null for «until disarmed»")
    return value


def _params(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise FaultError("params must be a JSON object")
    wait = value.get("seconds", 0)
    if isinstance(wait, bool) or not isinstance(wait, int | float) or not 0 <= wait <= LONGEST_WAIT:
        raise FaultError(f"params.seconds must be a number from 0 to {LONGEST_WAIT:g}")
    return dict(value)


def _path_contains(value: Any) -> str:
    if not isinstance(value, Mapping) or set(value) - {"path_contains"}:
        raise FaultError("match takes one field: path_contains")
    text = value.get("path_contains", "")
    if not isinstance(text, str):
        raise FaultError("match.path_contains must be text")
    return text
