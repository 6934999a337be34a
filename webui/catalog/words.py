"""What the catalogue's kinds and fields are called on pages, and what helps to fill them in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from babel import Locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as later

from webui import session, words
from webui.words import State


@dataclass(frozen=True, slots=True)
class KindWords:
    """How pages speak of a kind."""

    one: Any
    many: Any
    lede: Any
    add: Any
    none_yet: Any


KINDS = {
    "venues": KindWords(
        later("Venue"),
        later("Venues"),
        later("Where live events take place."),
        later("Add venue"),
        later("Add the places you play at once; live events then choose among them."),
    ),
    "artists": KindWords(
        later("Artist"),
        later("Artists"),
        later("Who performs. People can follow artists, and audiences can be made of those who like them."),
        later("Add artist"),
        later("Add who performs; live events then name them."),
    ),
    "genres": KindWords(
        later("Genre"),
        later("Genres"),
        later("Kinds of music and shows. They group live events, artists and tastes."),
        later("Add genre"),
        later("Add the genres you use, such as Jazz or Theatre."),
    ),
    "organizers": KindWords(
        later("Organiser"),
        later("Organisers"),
        later("Who sells tickets through this marketplace."),
        later("Add organiser"),
        later("Add the first organiser; live events belong to one."),
    ),
    "live-events": KindWords(
        later("Live event"),
        later("Live events"),
        later("What tickets are sold for."),
        later("Add live event"),
        later("Add the first one here, or let your shop send them."),
    ),
    "ticket-types": KindWords(
        later("Ticket type"),
        later("Ticket types"),
        later("What kinds of tickets live events have, and what they cost."),
        later("Add ticket type"),
        later("Open a live event and add what tickets it has."),
    ),
    "ticket-links": KindWords(
        later("Other seller"),
        later("Other sellers"),
        later("Other sites where tickets of live events are sold, and what they pay for a sale."),
        later("Add other seller"),
        later("Open a live event and add who else sells its tickets."),
    ),
    "products": KindWords(
        later("Product"),
        later("Products"),
        later("What is sold beside tickets: records, shirts, parking."),
        later("Add product"),
        later("Add what you sell beside tickets, or let your shop send it."),
    ),
    "shop-orders": KindWords(
        later("Shop order"),
        later("Shop orders"),
        later("What people bought beside tickets. Your shop sends these."),
        "",
        later("They appear as soon as your shop sends the first one; the description of the API says how."),
    ),
    "shipments": KindWords(
        later("Parcel"),
        later("Parcels"),
        later("What was sent to buyers of products, and where it is."),
        later("Add parcel"),
        later("They appear as soon as your shop sends the first one, or add one here."),
    ),
    "affiliates": KindWords(
        later("Partner"),
        later("Partners"),
        later("Whose links bring buyers, and what they get for a sale."),
        later("Add partner"),
        later("Add a partner here; orders that name it are then counted as theirs."),
    ),
}
TABS = (
    "venues",
    "artists",
    "genres",
    "organizers",
    "ticket-types",
    "ticket-links",
    "products",
    "shop-orders",
    "shipments",
    "affiliates",
)
OF_LIVE_EVENTS = frozenset({"ticket-types", "ticket-links"})
"""These are added from the page of a live event."""
SENT_ONLY = frozenset({"shop-orders"})
"""These come from the shop; nobody types them."""

LABELS = {
    "external_id": later("Id in your own system"),
    "name": later("Name"),
    "slug": later("Name in addresses"),
    "title": later("Title"),
    "description": later("Description"),
    "translations": later("In other languages"),
    "organizer_id": later("Organiser"),
    "venue_id": later("Venue"),
    "live_event_id": later("Live event"),
    "genre_ids": later("Genres"),
    "artist_ids": later("Artists"),
    "starts_at": later("Starts"),
    "ends_at": later("Ends"),
    "doors_at": later("Doors open"),
    "status": later("State"),
    "currency": later("Currency"),
    "price_from": later("Cheapest ticket"),
    "price_to": later("Dearest ticket"),
    "promoted": later("Promote it"),
    "promotion_budget": later("Budget for promotion"),
    "city": later("City"),
    "region": later("Region"),
    "country": later("Country"),
    "latitude": later("Latitude"),
    "longitude": later("Longitude"),
    "capacity": later("Capacity"),
    "website": later("Website"),
    "category": later("Category"),
    "price": later("Price"),
    "sale_price": later("Reduced price"),
    "quota": later("Tickets for sale"),
    "sold": later("Sold"),
    "seller": later("Seller"),
    "url": later("Address"),
    "utm": later("Marks in the address"),
    "source": later("Source"),
    "medium": later("Medium"),
    "campaign": later("Campaign"),
    "term": later("Search word"),
    "content": later("Variant"),
    "commission_percent": later("Commission in per cent"),
    "on_sale": later("On sale"),
    "shop_order_id": later("Shop order"),
    "carrier": later("Carrier"),
    "tracking_number": later("Parcel number"),
    "shipped_at": later("Sent"),
    "delivered_at": later("Delivered"),
    "placed_at": later("Ordered"),
    "gross": later("Total"),
    "shipping": later("Postage"),
    "visitor_id": later("Browser"),
    "person_id": later("Buyer"),
}
HELP = {
    "external_id": later("What your shop calls it. Left empty, one is made from the name."),
    "slug": later("Small letters, digits and hyphens. Left empty, it is made from the name."),
    "country": later("Two letters, such as RO."),
    "currency": later("Three letters, such as RON or EUR."),
    "latitude": later("Such as 46.7712, from a map."),
    "longitude": later("Such as 23.6236, from a map."),
    "capacity": later("How many people fit in."),
    "category": later("Such as GA, VIP or EarlyBird."),
    "sale_price": later("What it costs now, when that is less than the price."),
    "quota": later("Left empty, there is no limit."),
    "ends_at": later("Left empty, it counts as over twelve hours after the start."),
    "promotion_budget": later("The most that may be spent on bringing people to it."),
    "promoted": later("Campaigns may advertise it."),
    "genre_ids": later("The first one chosen is the main one."),
    "artist_ids": later("The first one chosen is the headliner."),
    "website": later("With https:// in front."),
    "url": later("Where people buy, with https:// in front."),
    "utm": later("Added to the address, so that the other site and you can tell where its visitors came from."),
    "commission_percent": later("Of every sale, such as 4.5."),
    "seller": later("Whose name stands on the invoice."),
}
HELP_OF = {
    ("ticket-links", "seller"): later("What people call the other site."),
    ("products", "category"): later("Such as Records, T-shirts or Parking."),
    ("products", "organizer_id"): later("Left empty, the marketplace sells it itself."),
}
"""Where a field helps otherwise in one kind."""
STATES: Mapping[str, Mapping[str, State]] = {
    "shop-orders": {
        "pending": State(later("Not paid yet"), "wait"),
        "completed": State(later("Paid"), "good"),
        "partially_refunded": State(later("Partly refunded"), "wait"),
        "refunded": State(later("Refunded"), "calm"),
        "cancelled": State(later("Cancelled"), "calm"),
    },
    "shipments": {
        "pending": State(later("Being packed"), "wait"),
        "shipped": State(later("On its way"), "wait"),
        "delivered": State(later("Delivered"), "good"),
        "returned": State(later("Sent back"), "calm"),
        "lost": State(later("Lost"), "bad"),
    },
    "affiliates": {
        "active": State(later("Active"), "good"),
        "paused": State(later("Paused"), "wait"),
    },
    "live-events": {name: words.LIVE_EVENT_STATES[name] for name in ("draft", "on_sale")},
}
"""What the states of a kind are called; of live events, those that a new one can have."""
LANGUAGES = {"en": later("English"), "ro": later("Romanian")}
# What people may do with a live event, by the status that follows.
ACTIONS = {
    "draft": later("Take off sale"),
    "on_sale": later("Put on sale"),
    "sold_out": later("Mark as sold out"),
    "postponed": later("Postpone"),
    "cancelled": later("Cancel the event"),
    "ended": later("Mark as over"),
}


def state(kind: str, value: str) -> State:
    """Return the word for a state of a row."""
    return STATES.get(kind, {}).get(value, State(words.plain(value), "calm"))


def choices(kind: str, allowed: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield value and word of what a list offers."""
    known = STATES.get(kind, {})
    yield from ((value, str(known[value].word)) for value in allowed if value in known)


def label(name: str) -> str:
    """Return what a field is called."""
    return str(LABELS.get(name, words.plain(name)))


def help_of(kind: str, name: str) -> str:
    """Return what helps to fill in a field of a kind."""
    return str(HELP_OF.get((kind, name)) or HELP.get(name, ""))


def country(code: str) -> str:
    """Return a country's name in the reader's language."""
    return str(Locale.parse(session.locale()).territories.get(code, code))


def listed(names: tuple[str, ...]) -> str:
    """Return the changed fields as a sentence part."""
    return ", ".join(label(name).lower() for name in names)


def who(actor: str) -> str:
    """Return who made a change, without naming anybody."""
    kind, _sep, _rest = actor.partition(":")
    return {"user": _("a person"), "key": _("your shop"), "system": _("adrail")}.get(kind, actor)
