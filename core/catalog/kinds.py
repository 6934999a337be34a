"""The kinds of rows of the catalogue: their tables, wire forms, references and links."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.accounts.api import ORGANIZERS
from core.catalog.catalog_fields import Reference, References
from core.catalog.catalog_schemas import (
    ArtistRow,
    GenreRow,
    LiveEventRow,
    OrganizerRow,
    Row,
    TicketTypeRow,
    VenueRow,
)
from core.catalog.models import LiveEvent, TicketType, Venue
from core.catalog.offer_models import (
    Affiliate,
    Artist,
    ArtistGenre,
    Genre,
    LiveEventArtist,
    LiveEventGenre,
    TicketLink,
)
from core.catalog.person_models import Person
from core.catalog.shop_models import Product, Shipment, ShopOrder
from core.catalog.shop_schemas import AffiliateRow, ProductRow, ShipmentRow, ShopOrderRow, TicketLinkRow
from core.db.external_rows import ExternalRows
from core.errors import NotFoundError

PERSONS = ExternalRows(Person)


@dataclass(frozen=True, slots=True)
class Link:
    """A list of references, kept in a table of its own: ``owner`` and ``other`` are its columns."""

    field: str
    model: Any
    owner: str
    other: str


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind. ``word`` names it in `catalog_words`, in the audit log and in sentences; ``title`` is its name column.

    ``shared`` rows belong to the whole marketplace; the others to one organiser, who may change them. ``closed`` ones
    are not even shown to organisers. ``sort`` is the column that lists go by, ``newest`` from its end; ``view`` the
    permission to see them.
    """

    name: str
    word: str
    rows: ExternalRows
    schema: type[Row]
    title: str = "name"
    shared: bool = True
    closed: bool = False
    links: tuple[Link, ...] = ()
    sort: str = "name"
    newest: bool = False
    view: str = "view_events"

    @property
    def references(self) -> dict[str, str]:
        """Field → kind of the row that it refers to."""
        declared = self.schema._declared_fields  # noqa: SLF001 - how marshmallow tells what a class declares
        return {name: field.to for name, field in declared.items() if isinstance(field, Reference)}

    @property
    def lists(self) -> dict[str, str]:
        """Field → kind of the rows that it lists."""
        declared = self.schema._declared_fields  # noqa: SLF001 - as above
        return {name: field.to for name, field in declared.items() if isinstance(field, References)}


KINDS: Mapping[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind("organizers", "organizer", ORGANIZERS, OrganizerRow),
        Kind("venues", "venue", ExternalRows(Venue), VenueRow),
        Kind("genres", "genre", ExternalRows(Genre), GenreRow),
        Kind(
            "artists",
            "artist",
            ExternalRows(Artist),
            ArtistRow,
            links=(Link("genre_ids", ArtistGenre, "artist_id", "genre_id"),),
        ),
        Kind(
            "live-events",
            "live_event",
            ExternalRows(LiveEvent),
            LiveEventRow,
            title="title",
            shared=False,
            links=(
                Link("genre_ids", LiveEventGenre, "live_event_id", "genre_id"),
                Link("artist_ids", LiveEventArtist, "live_event_id", "artist_id"),
            ),
            sort="starts_at",
        ),
        Kind("ticket-types", "ticket_type", ExternalRows(TicketType), TicketTypeRow, shared=False),
        Kind(
            "ticket-links",
            "ticket_link",
            ExternalRows(TicketLink),
            TicketLinkRow,
            title="seller",
            shared=False,
            sort="seller",
        ),
        Kind("products", "product", ExternalRows(Product), ProductRow, shared=False),
        Kind("affiliates", "affiliate", ExternalRows(Affiliate), AffiliateRow, closed=True, view="view_orders"),
        Kind(
            "shop-orders",
            "shop_order",
            ExternalRows(ShopOrder),
            ShopOrderRow,
            title="external_id",
            closed=True,
            sort="placed_at",
            newest=True,
            view="view_orders",
        ),
        Kind(
            "shipments",
            "shipment",
            ExternalRows(Shipment),
            ShipmentRow,
            title="external_id",
            closed=True,
            sort="external_id",
            view="view_orders",
        ),
    )
}


def kind_named(name: str) -> Kind:
    """Return a kind; raises `NotFoundError`."""
    try:
        return KINDS[name]
    except KeyError:
        raise NotFoundError(f"there is no kind {name!r}; there are: {', '.join(KINDS)}") from None


def rows_of(name: str) -> ExternalRows:
    """Return the rows that references to a kind lead to; persons are referred to as well."""
    return PERSONS if name == "persons" else KINDS[name].rows


def spoken(name: str) -> str:
    """Return what one row of a kind is called in a sentence."""
    return "person" if name == "persons" else KINDS[name].word.replace("_", " ")
