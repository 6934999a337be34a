"""Deterministic event ids, so that browser pixel and server agree without talking."""

from __future__ import annotations

import uuid


def order_event_id(
    namespace: uuid.UUID, order: str, event_name: str, organizer: str | None = None, transition: str | None = None
) -> uuid.UUID:
    """uuid5 of ``order|event|organiser or *``, plus ``|transition`` for what can happen more than once."""
    name = f"{order}|{event_name}|{organizer or '*'}"
    return uuid.uuid5(namespace, f"{name}|{transition}" if transition else name)
