"""For every writing endpoint of the JSON API a request that it takes, made for a marketplace of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from adrail.sandbox import SandboxServer
from core.accounts.api import KeyWish, invite, issue_key, list_members, list_sites, rotate_write_key
from core.catalog.api import KINDS, list_duplicates, merge_persons, upsert_persons, upsert_rows
from core.db.session import tenant_session
from core.events.api import Entry, Reject, RejectFilter, encode, reject_groups, store_rejects
from core.security.crypto import keyring
from core.valkey import client
from tests.core.delivery.world import World
from tests.marketplace import PLATFORM, Marketplace
from tests.tracking.events import event
from tests.tracking.ingest.stream import entry
from tracking.ingest.entries import DEAD_STREAM
from tracking.ingest.service import ingest
from tracking.own_events.service import Definition, define, retire

CODES = "/api/marketplace-client/organizer/tracking-codes"
V1, CATALOG = "/api/v1", "/api/v1/catalog"
EXEMPT = {
    "POST /api/tx/events": "events carry ids of their own",
    "POST /api/tx/events/batch": "events carry ids of their own",
    "POST /api/tx/collect": "events carry ids of their own, and a beacon cannot send headers",
    "PUT /api/tx/consent": "saying it again changes nothing, and anybody could fill the table of answers",
    "POST /api/marketplace-client/carts/tracking-config": "reads only",
    "POST /api/webhooks/{payment_provider}/{marketplace}": "the provider's messages carry ids of their own",
}
"""Endpoints that need no Idempotency-Key, and why."""


@dataclass(slots=True)
class Backend:
    """A marketplace and what its requests need."""

    marketplace: Marketplace
    sandbox: SandboxServer

    def key(self) -> int:
        """Another key."""
        return issue_key(self.marketplace.staff, KeyWish("server", "another", scopes=["view_orders"])).view.id

    def code(self) -> int:
        """A tracking code."""
        return self.marketplace.add_code(PLATFORM, "a code", "123456789012345", organizer="org-1")

    def site(self) -> int:
        """The site, whose write key was just replaced."""
        (site,) = list_sites(self.marketplace.staff)
        return rotate_write_key(self.marketplace.staff, site.id).id

    def member(self) -> int:
        """A member of the first organiser's staff."""
        self.marketplace.create_user(f"m@{self.marketplace.slug}.example", "a long enough password", organizer="org-1")
        return list_members(self.marketplace.staff).items[-1].id

    def invitation(self) -> int:
        """Somebody who was asked."""
        return invite(self.marketplace.staff, email=f"i@{self.marketplace.slug}.example", role="analyst").id

    def double(self) -> str:
        """Another person with the address of the one who ordered."""
        again = {"external_id": "c-8", "email": "ana.popescu@example.com", "country": "RO"}
        with tenant_session(self.marketplace.tenant_id) as session:
            upsert_persons(session, self.marketplace.tenant_id, [again])
        return "c-8"

    def merged(self) -> str:
        """Somebody who was merged into the one who ordered."""
        gone = self.double()
        merge_persons(self.marketplace.staff, "c-7", gone)
        return gone

    def visitor(self) -> str:
        """A browser that was seen."""
        self.double()
        ingest([entry(self.marketplace, event(visitor_id="v-seen"))])
        return "v-seen"

    def suggestion(self) -> int:
        """Two persons who may be one."""
        self.double()
        return int(list_duplicates(self.marketplace.staff).items[0].id)

    def shop_order(self) -> dict[str, Any]:
        """An order of a product that is there."""
        product = {"name": "N", "category": "Vinyl", "seller": "S", "currency": "RON", "price": "9.00"}
        self._put("products", {"external_id": "p-1", **product})
        line = {"line": "1", "product_id": "p-1", "quantity": 1, "unit_price": "9.00"}
        return {"placed_at": "2026-11-20T10:00:00Z", "currency": "RON", "gross": "9.00", "items": [line]}

    def sold(self) -> str:
        """An order of products that was taken."""
        self._put("shop-orders", {"external_id": "so-1", **self.shop_order()})
        return "so-1"

    def _put(self, kind: str, row: dict[str, Any]) -> None:
        (taken,) = upsert_rows(self.marketplace.staff, KINDS[kind], [row])
        assert not taken.errors, taken.errors

    def own_event(self, *, retired: bool = False) -> str:
        """An event of the marketplace's own."""
        actor = self.marketplace.staff
        made = define(actor, Definition("custom.seat_map_opened", "It was opened.", ["web"], "analytics", []))
        return retire(actor, made.name).name if retired else made.name

    def reject(self) -> int:
        """A refused event that is right by now."""
        sealed = keyring().seal(orjson.dumps(event()), "reject")
        with tenant_session(self.marketplace.tenant_id) as session:
            made = Reject(self.marketplace.site_id, "page_view", "schema", [], sealed, datetime.now(UTC))
            store_rejects(session, self.marketplace.tenant_id, [made])
            page = reject_groups(session, self.marketplace.tenant_id, RejectFilter(), zone="UTC")
        return page.items[0].newest_id

    def dead_entry(self) -> str:
        """A request that could not be stored."""
        entry = Entry(self.marketplace.tenant_id, False, datetime.now(UTC), [])
        fields: Any = {**encode(entry), b"reason": b"a test"}
        made: Any = client().xadd(DEAD_STREAM, fields)
        return str(made.decode())

    def dead_delivery(self) -> int:
        """A delivery that was refused for good."""
        world = World(self.marketplace, self.sandbox, PLATFORM)
        for name in ("market", "org-1", "org-2"):
            world.add_code(name)
        world.fault("invalid_event", "org-2", blame=False)
        world.plan(world.order())
        world.deliver()
        return int(world.rows("org-2")[0].id)


def _rows(**row: Any) -> Callable[[Backend], Any]:
    return lambda _: {"items": [{"external_id": "new", **row}]}


def _interest() -> Any:
    consent = {"granted": True, "captured_at": datetime.now(UTC).isoformat()}
    place = {"person_id": "c-7", "source": "music", "subject_kind": "word", "subject": "jazz"}
    return {**place, "consent": consent, "expires_at": _soon()}


def _order(backend: Backend) -> Any:
    return backend.marketplace.order("A-7")


def _cancelled(_: Backend) -> Any:
    return {"status": "cancelled", "transition_id": "t-1", "occurred_at": datetime.now(UTC).isoformat()}


def _code(_: Backend) -> Any:
    settings = {"pixel_id": "123456789012345"}
    return {"provider": PLATFORM, "level": "marketplace", "enabled": False, "settings": settings}


def _soon() -> str:
    return (datetime.now(UTC) + timedelta(days=9)).isoformat()


Part = Callable[[Backend], Any]


@dataclass(frozen=True, slots=True)
class Write:
    """How to call an endpoint, and the audit entry that it writes; None: see ``instead``."""

    path: Part
    body: Part = lambda _: {}
    audited: str | None = None
    instead: str = ""


def _at(path: str) -> Part:
    return lambda _: path


WRITES: dict[str, Write] = {
    f"POST {V1}/orders": Write(_at(f"{V1}/orders"), _order, None, "order_transitions"),
    f"PATCH {V1}/orders/{{external_id}}": Write(_at(f"{V1}/orders/A-1"), _cancelled, None, "order_transitions"),
    f"POST {CODES}": Write(_at(CODES), _code, "tracking_code.created"),
    f"PUT {CODES}/{{code_id}}": Write(
        lambda b: f"{CODES}/{b.code()}",
        lambda _: {"enabled": False, "settings": {"pixel_id": "123456789012345"}},
        "tracking_code.updated",
    ),
    f"PATCH {CODES}/{{code_id}}": Write(
        lambda b: f"{CODES}/{b.code()}", lambda _: {"enabled": False}, "tracking_code.updated"
    ),
    f"DELETE {CODES}/{{code_id}}": Write(lambda b: f"{CODES}/{b.code()}", audited="tracking_code.deleted"),
    f"POST {CODES}/{{code_id}}/test": Write(
        lambda b: f"{CODES}/{b.code()}/test", lambda _: {}, None, "changes nothing of the marketplace's"
    ),
    f"POST {V1}/deliveries/{{delivery_id}}/replay": Write(
        lambda b: f"{V1}/deliveries/{b.dead_delivery()}/replay", audited="delivery.replayed"
    ),
    f"POST {V1}/custom-events": Write(
        _at(f"{V1}/custom-events"),
        lambda _: {"name": "custom.seat_map_opened", "description": "It was opened.", "fields": []},
        "custom_event.created",
    ),
    f"POST {V1}/custom-events/{{event_name}}/versions": Write(
        lambda b: f"{V1}/custom-events/{b.own_event()}/versions",
        lambda _: {"fields": [{"name": "seat", "type": "text"}]},
        "custom_event.changed",
    ),
    f"DELETE {V1}/custom-events/{{event_name}}": Write(
        lambda b: f"{V1}/custom-events/{b.own_event()}", audited="custom_event.retired"
    ),
    f"POST {V1}/custom-events/{{event_name}}/restore": Write(
        lambda b: f"{V1}/custom-events/{b.own_event(retired=True)}/restore", audited="custom_event.restored"
    ),
    f"POST {V1}/rejected-events/{{reject_id}}/replay": Write(
        lambda b: f"{V1}/rejected-events/{b.reject()}/replay", audited="rejected_event.replayed"
    ),
    f"POST {V1}/rejected-events/replay": Write(
        _at(f"{V1}/rejected-events/replay"), lambda b: {"ids": [b.reject()]}, "rejected_event.replayed"
    ),
    f"POST {V1}/rejected-events/discard": Write(
        _at(f"{V1}/rejected-events/discard"), lambda b: {"ids": [b.reject()]}, "rejected_event.discarded"
    ),
    f"POST {V1}/rejected-events/set-aside/{{entry_id}}/replay": Write(
        lambda b: f"{V1}/rejected-events/set-aside/{b.dead_entry()}/replay", audited="dead_entry.replayed"
    ),
    f"DELETE {V1}/rejected-events/set-aside/{{entry_id}}": Write(
        lambda b: f"{V1}/rejected-events/set-aside/{b.dead_entry()}", audited="dead_entry.discarded"
    ),
    f"POST {V1}/keys": Write(
        _at(f"{V1}/keys"), lambda _: {"kind": "server", "name": "new", "scopes": ["view_orders"]}, "key.created"
    ),
    f"POST {V1}/keys/{{key_id}}/rotate": Write(lambda b: f"{V1}/keys/{b.key()}/rotate", audited="key.rotated"),
    f"POST {V1}/keys/{{key_id}}/revoke": Write(lambda b: f"{V1}/keys/{b.key()}/revoke", audited="key.revoked"),
    f"POST {V1}/sites/{{site_id}}/write-key/rotate": Write(
        lambda b: f"{V1}/sites/{list_sites(b.marketplace.staff)[0].id}/write-key/rotate",
        audited="site.write_key_rotated",
    ),
    f"POST {V1}/sites/{{site_id}}/write-key/retire": Write(
        lambda b: f"{V1}/sites/{b.site()}/write-key/retire", audited="site.write_key_retired"
    ),
    f"PATCH {V1}/people/{{member_id}}": Write(
        lambda b: f"{V1}/people/{b.member()}", lambda _: {"role": "analyst"}, "member.changed"
    ),
    f"DELETE {V1}/people/{{member_id}}": Write(lambda b: f"{V1}/people/{b.member()}", audited="member.removed"),
    f"POST {V1}/people/invitations": Write(
        _at(f"{V1}/people/invitations"), lambda _: {"email": "x@y.example", "role": "analyst"}, "invitation.sent"
    ),
    f"POST {V1}/people/invitations/{{invitation_id}}/resend": Write(
        lambda b: f"{V1}/people/invitations/{b.invitation()}/resend", audited="invitation.resent"
    ),
    f"DELETE {V1}/people/invitations/{{invitation_id}}": Write(
        lambda b: f"{V1}/people/invitations/{b.invitation()}", audited="invitation.withdrawn"
    ),
    f"PUT {CATALOG}/organizers": Write(_at(f"{CATALOG}/organizers"), _rows(name="N", slug="n-1"), "organizer.upserted"),
    f"PUT {CATALOG}/venues": Write(_at(f"{CATALOG}/venues"), _rows(name="N", city="C", country="RO"), "venue.upserted"),
    f"PUT {CATALOG}/genres": Write(_at(f"{CATALOG}/genres"), _rows(name="N"), "genre.upserted"),
    f"PUT {CATALOG}/artists": Write(_at(f"{CATALOG}/artists"), _rows(name="N"), "artist.upserted"),
    f"PUT {CATALOG}/live-events": Write(
        _at(f"{CATALOG}/live-events"),
        _rows(title="N", slug="n-1", organizer_id="org-1", venue_id="v-1", starts_at=_soon(), currency="RON"),
        "live_event.upserted",
    ),
    f"PUT {CATALOG}/ticket-types": Write(
        _at(f"{CATALOG}/ticket-types"), _rows(name="N", live_event_id="ev-1", price="9.00"), "ticket_type.upserted"
    ),
    f"PUT {CATALOG}/ticket-links": Write(
        _at(f"{CATALOG}/ticket-links"),
        _rows(live_event_id="ev-1", seller="S", url="https://other.example/1"),
        "ticket_link.upserted",
    ),
    f"PUT {CATALOG}/products": Write(
        _at(f"{CATALOG}/products"),
        _rows(name="N", category="Vinyl", seller="S", currency="RON", price="9.00"),
        "product.upserted",
    ),
    f"PUT {CATALOG}/affiliates": Write(_at(f"{CATALOG}/affiliates"), _rows(name="N"), "affiliate.upserted"),
    f"PUT {CATALOG}/shop-orders": Write(
        _at(f"{CATALOG}/shop-orders"),
        lambda b: {"items": [{"external_id": "new", **b.shop_order()}]},
        "shop_order.upserted",
    ),
    f"PUT {CATALOG}/shipments": Write(
        _at(f"{CATALOG}/shipments"),
        lambda b: {"items": [{"external_id": "new", "shop_order_id": b.sold()}]},
        "shipment.upserted",
    ),
    f"PUT {CATALOG}/follows": Write(
        _at(f"{CATALOG}/follows"),
        lambda _: {"items": [{"person_id": "c-7", "subject_kind": "organizer", "subject_id": "org-1"}]},
        "person.tastes",
    ),
    f"PUT {CATALOG}/interests": Write(_at(f"{CATALOG}/interests"), lambda _: {"items": [_interest()]}, "person.tastes"),
    f"PUT {CATALOG}/persons": Write(_at(f"{CATALOG}/persons"), _rows(country="RO"), "person.upserted"),
    f"POST {V1}/persons/{{external_id}}/merge": Write(
        _at(f"{V1}/persons/c-7/merge"), lambda b: {"merged": b.double()}, "person.merge"
    ),
    f"POST {V1}/persons/{{external_id}}/unmerge": Write(
        lambda b: f"{V1}/persons/{b.merged()}/unmerge", audited="person.unmerge"
    ),
    f"POST {V1}/persons/{{external_id}}/visitor-decisions": Write(
        _at(f"{V1}/persons/c-7/visitor-decisions"),
        lambda b: {"visitor_id": b.visitor(), "state": "linked"},
        "visitor.link",
    ),
    f"POST {V1}/persons/duplicates/{{suggestion_id}}/dismiss": Write(
        lambda b: f"{V1}/persons/duplicates/{b.suggestion()}/dismiss", audited="person.not_duplicate"
    ),
    f"POST {CATALOG}/live-events/{{external_id}}/status": Write(
        _at(f"{CATALOG}/live-events/ev-1/status"),
        lambda _: {"status": "cancelled", "reason": "rain"},
        "live_event.changed",
    ),
}
