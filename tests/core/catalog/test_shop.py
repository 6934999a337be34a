"""The shop beside the tickets by API: products, other sellers, partners, orders of products, parcels."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from core.catalog.api import KINDS, list_rows, merge_persons, unmerge_person
from tests.core.catalog.backend import Backend, pointers
from tests.core.catalog.catalogue import CATALOG, EXAMPLES, SHOP_ORDER, STARTS, get, problems, put, taken
from tests.marketplace import Marketplace


def ids(page: dict[str, Any]) -> list[str]:
    return [row["external_id"] for row in page["items"]]


def shop_order(number: int = 9, **changes: Any) -> dict[str, Any]:
    return {**SHOP_ORDER, "external_id": f"so-{number}", **changes}


@pytest.fixture
def shop(backend: Backend) -> Backend:
    """A backend whose shop has one product."""
    assert taken(put(backend, "products", [EXAMPLES["products"]])) == ["created"]
    return backend


def test_an_order_of_products_keeps_its_lines_until_they_are_sent_anew(shop: Backend) -> None:
    assert taken(put(shop, "shop-orders", [SHOP_ORDER])) == ["created"]
    stored = get(shop, "shop-orders/so-9")
    assert (stored["items"], stored["gross"]) == (SHOP_ORDER["items"], "255.00")
    assert taken(put(shop, "shop-orders", [stored])) == ["unchanged"]
    assert taken(put(shop, "shop-orders", [{"external_id": "so-9", "status": "refunded"}])) == ["updated"]
    assert get(shop, "shop-orders/so-9")["items"] == stored["items"]
    other = [{"line": "1", "product_id": "p-9", "quantity": 1, "unit_price": "120"}]
    assert taken(put(shop, "shop-orders", [{"external_id": "so-9", "items": other}])) == ["updated"]
    assert [line["quantity"] for line in get(shop, "shop-orders/so-9")["items"]] == [1]
    assert len(shop.rows("shop_order_items")) == 1


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"items": []}, ("/items", "schema")),
        ({"items": [{**SHOP_ORDER["items"][0], "product_id": "none"}]}, ("/items/0/product_id", "unknown")),
        ({"items": [{**SHOP_ORDER["items"][0], "unit_price": "1.234"}]}, ("/items/0/unit_price", "schema")),
        ({"items": [{**SHOP_ORDER["items"][0], "quantity": 0}]}, ("/items/0/quantity", "schema")),
        ({"items": SHOP_ORDER["items"] * 2}, ("/items", "schema")),
        ({"person_id": "nobody"}, ("/person_id", "unknown")),
        ({"gross": "-1"}, ("/gross", "schema")),
        ({"status": "lost"}, ("/status", "schema")),
    ],
    ids=["no-lines", "product", "decimals", "quantity", "same-line", "person", "amount", "status"],
)
def test_what_is_wrong_with_an_order_of_products_is_named(
    shop: Backend, change: dict[str, Any], found: tuple[str, str]
) -> None:
    answer = put(shop, "shop-orders", [shop_order(**change), shop_order(10)])
    assert taken(answer) == ["rejected", "created"]
    assert problems(answer) == [found]


def test_orders_of_products_are_listed_newest_first_in_pages(shop: Backend) -> None:
    rows = [shop_order(number, placed_at=(STARTS + timedelta(hours=number)).isoformat()) for number in range(5)]
    assert set(taken(put(shop, "shop-orders", rows))) == {"created"}
    first = get(shop, "shop-orders", limit=3)
    second = get(shop, "shop-orders", limit=3, cursor=first["next_cursor"])
    assert ids(first) + ids(second) == ["so-4", "so-3", "so-2", "so-1", "so-0"]
    until = (STARTS + timedelta(hours=2)).isoformat()
    assert ids(get(shop, "shop-orders", to=until)) == ["so-1", "so-0"]
    assert ids(get(shop, "shop-orders", search="so 3")) == ["so-3"]


def test_orders_of_products_follow_persons_that_are_merged_and_back(shop: Backend) -> None:
    put(shop, "persons", [{"external_id": "c-1"}, {"external_id": "c-2"}])
    put(shop, "shop-orders", [shop_order(1, person_id="c-1"), shop_order(2, person_id="c-2")])
    merge_persons(shop.marketplace.staff, "c-1", "c-2")
    assert ids(get(shop, "shop-orders", person_id="c-1")) == ids(get(shop, "shop-orders", person_id="c-2"))
    assert len(ids(get(shop, "shop-orders", person_id="c-1"))) == 2
    unmerge_person(shop.marketplace.staff, "c-2")
    assert ids(get(shop, "shop-orders", person_id="c-1")) == ["so-1"]


def test_parcels_belong_to_an_order_of_products(shop: Backend) -> None:
    put(shop, "shop-orders", [SHOP_ORDER])
    sent = {"shipped_at": STARTS.isoformat(), "delivered_at": (STARTS - timedelta(days=1)).isoformat()}
    parcel = {"external_id": "pa-1", "shop_order_id": "so-9", "carrier": "Post", "tracking_number": "RO1"}
    rows = [parcel, {**parcel, "external_id": "pa-2", "shop_order_id": "none"}, {**parcel, "external_id": "3", **sent}]
    answer = put(shop, "shipments", rows)
    assert taken(answer) == ["created", "rejected", "rejected"]
    assert problems(answer, 1) == [("/shop_order_id", "unknown")]
    assert problems(answer, 2) == [("/delivered_at", "schema")]
    assert ids(get(shop, "shipments", shop_order_id="so-9")) == ids(get(shop, "shipments", search="post")) == ["pa-1"]


@pytest.mark.parametrize(
    ("utm", "pointer"),
    [({"source": 7}, "/utm/source"), ({"colour": "red"}, "/utm/colour"), ("text", "/utm")],
    ids=["number", "unknown", "text"],
)
def test_parts_of_a_link_are_texts_with_known_names(backend: Backend, utm: Any, pointer: str) -> None:
    answer = put(backend, "ticket-links", [{**EXAMPLES["ticket-links"], "utm": utm}])
    assert problems(answer) == [(pointer, "schema")]


def test_an_organiser_changes_its_own_products_and_links_only(shop: Backend) -> None:
    key, other = (shop.marketplace.organizer_keys[name] for name in ("org-1", "org-2"))
    theirs = {**EXAMPLES["products"], "external_id": "p-2", "organizer_id": "org-2"}
    house = {**EXAMPLES["products"], "external_id": "p-3", "organizer_id": None}
    assert taken(put(shop, "products", [theirs, house])) == ["created", "created"]
    mine = {**EXAMPLES["products"], "external_id": "p-4"}
    answer = put(
        shop, "products", [{**mine, "organizer_id": None}, theirs, house, {**mine, "external_id": "p-5"}], other
    )
    assert taken(answer) == ["created", "unchanged", "rejected", "rejected"]
    assert problems(answer, 2) == [("/external_id", "foreign")]
    assert problems(answer, 3) == [("/organizer_id", "unknown")]
    assert get(shop, "products/p-4", other)["organizer_id"] == "org-2"
    assert ids(get(shop, "products", key)) == ["p-9"]
    link = EXAMPLES["ticket-links"]
    answer = put(shop, "ticket-links", [link], other)
    assert problems(answer) == [("/live_event_id", "unknown")]
    assert taken(put(shop, "ticket-links", [link], key)) == ["created"]
    assert problems(put(shop, "ticket-links", [link], other)) == [("/external_id", "foreign")]
    assert ids(get(shop, "ticket-links", other)) == []


@pytest.mark.parametrize("kind", ["affiliates", "shop-orders", "shipments"])
def test_what_is_the_marketplaces_own_is_hidden_from_organisers(shop: Backend, kind: str) -> None:
    put(shop, "shop-orders", [SHOP_ORDER])
    put(shop, "affiliates", [EXAMPLES["affiliates"]])
    put(shop, "shipments", [{"external_id": "pa-1", "shop_order_id": "so-9"}])
    key = shop.marketplace.organizer_keys["org-1"]
    (row,) = get(shop, kind)["items"]
    assert list_rows(shop.marketplace.organizer("org-1"), KINDS[kind]).items == []
    headers = shop.marketplace.bearer(key)
    for path in (kind, f"{kind}/{row['external_id']}"):
        assert pointers(shop.client.get(f"{CATALOG}/{path}", headers=headers), 403) == []
    assert pointers(put(shop, kind, [row], key), 403) == []


def test_another_marketplace_has_a_shop_of_its_own(shop: Backend, other_marketplace: Marketplace) -> None:
    answer = put(shop, "shop-orders", [SHOP_ORDER], other_marketplace.server_key)
    assert problems(answer) == [("/items/0/product_id", "unknown")]
    assert ids(get(shop, "products", other_marketplace.server_key)) == []
