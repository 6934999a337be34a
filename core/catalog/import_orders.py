"""Imports orders that happened: checked and encrypted beside the database, stored in sets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any

import orjson

from core.accounts.api import tenant_key
from core.catalog.import_mapping import AMOUNT, FLAG, INTEGER, LIST, MOMENT, TEXT, Shape
from core.catalog.import_order_store import FILLS, LOOKED_UP, OrderBlock, OrderConsent, store, store_buyers
from core.catalog.import_order_table import (
    OrderColumns,
    clean_orders,
    item_rows,
    order_rows,
    rows_of_orders,
    suits_columns,
)
from core.catalog.import_person_store import PersonBlock
from core.catalog.import_person_table import person_rows
from core.catalog.import_persons import SHAPE as PERSON_SHAPE
from core.catalog.import_persons import single_rows
from core.catalog.import_reading import Row
from core.catalog.import_sinks import Prepared, Reject, Sink, copy_line
from core.catalog.import_table import Table, kept, repeated
from core.catalog.order_fields import read_order
from core.catalog.person_fields import PURPOSES
from core.errors import FieldProblem

ITEM = {"line": TEXT, "live_event_id": TEXT, "ticket_type_id": TEXT, "quantity": INTEGER, "tickets": LIST}
SHAPE = Shape(
    {
        **dict.fromkeys(("external_id", "status", "currency", "visitor_id", "session_id"), TEXT),
        **dict.fromkeys(("promo_code", "affiliate_id"), TEXT),
        **dict.fromkeys(("placed_at", "status_at"), MOMENT),
        **{f"totals.{name}": AMOUNT for name in ("gross", "net", "fees", "discount")},
        **{f"item.{name}": kind for name, kind in ITEM.items()},
        **{f"item.{name}": AMOUNT for name in ("unit_price", "fees", "discount")},
        **{f"person.{name}": kind for name, kind in PERSON_SHAPE.fields.items() if not name.startswith("consent.")},
        **{f"consent.{purpose}": FLAG for purpose in PURPOSES},
        "consent.captured_at": MOMENT,
        "consent.copy_hash": TEXT,
        "items": TEXT,
        "refunds": TEXT,
    },
    group_by="external_id",
)
MOST_TOLD = 200_000
Entry = tuple[int, dict[str, Any], FieldProblem | None]
"""One order of the file: its line, what it says, or why it could not be read."""


@dataclass(slots=True)
class Singles:
    """Orders that were looked at one by one: rows for COPY, buyers with the lines of their orders, consent."""

    count: int = 0
    orders: list[str] = field(default_factory=list)
    items: list[str] = field(default_factory=list)
    tickets: list[str] = field(default_factory=list)
    people: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    consents: list[OrderConsent] = field(default_factory=list)

    def block(self, persons: PersonBlock) -> OrderBlock:
        """What of them is stored."""
        data = ["".join(part).encode() for part in (self.orders, self.items, self.tickets)]
        return OrderBlock(persons, self.count, data[0], data[1], data[2], self.consents)


def prepare(tenant_id: int, rows: Sequence[Row], options: Mapping[str, Any]) -> Prepared:
    """Put the lines of each order together, check the orders, encrypt the buyers."""
    prepared = Prepared(len(rows))
    singles = _one_by_one(_orders(rows), options["run"], prepared.rejects)
    merged = _merged(singles.people)
    prepared.payload = singles.block(PersonBlock(len(merged), single_rows(tenant_id, merged.values())))
    return prepared


def prepare_table(tenant_id: int, table: Table, options: Mapping[str, Any]) -> Prepared:
    """The same for columns; what is wrong, or more than columns can say, is looked at order by order."""
    count = len(table.lines)
    if not suits_columns(table):
        return prepare(tenant_id, [table.row(at) for at in range(count)], options)
    prepared = Prepared(count)
    clean = clean_orders(table)
    rows = rows_of_orders(table, clean) if clean.wrong else []
    entries = [entry for number in sorted(clean.wrong) for entry in _orders([table.row(at) for at in rows[number]])]
    singles = _one_by_one(entries, options["run"], prepared.rejects)
    lines = [table.lines[at] for at in clean.starts]
    block = singles.block(_people(tenant_id, clean, lines, singles, options["run"]))
    block.count += len(lines) - len(clean.wrong)
    block.orders += order_rows(clean, lines)
    block.items += item_rows(clean, lines)
    block.consents += _consents(clean, lines)
    prepared.payload = block
    return prepared


def _consents(clean: OrderColumns, lines: Sequence[int]) -> list[OrderConsent]:
    persons, visitors = clean.people["external_id"], clean.heads["visitor_id"]
    return [
        (lines[number], persons[number] or None, visitors[number] or None, said)
        for number, said in enumerate(clean.consents)
        if said and number not in clean.wrong
    ]


def _people(tenant_id: int, clean: OrderColumns, lines: Sequence[int], singles: Singles, run: str) -> PersonBlock:
    """The buyers of whom something new is said, each once; who is named twice is put together in the file's order."""
    told = _told_in(run)
    fresh: list[int] = []
    for number, said in enumerate(zip(*clean.people.values(), strict=True)):
        if said not in told and clean.buyers[number] and number not in clean.wrong:
            told.add(said)
            fresh.append(number)
    columns = {name: [column[number] for number in fresh] for name, column in clean.people.items()}
    named = {person["external_id"] for _, person in singles.people}
    twice = repeated(columns["external_id"])
    twice |= {at for at, name in enumerate(columns["external_id"]) if name in named}
    again = [(lines[fresh[at]], {name: column[at] for name, column in columns.items() if column[at]}) for at in twice]
    merged = _merged([*singles.people, *again])
    columns = {name: list(kept(column, twice)) for name, column in columns.items()}
    data = person_rows(tenant_key(tenant_id), columns) + single_rows(tenant_id, merged.values())
    return PersonBlock(len(columns["external_id"]) + len(merged), data)


def _merged(people: Iterable[tuple[int, dict[str, Any]]]) -> dict[str, dict[str, Any]]:
    merged: dict[str, dict[str, Any]] = {}
    for _, person in sorted(people, key=itemgetter(0)):
        merged.setdefault(person["external_id"], {}).update(person)
    return merged


def _one_by_one(entries: Iterable[Entry], run: str, rejects: list[Reject]) -> Singles:
    singles = Singles()
    seen: dict[str, int] = {}
    for line, sent, problem in entries:
        clean, problems = read_order(sent) if problem is None else ({}, [problem])
        if not problems and (first := seen.setdefault(clean["external_id"], line)) != line:
            message = f"line {first} has this number already; put them together"
            problems = [FieldProblem("/external_id", "unique", message)]
        if problems:
            rejects.append(Reject(line, tuple(problems)))
            continue
        _take(singles, line, clean, run)
    return singles


def _take(singles: Singles, line: int, clean: Mapping[str, Any], run: str) -> None:
    person = clean["person"]
    if person and _is_news(run, person):
        singles.people.append((line, person))
    singles.count += 1
    singles.orders.append(copy_line(_order_values(line, clean)))
    for position, item in enumerate(clean["items"]):
        singles.items.append(copy_line(_item_values(line, position, item)))
        singles.tickets += [copy_line((line, item["line"], ticket)) for ticket in item["tickets"]]
    if clean["consent"]:
        singles.consents.append((line, person and person["external_id"], clean["visitor_id"], clean["consent"]))


_told: dict[str, set[tuple[Any, ...]]] = {}


def _told_in(run: str) -> set[tuple[Any, ...]]:
    """What this process heard of buyers in a run: who buys often need not be encrypted often."""
    if run not in _told or len(_told[run]) >= MOST_TOLD:
        _told.clear()
        _told[run] = set()
    return _told[run]


def _is_news(run: str, person: Mapping[str, Any]) -> bool:
    told, said = _told_in(run), tuple(sorted(person.items()))
    if said in told:
        return False
    told.add(said)
    return True


def _orders(rows: Sequence[Row]) -> list[Entry]:
    """One entry per order: consecutive rows with the same number are its lines, unless they hold ``items``."""
    found: list[Entry] = []
    for row in rows:
        item = row.data.pop("item", None) if row.problem is None else None
        number = row.data.get("external_id")
        if item is not None and found and found[-1][1].get("external_id") == number and found[-1][2] is None:
            found[-1][1].setdefault("items", []).append(item)
        else:
            if item is not None:
                row.data["items"] = [item]
            found.append((row.line, row.data, row.problem))
    return found


def _order_values(line: int, clean: Mapping[str, Any]) -> tuple[Any, ...]:
    consent, totals = clean["consent"], clean["totals"]
    return (
        line,
        clean["external_id"],
        clean["person"] and clean["person"]["external_id"],
        clean["visitor_id"],
        clean["session_id"],
        clean["status"],
        clean["currency"],
        *(totals[name] for name in ("gross", "net", "fees", "discount")),
        orjson.dumps(consent).decode() if consent else None,
        clean["promo_code"],
        clean["affiliate_id"],
        clean["placed_at"],
        clean.get("status_at"),
        orjson.dumps(clean["refunds"]).decode(),
    )


def _item_values(line: int, position: int, item: Mapping[str, Any]) -> tuple[Any, ...]:
    names = ("line", "live_event_id", "ticket_type_id", "quantity", "unit_price", "fees", "discount")
    return (line, position, *(item[name] for name in names))


ORDER_ROWS = Sink(
    "orders", SHAPE, prepare, store, prepare_table=prepare_table, ahead=store_buyers, looked_up=LOOKED_UP, fills=FILLS
)
