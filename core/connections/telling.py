"""Telling the people who look after a connection that it stopped, and, once that is proven, that it works again."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy.orm import Session

from core.accounts.api import get_organizer, tenant_view
from core.config import settings
from core.connections.models import Connection
from core.notifications.api import Audience, Kind, last_kind, notify, take_back
from core.registry import UnknownPlatformError, registry

STOPPED: Kind = "connection_stopped"
WORKING: Kind = "connection_working"
CERTAIN_AFTER = timedelta(seconds=30)
"""Good news waits so long for a refusal after all: «works again» right before «stopped» helps nobody."""


def tell_stopped(session: Session, row: Connection, active_for: timedelta) -> None:
    """Write the mails about dead credentials; those refused right after a reconnect are the same old news."""
    doubted = take_back(session, WORKING, _topic(row.id)) > 0
    if not doubted and not (active_for < CERTAIN_AFTER and waits_for_good_news(session, row.id)):
        _notify(session, row, STOPPED, timedelta(0))


def tell_working(session: Session, row: Connection) -> None:
    """Write the good news, to people who heard the bad; call it once the platform has taken the credentials."""
    if waits_for_good_news(session, row.id):
        _notify(session, row, WORKING, CERTAIN_AFTER)


def waits_for_good_news(session: Session, connection_id: int) -> bool:
    """Whether the last that people heard of a connection is that it stopped."""
    return last_kind(session, _topic(connection_id)) == STOPPED


def _notify(session: Session, row: Connection, kind: Kind, delay: timedelta) -> None:
    data = _facts(row)
    occasion = row.state_since.isoformat()
    notify(
        session,
        row.tenant_id,
        kind,
        Audience(row.organizer_id),
        data,
        topic=_topic(row.id),
        occasion=occasion,
        delay=delay,
    )


def _topic(connection_id: int) -> str:
    return f"connection:{connection_id}"


def _facts(row: Connection) -> dict[str, str]:
    tenant = tenant_view(row.tenant_id)
    owner = tenant.name if row.organizer_id is None else get_organizer(tenant.id, organizer_id=row.organizer_id).name
    name, explained = _platform(row)
    return {
        "platform": name,
        "account": row.account_id,
        "owner": owner,
        "marketplace": tenant.name,
        "since": row.state_since.isoformat(),
        "zone": tenant.time_zone,
        # Only the plugin's own words: what a platform answered might hold anything.
        "reason": explained,
        "link": f"{settings().base_url}/connections/{row.id}",
    }


def _platform(row: Connection) -> tuple[str, str]:
    try:
        platform = registry().get(row.provider)
    except UnknownPlatformError:
        return row.provider, ""
    return platform.display_name, "\n".join(platform.explain.get(row.state_code or "", ()))
