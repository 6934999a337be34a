"""Tables around live events: artists, genres, who sells where else, words for searching, and what was changed."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, Numeric, SmallInteger, Text, UniqueConstraint, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped

from core.db.base import Base, HasCreated, HasId, HasTenant, plain, pseudonymous


class Genre(HasId, HasTenant, HasCreated, Base):
    """A kind of music or show; ``translations`` holds {language: {name}}."""

    __tablename__ = "genres"
    __table_args__ = (UniqueConstraint("tenant_id", "external_id"), Index(None, "tenant_id", "name", "id"))

    external_id: Mapped[str] = plain(Text)
    name: Mapped[str] = plain(Text)
    translations: Mapped[dict[str, Any]] = plain(JSONB, server_default=text("'{}'"))


class Artist(HasId, HasTenant, HasCreated, Base):
    """Who performs. ``country`` is an ISO 3166 code; an artist's public name is not a customer's."""

    __tablename__ = "artists"
    __table_args__ = (UniqueConstraint("tenant_id", "external_id"), Index(None, "tenant_id", "name", "id"))

    external_id: Mapped[str] = plain(Text)
    name: Mapped[str] = plain(Text)
    country: Mapped[str | None] = plain(Text)
    website: Mapped[str | None] = plain(Text)


class ArtistGenre(HasTenant, Base):
    """A genre of an artist; ``position`` keeps the order they were given in, the main one first."""

    __tablename__ = "artist_genres"
    __table_args__ = (Index(None, "tenant_id", "genre_id"),)

    artist_id: Mapped[int] = plain(BigInteger, ForeignKey("artists.id", ondelete="CASCADE"), primary_key=True)
    genre_id: Mapped[int] = plain(BigInteger, ForeignKey("genres.id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = plain(SmallInteger, server_default="0")


class LiveEventGenre(HasTenant, Base):
    """A genre of a live event, the main one first."""

    __tablename__ = "live_event_genres"
    __table_args__ = (Index(None, "tenant_id", "genre_id"),)

    live_event_id: Mapped[int] = plain(BigInteger, ForeignKey("live_events.id", ondelete="CASCADE"), primary_key=True)
    genre_id: Mapped[int] = plain(BigInteger, ForeignKey("genres.id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = plain(SmallInteger, server_default="0")


class LiveEventArtist(HasTenant, Base):
    """An artist of a live event, the headliner first."""

    __tablename__ = "live_event_artists"
    __table_args__ = (Index(None, "tenant_id", "artist_id"),)

    live_event_id: Mapped[int] = plain(BigInteger, ForeignKey("live_events.id", ondelete="CASCADE"), primary_key=True)
    artist_id: Mapped[int] = plain(BigInteger, ForeignKey("artists.id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = plain(SmallInteger, server_default="0")


class TicketLink(HasId, HasTenant, HasCreated, Base):
    """Another site that sells a live event's tickets; ``commission_percent`` is what it pays for a sale."""

    __tablename__ = "ticket_links"
    __table_args__ = (
        UniqueConstraint("tenant_id", "external_id"),
        Index(None, "tenant_id", "live_event_id"),
        Index(None, "tenant_id", "seller", "id"),
    )

    external_id: Mapped[str] = plain(Text)
    live_event_id: Mapped[int] = plain(BigInteger, ForeignKey("live_events.id", ondelete="CASCADE"))
    seller: Mapped[str] = plain(Text)
    url: Mapped[str] = plain(Text)
    utm: Mapped[dict[str, Any]] = plain(JSONB, server_default=text("'{}'"))
    commission_percent: Mapped[Decimal | None] = plain(Numeric(5, 2))


class Affiliate(HasId, HasTenant, HasCreated, Base):
    """A partner whose links bring buyers; ``commission_percent`` is what the marketplace pays for a sale."""

    __tablename__ = "affiliates"
    __table_args__ = (UniqueConstraint("tenant_id", "external_id"), Index(None, "tenant_id", "name", "id"))

    external_id: Mapped[str] = plain(Text)
    name: Mapped[str] = plain(Text)
    commission_percent: Mapped[Decimal | None] = plain(Numeric(5, 2))
    status: Mapped[str] = plain(Text, server_default="active")


class LiveEventStatusChange(HasId, HasTenant, Base):
    """One change of a live event's status: the history, and what subscribers are told about."""

    __tablename__ = "live_event_status_changes"
    __table_args__ = (Index(None, "tenant_id", "live_event_id", "id"),)

    live_event_id: Mapped[int] = plain(BigInteger, ForeignKey("live_events.id", ondelete="CASCADE"))
    before: Mapped[str | None] = plain(Text)
    after: Mapped[str] = plain(Text)
    reason: Mapped[str] = plain(Text, server_default="")
    actor: Mapped[str] = pseudonymous(Text, retention="7_years", eraser="keep")
    at: Mapped[datetime] = plain(server_default=func.now())


class CatalogChange(HasId, HasTenant, Base):
    """What a person changed on a page, as wire fields before and after, so that it can be taken back."""

    __tablename__ = "catalog_changes"
    __table_args__ = (Index(None, "tenant_id", "kind", "row_id", "id"),)

    kind: Mapped[str] = plain(Text)
    row_id: Mapped[int] = plain(BigInteger)
    before: Mapped[dict[str, Any]] = plain(JSONB)
    after: Mapped[dict[str, Any]] = plain(JSONB)
    actor: Mapped[str] = pseudonymous(Text, retention="7_years", eraser="keep")
    at: Mapped[datetime] = plain(server_default=func.now())


class CatalogWord(HasTenant, Base):
    """The words of names and titles, kept by triggers; the index that searching by prefixes of words uses.

    Row-level security keeps text search operators away from indexes, because they are not leakproof; comparisons are.
    """

    __tablename__ = "catalog_words"
    __table_args__ = (Index(None, "tenant_id", "kind", "row_id", "word"),)

    tenant_id: Mapped[int] = plain(
        BigInteger, ForeignKey("tenants.id", ondelete="CASCADE"), primary_key=True, sort_order=-9
    )
    kind: Mapped[str] = plain(Text, primary_key=True)
    word: Mapped[str] = plain(Text(collation="C"), primary_key=True)
    row_id: Mapped[int] = plain(BigInteger, primary_key=True)
