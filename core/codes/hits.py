"""When a code's pixel last fired in a browser, as the pixels themselves report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import DateTime, Text, column, or_, update, values
from sqlalchemy.orm import Session

from core.codes.models import TrackingCode

RESOLUTION = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class BrowserHit:
    """A pixel of a destination fired at ``at``."""

    provider: str
    public_id: str
    at: datetime


def note_browser_hits(session: Session, hits: Sequence[BrowserHit]) -> None:
    """Remember the newest hit of each destination in the session's tenant, to the minute, in one statement."""
    newest: dict[tuple[str, str], datetime] = {}
    for hit in hits:
        key = (hit.provider, hit.public_id)
        newest[key] = max(newest.get(key, hit.at), hit.at)
    if not newest:
        return
    rows = values(
        column("provider", Text), column("public_id", Text), column("at", DateTime(timezone=True)), name="hit"
    ).data([(provider, public_id, at) for (provider, public_id), at in sorted(newest.items())])
    session.execute(
        update(TrackingCode)
        .where(
            TrackingCode.provider == rows.c.provider,
            TrackingCode.public_id == rows.c.public_id,
            # A busy page must not rewrite the row with every visitor.
            or_(TrackingCode.last_browser_hit_at.is_(None), TrackingCode.last_browser_hit_at < rows.c.at - RESOLUTION),
        )
        .values(last_browser_hit_at=rows.c.at)
        .execution_options(synchronize_session=False)
    )
