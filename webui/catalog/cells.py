"""What lists of the catalogue tell of a row beside its name: two facts, the second one muted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import gettext as _

from core.catalog.api import Kind
from webui import formats, session
from webui.catalog import words
from webui.words import State

Names = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Cell:
    """Two facts of a row, and its state where it has one; ``mono`` texts are ids."""

    first: str = ""
    second: str = ""
    state: State | None = None
    mono: bool = False


def of(kind: Kind, rows: Iterable[Mapping[str, Any]], names: Names) -> dict[str, Cell]:
    """External id → what to tell of each row; ``names`` are those of what they refer to, by kind."""
    return {row["external_id"]: _cell(kind.name, row, names) for row in rows}


def _cell(kind: str, row: Mapping[str, Any], names: Names) -> Cell:
    return _shop_cell(kind, row, names) if kind in SHOP else _stage_cell(kind, row, names)


SHOP = frozenset({"products", "ticket-links", "affiliates", "shop-orders", "shipments"})


def _stage_cell(kind: str, row: Mapping[str, Any], names: Names) -> Cell:
    if kind == "venues":
        people = _("%(count)s people", count=_number(row["capacity"])) if row["capacity"] else ""
        return Cell(f"{row['city']}, {words.country(row['country'])}", people)
    if kind == "artists":
        return Cell(", ".join(names["genres"].get(item, item) for item in row["genre_ids"]))
    if kind == "genres":
        others = (texts.get("name", "") for texts in row["translations"].values())
        return Cell(", ".join(text for text in others if text and text != row["name"]))
    if kind == "ticket-types":
        event = names["live-events"].get(row["live_event_id"], row["live_event_id"])
        sold = _("%(count)s sold", count=_number(row["sold"]))
        return Cell(event, f"{row['sale_price'] or row['price']} · {sold}")
    return Cell(row.get("slug", ""), mono=True)


def _shop_cell(kind: str, row: Mapping[str, Any], names: Names) -> Cell:
    if kind == "products":
        state = None if row["on_sale"] else State(_("Not on sale"), "calm")
        return Cell(_money(row["price"], row), row["category"], state)
    if kind == "ticket-links":
        event = names["live-events"].get(row["live_event_id"], row["live_event_id"])
        return Cell(event, _commission(row))
    if kind == "affiliates":
        return Cell(_commission(row), "", words.state(kind, row["status"]))
    if kind == "shipments":
        return Cell(row["carrier"] or "", row["shop_order_id"], words.state(kind, row["status"]))
    placed = formats.date_and_time(datetime.fromisoformat(row["placed_at"]), session.zone(), session.locale())
    return Cell(_money(row["gross"], row), placed, words.state(kind, row["status"]))


def _commission(row: Mapping[str, Any]) -> str:
    share = row["commission_percent"]
    return "" if share is None else _("%(share)s %% of a sale", share=formats.decimal(share, session.locale()))


def _money(amount: str, row: Mapping[str, Any]) -> str:
    return formats.money(amount, row["currency"], session.locale())


def _number(value: int) -> str:
    return formats.number(value, session.locale())
