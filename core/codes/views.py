"""What others see of tracking codes: no secret, masked or not, is ever part of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.codes.resolver import Level


@dataclass(frozen=True, slots=True)
class CodeView:
    """A tracking code with the names lists show and the state of its connection.

    ``settings`` are the plugin's non-secret settings with the public id under its own field name. ``organizer_id`` and
    ``live_event_id`` are primary keys, the ``…_external_id`` beside them what the wire shows.
    """

    id: int
    provider: str
    public_id: str
    enabled: bool
    level: Level
    organizer_id: int | None
    organizer_external_id: str | None
    organizer_name: str | None
    live_event_id: int | None
    live_event_external_id: str | None
    live_event_title: str | None
    settings: dict[str, Any]
    conversion_events: tuple[str, ...]
    purpose: str
    custom_params: dict[str, str | int | bool]
    has_server: bool
    connection_id: int | None
    secret_set_at: datetime | None
    connection_state: str | None
    connection_reason: str | None
    last_browser_hit_at: datetime | None
    created_at: datetime
    updated_at: datetime
    version: int


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field that a change touched; None stands for «not there»."""

    field: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class ChangeView:
    """One entry of a code's history; ``action`` is ``created``, ``updated``, ``deleted`` or ``restored``."""

    id: int
    code_id: int
    at: datetime
    actor: str
    action: str
    changes: tuple[FieldChange, ...]


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """What the platform said to a test, in plain words; ``kind`` is ``test_event``, ``health`` or ``none``."""

    ok: bool
    kind: str
    summary: str
    remedy: str = ""
    platform_code: str = ""
    reference: str = ""
