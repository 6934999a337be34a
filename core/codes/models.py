"""Tracking codes and their history."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped

from core.codes.canonical import CONVERSIONS
from core.codes.resolver import Level, level_of
from core.db.base import Base, HasCreated, HasId, HasTenant, plain, pseudonymous


class TrackingCode(HasId, HasTenant, HasCreated, Base):
    """A platform's pixel on a live event, on all of an organiser's, or on the whole marketplace.

    ``settings`` are the plugin's non-secret settings plus the common ones; secrets live in the connection. A code
    without connection is for the browser only.
    """

    __tablename__ = "event_tracking_codes"
    __table_args__ = (
        UniqueConstraint("tenant_id", "organizer_id", "live_event_id", "provider", postgresql_nulls_not_distinct=True),
        CheckConstraint("organizer_id IS NOT NULL OR live_event_id IS NULL", name="live_event_has_organizer"),
    )

    organizer_id: Mapped[int | None] = plain(BigInteger, ForeignKey("organizers.id", ondelete="CASCADE"))
    live_event_id: Mapped[int | None] = plain(BigInteger, ForeignKey("live_events.id", ondelete="CASCADE"))
    provider: Mapped[str] = plain(Text)
    public_id: Mapped[str] = plain(Text)
    enabled: Mapped[bool] = plain(Boolean, server_default=text("true"))
    settings: Mapped[dict[str, Any]] = plain(JSONB, server_default=text("'{}'"))
    connection_id: Mapped[int | None] = plain(BigInteger, ForeignKey("connections.id"))
    last_browser_hit_at: Mapped[datetime | None] = plain()
    updated_at: Mapped[datetime] = plain(server_default=func.now())
    version: Mapped[int] = plain(Integer, server_default="1")

    @property
    def level(self) -> Level:
        """How wide the code reaches."""
        return level_of(self.organizer_id, self.live_event_id)

    @property
    def conversion_events(self) -> tuple[str, ...]:
        """The canonical conversions it may fire: all, unless some were chosen."""
        chosen = self.settings.get("conversion_events")
        return CONVERSIONS if chosen is None else tuple(name for name in CONVERSIONS if name in chosen)

    @property
    def purpose(self) -> str:
        """The consent it needs."""
        return str(self.settings.get("consent_purpose", "marketing"))

    @property
    def custom_params(self) -> dict[str, str | int | bool]:
        """Typed key/values that go with its conversions."""
        return dict(self.settings.get("custom_params", {}))


class TrackingCodeChange(HasId, HasTenant, Base):
    """Who changed which code, from what, to what."""

    __tablename__ = "tracking_code_history"
    __table_args__ = (Index(None, "tenant_id", "code_id", "at"),)

    code_id: Mapped[int] = plain(BigInteger)
    at: Mapped[datetime] = plain(server_default=func.now())
    actor: Mapped[str] = pseudonymous(Text, retention="7_years", eraser="keep")
    action: Mapped[str] = plain(Text)
    before: Mapped[dict[str, Any] | None] = plain(JSONB)
    after: Mapped[dict[str, Any] | None] = plain(JSONB)
