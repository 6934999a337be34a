"""What holds for products, other sellers' links and orders of products beyond their fields: whose they are, lines."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from core.accounts.api import Actor
from core.catalog.drafts import Draft
from core.catalog.kinds import KINDS
from core.catalog.live_event_rules import UNKNOWN, check_organizer
from core.catalog.models import LiveEvent
from core.catalog.shop_models import Product, ShopOrderItem
from core.db.external_rows import insert_set
from core.money import format_amount


def check_products(_session: Session, actor: Actor, drafts: Sequence[Draft]) -> None:
    """Refuse products of others; what the marketplace sells itself has no organiser."""
    for draft in drafts:
        check_organizer(actor, draft, needed=False)


def check_ticket_links(session: Session, actor: Actor, drafts: Sequence[Draft]) -> None:
    """Refuse links for live events of others."""
    if actor.organizer_id is None:
        return
    ids = {draft.columns["live_event_id"] for draft in drafts}
    query = select(LiveEvent.id).where(
        LiveEvent.tenant_id == actor.tenant_id, LiveEvent.id.in_(ids), LiveEvent.organizer_id == actor.organizer_id
    )
    own = set(session.scalars(query))
    for draft in drafts:
        if draft.columns["live_event_id"] not in own:
            draft.refuse("/live_event_id", "unknown", UNKNOWN["live-events"])


def check_shop_orders(session: Session, actor: Actor, drafts: Sequence[Draft]) -> None:
    """Refuse lines of products that are not known."""
    wanted = {line["product_id"] for draft in drafts for line in draft.data["items"]}
    known = KINDS["products"].rows.ids(session, actor.tenant_id, wanted)
    for draft in drafts:
        for place, line in enumerate(draft.data["items"]):
            if line["product_id"] not in known:
                draft.refuse(f"/items/{place}/product_id", "unknown", UNKNOWN["products"])


def write_lines(session: Session, tenant_id: int, drafts: Sequence[Draft]) -> None:
    """Store the lines of orders of products in the place of those they had."""
    changed = [draft for draft in drafts if draft.data["items"] != draft.known.get("items", [])]
    if not changed:
        return
    ids = [draft.id for draft in changed]
    session.execute(
        delete(ShopOrderItem).where(ShopOrderItem.tenant_id == tenant_id, ShopOrderItem.shop_order_id.in_(ids))
    )
    wanted = {line["product_id"] for draft in changed for line in draft.data["items"]}
    products = KINDS["products"].rows.ids(session, tenant_id, wanted)
    rows = [
        {
            "tenant_id": tenant_id,
            "shop_order_id": draft.id,
            "line": line["line"],
            "product_id": products[line["product_id"]],
            "quantity": line["quantity"],
            "unit_price": line["unit_price"],
        }
        for draft in changed
        for line in draft.data["items"]
    ]
    insert_set(session, ShopOrderItem, rows)


def lines_of(session: Session, tenant_id: int, currencies: Mapping[int, str]) -> dict[int, list[dict[str, Any]]]:
    """Id of an order of products → its lines as the wire has them; ``currencies`` are the orders' own."""
    query = (
        select(ShopOrderItem, Product.external_id)
        .join(Product, Product.id == ShopOrderItem.product_id)
        .where(ShopOrderItem.tenant_id == tenant_id, ShopOrderItem.shop_order_id.in_(list(currencies)))
        .order_by(ShopOrderItem.shop_order_id, ShopOrderItem.id)
    )
    found: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for item, product in session.execute(query):
        price = format_amount(item.unit_price, currencies[item.shop_order_id])
        line = {"line": item.line, "product_id": product, "quantity": item.quantity, "unit_price": price}
        found[item.shop_order_id].append(line)
    return found
