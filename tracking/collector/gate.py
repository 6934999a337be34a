"""What a scanner key may send: events of its own live event, gate and device; what is left out is filled in."""

from __future__ import annotations

from typing import Any, Protocol

from core.accounts.api import ScannerBinding
from tracking.registry.check import Verdict, refusal

SOURCE = "scanner"
BINDING = "scanner"
"""Flag of refused events that keeps the place which their key is bound to."""
OUT_OF_PLACE = frozenset({"wrong_live_event", "wrong_gate", "wrong_device"})
"""Codes of events that belong to another place than their key's."""
MINE = "this key is bound to {bound!r}; leave the field out to take it from the key"


class Sent(Protocol):
    """What is known of the sender."""

    @property
    def trusted(self) -> bool:
        """Whether a server key vouches for what is sent."""

    @property
    def scanner(self) -> ScannerBinding | None:
        """The place that a scanner key is bound to."""


def misplaced(event: Any, sender: Sent) -> Verdict | None:
    """Return the refusal of an event that this key may not send; writes the key's own place into one that it may.

    The fields are ``entities.event_entity_id``, ``payload.gate_id``, ``payload.device_id`` and ``context.device.id``.
    """
    if not isinstance(event, dict):
        return None
    source = event.get("source_system")
    if sender.scanner is None:
        if source == SOURCE and not sender.trusted:
            message = "what happens at a gate is sent with a scanner key or a server key"
            return refusal("wrong_source", "/source_system", "owner", message, source)
        return None
    if source != SOURCE:
        return refusal("wrong_source", "/source_system", "owner", f"a scanner key sends {SOURCE!r} only", source)
    return _bind(event, sender.scanner)


def _bind(event: dict[str, Any], bound: ScannerBinding) -> Verdict | None:
    device = ("context", "device")
    return (
        _hold(event, ("entities",), "event_entity_id", bound.live_event, "wrong_live_event")
        or _hold(event, ("payload",), "gate_id", bound.gate, "wrong_gate")
        or _hold(event, ("payload",), "device_id", bound.device, "wrong_device")
        or _hold(event, device, "id", bound.device, "wrong_device")
    )


def _hold(event: dict[str, Any], path: tuple[str, ...], name: str, bound: str, code: str) -> Verdict | None:
    """Refuse another value than the bound one, and set a missing one; what has no place for it is the schema's case."""
    place: Any = event
    for part in path:
        place = place.setdefault(part, {}) if isinstance(place, dict) else None
    if not isinstance(place, dict):
        return None
    found = place.setdefault(name, bound)
    if found == bound:
        return None
    return refusal(code, "".join(f"/{part}" for part in (*path, name)), "owner", MINE.format(bound=bound), found)
