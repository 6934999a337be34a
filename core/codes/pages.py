"""The kinds of pages that tracking configuration is made for."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from core.codes import targets
from core.codes.targets import Target

MAX_CART = 100


@dataclass(frozen=True, slots=True)
class EventPage:
    """The page of one live event."""

    slug: str

    @property
    def name(self) -> str:
        """Name of the page among a site's cached configurations."""
        return f"event:{self.slug}"

    def targets(self, session: Session) -> Sequence[Target]:
        """What the page is about; raises `NotFoundError`."""
        return [targets.live_event_by_slug(session, self.slug)]


@dataclass(frozen=True, slots=True)
class OrganizerPage:
    """The profile page of an organiser."""

    slug: str

    @property
    def name(self) -> str:
        """Name of the page among a site's cached configurations."""
        return f"organizer:{self.slug}"

    def targets(self, session: Session) -> Sequence[Target]:
        """What the page is about; raises `NotFoundError`."""
        return [targets.organizer_by_slug(session, self.slug)]


@dataclass(frozen=True, slots=True)
class SitePage:
    """Any other page: home, listing, account."""

    @property
    def name(self) -> str:
        """Name of the page among a site's cached configurations."""
        return "site"

    def targets(self, session: Session) -> Sequence[Target]:  # noqa: ARG002 - the same shape as the others
        """No target: the marketplace's own codes alone."""
        return []


@dataclass(frozen=True, slots=True)
class CartPage:
    """Cart, checkout and thank-you pages; live events (external ids) that do not exist are left out."""

    live_event_ids: frozenset[str]

    @property
    def name(self) -> str:
        """Name of the page among a site's cached configurations."""
        joined = "\n".join(sorted(self.live_event_ids)).encode()
        return f"cart:{hashlib.sha256(joined).hexdigest()[:32]}"

    def targets(self, session: Session) -> Sequence[Target]:
        """Every live event of the cart."""
        return targets.live_events_by_external_id(session, self.live_event_ids)


Page = EventPage | OrganizerPage | SitePage | CartPage
