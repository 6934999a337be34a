"""A tenant's codes as resolver and delivery need them, remembered in this process while the configuration stands."""

from __future__ import annotations

import time
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from redis.exceptions import RedisError
from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from core.codes.generation import config_generation
from core.codes.models import TrackingCode
from core.codes.neighbours import ORGANIZERS
from core.codes.resolver import ResolvableCode
from core.codes.schema import plugin_values
from core.db.session import tenant_session
from core.registry import registry

MAX_AGE_SECONDS = 300.0
MAX_TENANTS = 500


@dataclass(slots=True)
class _Known:
    codes: list[ResolvableCode]
    generation: str | None
    loaded_at: float


_known: dict[int, _Known] = {}


def active_codes(tenant_id: int) -> list[ResolvableCode]:
    """Return all codes of a tenant, disabled ones too (they are opt-outs).

    Every call asks Valkey for the generation, once a batch: a purchase after the answer to a change goes where the
    change says.
    """
    known = _known.get(tenant_id)
    now = time.monotonic()
    generation = _generation(tenant_id)
    if known and generation is not None and generation == known.generation and now - known.loaded_at < MAX_AGE_SECONDS:
        return known.codes
    with tenant_session(tenant_id) as session:
        codes = resolvable_codes(session)
    if len(_known) >= MAX_TENANTS:
        _known.clear()
    _known[tenant_id] = _Known(codes, generation, now)
    return codes


def forget_codes() -> None:
    """Drop what this process remembers."""
    _known.clear()


def _generation(tenant_id: int) -> str | None:
    try:
        return config_generation(tenant_id)
    except RedisError:
        return None  # unknown: read the database again


def resolvable_codes(session: Session, organizer_ids: Collection[int] | None = None) -> list[ResolvableCode]:
    """Return the tenant's codes for the resolver; with ``organizer_ids`` only theirs and the marketplace's."""
    query = (
        select(TrackingCode, ORGANIZERS.c.external_id)
        .outerjoin(ORGANIZERS, ORGANIZERS.c.id == TrackingCode.organizer_id)
        .order_by(TrackingCode.id)
    )
    if organizer_ids is not None:
        own = TrackingCode.organizer_id.in_(organizer_ids)
        query = query.where(or_(TrackingCode.organizer_id.is_(None), own))
    return [_resolvable(row, organizer) for row, organizer in session.execute(query)]


def settings_for_sending(session: Session, code_ids: Collection[int]) -> dict[int, dict[str, Any]]:
    """Return the platform's own settings, without secrets, of those codes that exist and are switched on right now.

    Raises `UnknownPlatformError` when the platform of one is not installed.
    """
    query = select(TrackingCode).where(TrackingCode.id.in_(code_ids), TrackingCode.enabled)
    return {row.id: plugin_values(registry().get(row.provider), row.settings) for row in session.scalars(query)}


def _resolvable(code: TrackingCode, organizer_external_id: str | None) -> ResolvableCode:
    return ResolvableCode(
        id=code.id,
        provider=code.provider,
        public_id=code.public_id,
        enabled=code.enabled,
        organizer_id=code.organizer_id,
        live_event_id=code.live_event_id,
        connection_id=code.connection_id,
        purpose=code.purpose,
        conversion_events=code.conversion_events,
        organizer_external_id=organizer_external_id,
        settings=code.settings,
        custom_params=code.custom_params,
    )
