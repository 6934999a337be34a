"""Which part of a request names which kind of thing. What is new is put in here; the tests say what is missing."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Mapping
from typing import Any

import orjson

from tests.marketplace import PLATFORM
from tests.security.prey import Prey

# Names in paths, query strings, forms and JSON bodies → kind of thing (`Prey.ids`).
KINDS: Mapping[str, str] = {
    "artist_id": "artist",
    "artist_ids": "artist",
    "genre_id": "genre",
    "genre_ids": "genre",
    "venue_id": "venue",
    "change_id": "change",
    "code_id": "code",
    "connection_id": "connection",
    "delivery_id": "delivery",
    "entry_id": "dead_entry",
    "event": "live_event",
    "event_name": "own_event",
    "group": "reject_group",
    "group_key": "reject_group",
    "ids": "reject",
    "key_id": "key",
    "live_event": "live_event",
    "live_event_id": "live_event",
    "live_event_ids": "live_event",
    "invitation_id": "invitation",
    "mail_id": "mail",
    "member_id": "membership",
    "membership_id": "membership",
    "order": "order",
    "order_id": "order",
    "organizer": "organizer",
    "organizer_id": "organizer",
    "owner": "organizer",
    "product_id": "product",
    "shop_order_id": "shop_order",
    "page": "event_page",
    "merged": "twin",
    "number": "order",
    "person": "person",
    "person_id": "person",
    "suggestion_id": "duplicate",
    "survivor": "person",
    "reject_id": "reject",
    "request_id": "request",
    "search": "word",
    "session_id": "session",
    "subject_id": "organizer",
    "site_id": "site",
    "ticket_type_id": "ticket_type",
}

# The same name means something else here; None: it names nothing that belongs to anybody.
EXCEPTIONS: Mapping[tuple[str, str], str | None] = {
    **{
        (f"/api/v1/catalog/{kind}/<path:external_id>", "external_id"): thing
        for kind, thing in {
            "artists": "artist",
            "genres": "genre",
            "live-events": "live_event",
            "organizers": "organizer",
            "ticket-types": "ticket_type",
            "venues": "venue",
            "ticket-links": "ticket_link",
            "products": "product",
            "affiliates": "affiliate",
            "shop-orders": "shop_order",
            "shipments": "shipment",
        }.items()
    },
    ("/api/v1/persons/<path:external_id>", "external_id"): "person",
    ("/api/v1/persons/<path:external_id>/merge", "external_id"): "person",
    ("/api/v1/persons/<path:external_id>/unmerge", "external_id"): "merged",
    ("/persons/unmerge/<path:person_id>", "person_id"): "merged",
    ("/api/v1/persons/<path:external_id>/visitor-decisions", "external_id"): "person",
    ("/api/v1/persons/<path:external_id>/visitor-decisions", "visitor_id"): "visitor",
    ("/persons/visitors/<path:person_id>", "visitor_id"): "visitor",
    ("/api/v1/orders", "person"): None,  # an object; its id is the shop's own
    ("/api/v1/catalog/live-events/<path:external_id>/status", "external_id"): "live_event",
    ("/api/v1/orders/<path:external_id>", "external_id"): "order",
    ("/api/marketplace-client/events/<slug>/tracking-config", "slug"): "event_slug",
    ("/api/marketplace-client/organizers/<slug>/tracking-config", "slug"): "organizer_slug",
    ("/catalog/<kind_name>/edit/<path:external_id>", "external_id"): "live_event",
    ("/catalog/<kind_name>/show/<path:external_id>", "external_id"): "live_event",
    ("/catalog/<kind_name>/undo/<int:change_id>/<path:external_id>", "change_id"): "catalog_change",
    ("/catalog/<kind_name>/undo/<int:change_id>/<path:external_id>", "external_id"): "live_event",
    ("/catalog/live-events/status/<status>/<path:external_id>", "external_id"): "live_event",
    ("/api/v1/rejected-events/<int:reject_id>/replay", "event"): None,  # a whole event, as it should be
    ("/collection/refused/<int:reject_id>/replay", "event"): None,
    ("/collection/refused", "event_name"): None,  # what events are called, own or not
    ("/api/v1/rejected-events/groups", "event_name"): None,
    ("/api/v1/orders", "session_id"): None,  # the buyer's visit, as the shop calls it
    ("/demo/events/<slug>", "slug"): "event_slug",
    ("/demo/events/<slug>/tickets", "slug"): "event_slug",
    ("/demo/posters/<slug>.svg", "slug"): None,  # drawn from the word in the address alone
    ("/demo/checkout", "order_id"): None,  # made from the cart in the cookie, and compared with it
    ("/sites/new", "site_id"): None,  # the short name of a site that is made here
}

# Names that belong to nobody, or to whoever sends them.
NEUTRAL = frozenset(
    {
        "affiliate_id", "answer", "click_ids", "event_id", "events", "external_id", "filename", "kind", "kind_name",
        "marketplace", "payment_provider",
        "name", "pixel_id", "provider", "slug", "status", "token", "transition_id", "visitor_id",
    }
)  # fmt: skip

# What a path needs besides ids.
VALUES: Mapping[str, str] = {
    "answer": "approve",
    "filename": "css/app.css",
    "kind": "organizer",
    "kind_name": "live-events",
    "marketplace": "no-such-marketplace",  # whoever has the right signature may report to any
    "name": "adrail.js",
    "payment_provider": "stripe",
    "provider": PLATFORM,
    "status": "postponed",
    "token": "no-such-token",
}

# Within a marketplace these are everybody's: what its public pages show, and the catalogue that organisers share.
SHARED = re.compile(
    r"/api/marketplace-client/(events/<slug>|organizers/<slug>|carts|site)/tracking-config"
    r"|/demo/(?!mail).*"
    r"|/api/v1/catalog/(venues|artists|genres)(/.*)?"
    r"|/catalog/(venues|artists|genres)(/.*)?"
)

SHARED_KINDS = frozenset({"artist", "genre", "venue"})

# Only the very browser that bought, or the very person, gets an answer here; nobody else in their team does.
OWNERLESS = (
    "/demo/orders/<order_id>",
    "/account/act-for/<int:membership_id>",
    "/account/sessions/<int:session_id>/end",
)

# What makes a JSON field or a form field look as if it named a thing.
LOOKS_LIKE_ID = re.compile(r"(^|_)(id|ids|slug)$|^(organizer|live_event|owner|order|person|page|venue|artist|event)s?$")

_numbers = itertools.count(1)


def fresh() -> str:
    """An id that nothing has yet; answers that differ in it alone are the same."""
    return f"fresh-{next(_numbers)}"


def _order(prey: Prey) -> dict[str, Any]:
    return {
        "external_id": fresh(),
        "currency": "RON",
        "placed_at": "2026-11-20T10:00:00Z",
        "person": {"external_id": fresh()},
        "totals": {"gross": "90.00", "net": "75.00"},
        "items": [
            {
                "line": "1",
                "live_event_id": prey.ids["live_event"],
                "ticket_type_id": prey.ids["ticket_type"],
                "quantity": 1,
                "unit_price": "90.00",
            }
        ],
    }


def _code(**place: Any) -> dict[str, Any]:
    return {"provider": PLATFORM, "enabled": True, "settings": {"pixel_id": "1000000000007"}, **place}


def _same_code(prey: Prey, **place: Any) -> dict[str, Any]:
    # With the same public id the stored token may stay.
    return {"provider": PLATFORM, "enabled": True, "settings": {"pixel_id": prey.ids["public_id"]}, **place}


def _rows(**row: Any) -> dict[str, Any]:
    return {"items": [row]}


def _live_event(prey: Prey) -> dict[str, Any]:
    places = {"organizer_id": prey.ids["organizer"], "venue_id": prey.ids["venue"]}
    lists = {"genre_ids": [prey.ids["genre"]], "artist_ids": [prey.ids["artist"]]}
    what = {"external_id": fresh(), "slug": fresh(), "title": "New", "starts_at": "2027-05-01T20:00:00+02:00"}
    return _rows(**what, currency="RON", **places, **lists)


def _shop_order(prey: Prey) -> dict[str, Any]:
    line = {"line": "1", "product_id": prey.ids["product"], "quantity": 1, "unit_price": "9.00"}
    what = {"external_id": fresh(), "placed_at": "2026-11-20T10:00:00Z", "currency": "RON", "gross": "9.00"}
    return _rows(**what, person_id=prey.ids["person"], items=[line])


def _interest(prey: Prey) -> dict[str, Any]:
    consent = {"granted": True, "captured_at": "2026-11-20T10:00:00Z"}
    what = {"source": fresh(), "subject_kind": "word", "subject": "quiet", "expires_at": "2099-01-01T00:00:00Z"}
    return _rows(**what, person_id=prey.ids["person"], consent=consent)


def _event_form(prey: Prey) -> dict[str, Any]:
    lists = {"genre_ids": [prey.ids["genre"]], "artist_ids": [prey.ids["artist"]]}
    return {"title": "Changed", "organizer_id": prey.ids["organizer"], "venue_id": prey.ids["venue"], **lists}


CODES = "/api/marketplace-client/organizer/tracking-codes"
CONSENT = {"analytics": True, "marketing": False}

# Query parameters without which an address answers nobody.
QUERIES: Mapping[str, Mapping[str, str]] = {"GET /api/v1/persons/<path:external_id>/merge": {"merged": "twin"}}

# JSON bodies that do something for whoever they belong to; every id field of the description stands in one of them.
BODIES: Mapping[str, tuple[Callable[[Prey], Any], ...]] = {
    "POST /api/v1/orders": (_order,),
    "PATCH /api/v1/orders/<path:external_id>": (
        lambda _: {"status": "charged_back", "occurred_at": "2026-11-20T11:00:00Z", "transition_id": fresh()},
    ),
    f"POST {CODES}": (
        lambda prey: _code(organizer_id=prey.ids["organizer"]),
        lambda prey: _code(live_event_id=prey.ids["live_event"]),
    ),
    f"PUT {CODES}/<int:code_id>": (_same_code, lambda prey: _same_code(prey, organizer_id=prey.ids["organizer"]),
                                   lambda prey: _same_code(prey, live_event_id=prey.ids["live_event"])),
    f"PATCH {CODES}/<int:code_id>": (
        lambda _: {"enabled": False},
        lambda prey: {"live_event_id": prey.ids["live_event"]},
        lambda prey: {"organizer_id": prey.ids["organizer"]},
    ),
    "POST /api/marketplace-client/carts/tracking-config": (
        lambda prey: {"live_event_ids": [prey.ids["live_event"]]},
    ),
    "PUT /api/v1/catalog/organizers": (lambda _: _rows(external_id=fresh(), name="New"),),
    "PUT /api/v1/catalog/venues": (lambda _: _rows(external_id=fresh(), name="New", city="Cluj", country="RO"),),
    "PUT /api/v1/catalog/genres": (lambda _: _rows(external_id=fresh(), name="New"),),
    "PUT /api/v1/catalog/artists": (
        lambda prey: _rows(external_id=fresh(), name="New", genre_ids=[prey.ids["genre"]]),
    ),
    "PUT /api/v1/catalog/live-events": (_live_event,),
    "PUT /api/v1/catalog/ticket-types": (
        lambda prey: _rows(external_id=fresh(), live_event_id=prey.ids["live_event"], name="New", price="9.00"),
    ),
    "PUT /api/v1/catalog/ticket-links": (
        lambda prey: _rows(
            external_id=fresh(), live_event_id=prey.ids["live_event"], seller="New", url="https://new.example/"
        ),
    ),
    "PUT /api/v1/catalog/products": (
        lambda prey: _rows(
            external_id=fresh(), organizer_id=prey.ids["organizer"], name="New", category="New", seller="New",
            currency="RON", price="9.00",
        ),
    ),
    "PUT /api/v1/catalog/affiliates": (lambda _: _rows(external_id=fresh(), name="New"),),
    "PUT /api/v1/catalog/shop-orders": (_shop_order,),
    "PUT /api/v1/catalog/shipments": (
        lambda prey: _rows(external_id=fresh(), shop_order_id=prey.ids["shop_order"]),
    ),
    "PUT /api/v1/catalog/follows": (
        lambda prey: _rows(
            person_id=prey.ids["person"], subject_kind="organizer", subject_id=prey.ids["organizer"], since=None
        ),
    ),
    "PUT /api/v1/catalog/interests": (_interest,),
    "POST /api/v1/catalog/live-events/<path:external_id>/status": (lambda _: {"status": "postponed"},),
    "POST /api/v1/keys": (
        lambda prey: {"kind": "organizer", "name": "made", "organizer": prey.ids["organizer"]},
        lambda prey: {"kind": "scanner", "name": "made", "live_event": prey.ids["live_event"], "gate": "n"},
    ),
    "PUT /api/v1/catalog/persons": (lambda _: _rows(external_id=fresh(), email="new@people.example"),),
    "POST /api/v1/persons/<path:external_id>/merge": (lambda prey: {"merged": prey.ids["twin"]},),
    "POST /api/v1/persons/<path:external_id>/visitor-decisions": (
        lambda prey: {"visitor_id": prey.ids["visitor"], "state": "linked"},
    ),
    "PATCH /api/v1/people/<int:member_id>": (lambda _: {"role": "manager"},),
    "POST /api/v1/people/invitations": (
        lambda prey: {
            "email": f"{fresh()}@people.example",
            "role": "analyst",
            "subject_kind": "organizer",
            "subject_id": prey.ids["organizer"],
        },
    ),
    "POST /api/v1/custom-events": (
        lambda _: {"name": f"custom.{fresh().replace('-', '_')}", "description": "New.", "fields": []},
    ),
    "POST /api/v1/custom-events/<event_name>/versions": (
        lambda _: {"fields": [{"name": "seat", "type": "text"}]},
    ),
    "POST /api/v1/rejected-events/replay": (
        lambda prey: {"group": prey.ids["reject_group"]},
        lambda prey: {"ids": [prey.ids["reject"]]},
    ),
    "POST /api/v1/rejected-events/discard": (
        lambda prey: {"group": prey.ids["reject_group"]},
        lambda prey: {"ids": [prey.ids["reject"]]},
    ),
    "POST /api/v1/rejected-events/<int:reject_id>/replay": (
        lambda _: {"repairs": []},
        lambda prey: {"event": orjson.loads(str(prey.ids["reject_body"]))},
    ),
    "PUT /api/tx/consent": (
        lambda _: {"visitor_id": fresh(), "consent": CONSENT},
        lambda prey: {"person_id": prey.ids["person"], "consent": CONSENT},
    ),
}  # fmt: skip

# Forms that do something for whoever they belong to; a form without fields need not be named.
FORMS: Mapping[str, tuple[Callable[[Prey], Mapping[str, Any]], ...]] = {
    "POST /codes/new/<provider>": (
        lambda prey: {"place": "live_event", "live_event_id": prey.ids["live_event"], "pixel_id": "1000000000009"},
        lambda prey: {"place": "organizer", "organizer_id": prey.ids["organizer"], "pixel_id": "1000000000010"},
    ),
    "POST /codes/<int:code_id>/edit": (lambda prey: {"pixel_id": prey.ids["public_id"]},),
    "POST /connections/<int:connection_id>/token": (lambda _: {"access_token": "a-token-from-a-form"},),
    "POST /sites/<int:site_id>/edit": (
        lambda _: {
            "name": "Shop",
            "origins": "https://shop.example",
            "dnt_policy": "off",
            "cookie_domain": "a.example",
        },
    ),
    "POST /sites/new": (lambda _: {"site_id": fresh(), "name": "Shop", "origins": "https://shop.example"},),
    "POST /people/<int:membership_id>": (lambda _: {"role": "manager", "account_type": "organizer"},),
    "POST /people/<int:membership_id>/tier": (lambda _: {"tier": "premium"},),
    "POST /people/<int:membership_id>/verification": (lambda _: {"level": "email"},),
    "POST /persons/visitors/<path:person_id>": (lambda prey: {"visitor_id": prey.ids["visitor"], "state": "linked"},),
    "POST /persons/merge": (lambda prey: {"survivor": prey.ids["person"], "merged": prey.ids["twin"]},),
    "POST /people/invite": (
        lambda prey: {
            "email": f"{fresh()}@people.example",
            "role": "analyst",
            "account_type": "organizer",
            "organizer": prey.ids["organizer"],
            "subject_id": prey.ids["organizer"],
        },
    ),
    "POST /catalog/<kind_name>/edit/<path:external_id>": (_event_form,),
    "POST /catalog/<kind_name>/new": (lambda prey: {**_event_form(prey), "external_id": fresh(), "slug": fresh()},),
    "POST /keys/<int:key_id>/rotate": (lambda _: {"overlap": "24"},),
    "POST /payments/<payment_provider>": (lambda _: {"secret": "whsec_of-somebody", "overlap": "24"},),
    "POST /sites/<int:site_id>/rotate": (lambda _: {"overlap": "24"},),
    "POST /keys/new/<kind>": (lambda prey: {"name": "from a form", "organizer": prey.ids["organizer"]},),
    "POST /collection/events/new": (
        lambda _: {"name": f"custom.{fresh().replace('-', '_')}", "description": "New.", "source": "web"},
    ),
    "POST /collection/events/extend/<event_name>": (
        lambda _: {"description": "More.", "field_name": "seat", "field_type": "text"},
    ),
    "POST /collection/refused/groups/<group_key>/replay": (lambda _: {"op": "drop", "path": "/payload/note"},),
    "POST /collection/refused/<int:reject_id>/replay": (lambda prey: {"event": prey.ids["reject_body"]},),
    "POST /demo/cart": (lambda prey: {"event": prey.ids["live_event"], "ticket": prey.ids["ticket_type"]},),
    "POST /demo/events/<slug>/tickets": (lambda prey: {str(prey.ids["ticket_type"]): "1"},),
}


def kind_of(rule: str, name: str, *, in_path: bool = False) -> str | None:
    """Which kind of thing a name stands for; None when nobody's.

    Raises `LookupError` for names not known here: all in paths, elsewhere those that look as if they named a thing.
    """
    if (rule, name) in EXCEPTIONS:
        return EXCEPTIONS[(rule, name)]
    if (name in NEUTRAL and (name in VALUES or not in_path)) or not (
        in_path or name in KINDS or LOOKS_LIKE_ID.search(name)
    ):
        return None
    if name not in KINDS:
        raise LookupError(
            f"{rule} takes {name!r}: say in tests/security/targets.py which kind of thing it names (KINDS, or"
            " EXCEPTIONS for this address) and add one of that kind to tests/security/prey.py; or put it into NEUTRAL"
        )
    return KINDS[name]
