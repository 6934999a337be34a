"""What others see of a connection: never its secrets, except opened for sending."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from adrail import ConnectionRef, Credentials
from core.connections.models import Connection


@dataclass(frozen=True, slots=True)
class ConnectionView:
    """A platform account; ``state`` is ``active``, ``needs_reconnect`` or ``paused``, the reason in plain words."""

    id: int
    provider: str
    account_id: str
    organizer_id: int | None
    state: str
    state_reason: str | None
    state_code: str | None
    state_since: datetime
    secret_set_at: datetime
    resume_at: datetime | None
    version: int


@dataclass(frozen=True, slots=True)
class OpenConnection:
    """A connection with its secrets in memory; ``version`` tells which ones.

    ``resume_at``: the platform asked not to be called before then.
    """

    ref: ConnectionRef
    credentials: Credentials
    provider: str
    state: str
    resume_at: datetime | None
    version: int


def view_of(row: Connection) -> ConnectionView:
    """Make the view of a row."""
    return ConnectionView(
        id=row.id,
        provider=row.provider,
        account_id=row.account_id,
        organizer_id=row.organizer_id,
        state=row.state,
        state_reason=row.state_reason,
        state_code=row.state_code,
        state_since=row.state_since,
        secret_set_at=row.secret_set_at,
        resume_at=row.resume_at,
        version=row.version,
    )
