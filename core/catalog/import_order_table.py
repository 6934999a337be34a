"""Orders of a block, column by column: lines put together, checked with the same rules as single orders."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise, repeat
from typing import Any

import orjson

from core.catalog.import_order_store import ORDERS
from core.catalog.import_person_table import NAMES, People, clean_consents, clean_people
from core.catalog.import_table import NOTHING, Table, clean_texts, copy_rows, copy_texts, kept, repeated
from core.catalog.order_fields import (
    MOST_ID,
    MOST_TICKETS,
    OPTIONAL,
    PRICES,
    TOTALS,
    ZERO,
    read_moment,
    summed,
)
from core.catalog.order_states import STATUSES
from core.money import MAX_AMOUNT, MoneyError, known_currency, parse_amount

PERSON, ITEM = "person.", "item."
NUMBER, EVENT = "external_id", "item.live_event_id"
# What says more than a cell can hold is read row by row.
ROW_BY_ROW = ("items", "refunds", "item.tickets")
PLAIN_REFUNDS = "[]"
Columns = Mapping[str, Sequence[Any]]
HEADS = ("external_id", *OPTIONAL, "status", "currency", "gross", "net", "placed_at", "status_at")
LINES = ("line", "live_event_id", "ticket_type_id", "quantity", *PRICES)


@dataclass(slots=True)
class OrderColumns:
    """The clean orders of a block: ``heads`` has one value an order, ``lines`` one a line.

    ``starts`` are the positions of the orders' first rows in the table, ``orders`` the number of the order of each line
    and ``places`` its place in there. ``wrong`` are the numbers of orders that have to be looked at row by row.
    """

    starts: list[int]
    orders: Sequence[int]
    places: Sequence[int]
    heads: dict[str, Sequence[str]]
    lines: dict[str, Sequence[str]]
    people: People
    buyers: Sequence[bool]
    consents: list[dict[str, Any] | None]
    wrong: set[int]


def suits_columns(table: Table) -> bool:
    """Whether the block has what orders need, and nothing that only a row can say."""
    columns = table.columns
    if NUMBER not in columns or EVENT not in columns:
        return False
    return not any(any(value != "" for value in columns.get(name, ())) for name in ROW_BY_ROW)


def rows_of_orders(table: Table, orders: OrderColumns) -> list[list[int]]:
    """The positions of the rows of every order."""
    ends = [*orders.starts[1:], len(table.lines)]
    return [list(range(start, end)) for start, end in zip(orders.starts, ends, strict=True)]


def clean_orders(table: Table) -> OrderColumns:
    """Put the lines of each order together and check them; nothing is taken that `read_order` would refuse."""
    starts, orders, places = _grouped(table)
    heads = {
        name: column if len(starts) == len(orders) else [column[at] for at in starts]
        for name, column in table.columns.items()
        if not name.startswith(ITEM)
    }
    people, buyers, wrong = _people(heads, len(starts))
    consents, wrongly_said = clean_consents(heads, len(starts))
    clean = OrderColumns(starts, orders, places, {}, {}, people, buyers, consents, wrong | wrongly_said)
    clean.wrong.update(orders[at] for at in table.wrong)
    _check_heads(heads, clean)
    _check_lines(table.columns, clean)
    _check_totals(heads, clean)
    return clean


def _grouped(table: Table) -> tuple[list[int], Sequence[int], Sequence[int]]:
    """Consecutive rows with the same number are one order; a row that cannot be read is an order of its own."""
    numbers = table.columns[NUMBER]
    if table.wrong:
        numbers = [("", at) if at in table.wrong else number for at, number in enumerate(numbers)]
    starts = [0, *(at for at, (one, next_one) in enumerate(pairwise(numbers), 1) if one != next_one)]
    if len(starts) == len(numbers):
        return starts, range(len(starts)), [0] * len(starts)
    orders: list[int] = []
    places: list[int] = []
    for order, (start, end) in enumerate(pairwise([*starts, len(numbers)])):
        orders += [order] * (end - start)
        places += range(end - start)
    return starts, orders, places


def _people(heads: Columns, count: int) -> tuple[People, Sequence[bool], set[int]]:
    """The buyers; orders without any are no mistake."""
    given = {name.removeprefix(PERSON): column for name, column in heads.items() if name.startswith(PERSON)}
    if not given:
        return {"external_id": [""] * count}, [False] * count, set()
    people, wrong = clean_people({name: given[name] for name in NAMES if name in given}, count)
    buyers = [any(value != "" for value in values) for values in zip(*given.values(), strict=True)]
    return people, buyers, {at for at in wrong if buyers[at]}


def _check_heads(heads: Columns, clean: OrderColumns) -> None:
    count = len(clean.starts)
    numbers = _ids(heads[NUMBER], MOST_ID, clean.wrong, required=True)
    clean.wrong |= repeated(numbers)
    clean.heads[NUMBER] = numbers
    for name, most in OPTIONAL.items():
        clean.heads[name] = _ids(heads[name], most, clean.wrong) if name in heads else [""] * count
    status = _exact(heads.get("status"), count, lambda text: text in STATUSES, clean.wrong)
    clean.heads["status"] = [text or "completed" for text in status]
    clean.wrong.update(at for at, text in enumerate(status) if text == "partially_refunded")
    currency = clean.heads["currency"] = _exact(heads.get("currency"), count, known_currency, clean.wrong)
    clean.wrong.update(at for at, text in enumerate(currency) if not text)
    for name in ("placed_at", "status_at"):
        clean.heads[name] = _moments(heads.get(name), count, clean.wrong)
    clean.wrong.update(at for at, text in enumerate(clean.heads["placed_at"]) if not text)


def _check_lines(columns: Columns, clean: OrderColumns) -> None:
    count, wrong = len(clean.orders), set[int]()
    for name in ("line", "live_event_id", "ticket_type_id"):
        column = columns.get(ITEM + name)
        required = name == "live_event_id"
        clean.lines[name] = _ids(column, MOST_ID, wrong, required=required) if column else [""] * count
    clean.lines["line"] = [
        text or str(place + 1) for text, place in zip(clean.lines["line"], clean.places, strict=True)
    ]
    if ITEM + "line" in columns and len(clean.starts) < count:
        wrong |= repeated(list(zip(clean.orders, clean.lines["line"], strict=True)))
    clean.lines["quantity"] = _quantities(columns.get(ITEM + "quantity"), count, wrong)
    currency = clean.heads["currency"]
    of_line = currency if len(clean.starts) == count else [currency[order] for order in clean.orders]
    for name in PRICES:
        amounts = _amounts(columns.get(ITEM + name), of_line, wrong)
        clean.lines[name] = [text or "0" for text in amounts]
    if columns.get(ITEM + PRICES[0]) is None:
        wrong.update(range(count))
    else:
        wrong.update(at for at, text in enumerate(columns[ITEM + PRICES[0]]) if text == "")
    clean.wrong.update(clean.orders[at] for at in wrong)


def _check_totals(heads: Columns, clean: OrderColumns) -> None:
    for name in TOTALS:
        clean.heads[name] = _amounts(heads.get(f"totals.{name}"), clean.heads["currency"], clean.wrong)
    if not all(clean.heads["gross"]):
        clean.heads["gross"] = _summed_where_missing(clean)
    gross, net = clean.heads["gross"], clean.heads["net"]
    clean.heads["net"] = [text or known for text, known in zip(net, gross, strict=True)]


def _summed_where_missing(clean: OrderColumns) -> list[str]:
    sums: dict[int, Decimal] = {}
    missing = {order for order, text in enumerate(clean.heads["gross"]) if not text} - clean.wrong
    for at, order in enumerate(clean.orders):
        if order in missing:
            prices = {name: Decimal(clean.lines[name][at]) for name in PRICES}
            sums[order] = sums.get(order, ZERO) + summed([{**prices, "quantity": int(clean.lines["quantity"][at])}])
    clean.wrong.update(order for order, total in sums.items() if total >= MAX_AMOUNT)
    texts = enumerate(clean.heads["gross"])
    return [text or format(max(sums.get(order, ZERO), ZERO), "f") for order, text in texts]


def _ids(column: Sequence[Any], most: int, wrong: set[int], *, required: bool = False) -> list[str]:
    def quick(texts: Sequence[str]) -> bool:
        return max(map(len, texts), default=0) <= most and "\0" not in "".join(texts)

    texts, refused = clean_texts(column, lambda text: len(text) <= most and "\0" not in text, quick)
    wrong.update(refused)
    if not all(texts):
        wrong.update(at for at, text in enumerate(texts) if not text and (required or column[at] != ""))
    return texts


def _exact(column: Sequence[Any] | None, count: int, right: Callable[[str], bool], wrong: set[int]) -> Sequence[str]:
    """Texts that have to be written as they are told, or not at all."""
    if column is None:
        return [""] * count
    refused = {text for text in set(column) if text != "" and not (isinstance(text, str) and right(text))}
    if not refused:
        return column
    wrong.update(at for at, text in enumerate(column) if text in refused)
    return ["" if text in refused else text for text in column]


def _moments(column: Sequence[Any] | None, count: int, wrong: set[int]) -> list[str]:
    if column is None:
        return [""] * count
    read = {text: read_moment(text) for text in set(column) if text != ""}
    moments = {"": "", **{text: moment.isoformat() if moment else "" for text, moment in read.items()}}
    if not all(read.values()):
        wrong.update(at for at, text in enumerate(column) if text != "" and not moments[text])
    return [moments[text] for text in column]


def _quantities(column: Sequence[Any] | None, count: int, wrong: set[int]) -> list[str]:
    if column is None:
        return ["1"] * count
    texts = {value: str(value) if type(value) is int and 1 <= value <= MOST_TICKETS else "" for value in set(column)}
    if not all(text for value, text in texts.items() if value != ""):
        wrong.update(at for at, value in enumerate(column) if value != "" and not texts[value])
    return [texts[value] or "1" for value in column]


def _amounts(column: Sequence[Any] | None, currency: Sequence[str], wrong: set[int]) -> list[str]:
    """Amounts as they were written, "" for those that are missing; each different one is read once a currency."""
    if column is None:
        return [""] * len(currency)
    pairs = list(zip(column, currency, strict=True))
    amounts = {(text, unit): _amount(text, unit) for text, unit in set(pairs)}
    if None in amounts.values():
        wrong.update(at for at, pair in enumerate(pairs) if amounts[pair] is None)
    return [amounts[pair] or "" for pair in pairs]


def _amount(text: Any, currency: str) -> str | None:
    if text == "":
        return ""
    try:
        parse_amount(text if isinstance(text, str) else "", currency or "EUR")
    except MoneyError:
        return None
    return str(text)


def order_rows(clean: OrderColumns, lines: Sequence[int]) -> bytes:
    """The orders that are right as rows for COPY; ``lines`` says where in the file each begins."""
    out, heads = clean.wrong, clean.heads
    count = len(clean.starts) - len(out)
    buyers = zip(clean.people["external_id"], clean.buyers, strict=True)
    columns = {
        **{name: heads[name] for name in HEADS},
        "person": [name if buys else "" for name, buys in buyers],
        "consent": [orjson.dumps(said).decode() if said else "" for said in clean.consents],
        "fees": [text or "0" for text in heads["fees"]],
        "discount": [text or "0" for text in heads["discount"]],
    }
    written: dict[str, Iterable[str]] = {name: _cells(kept(column, out)) for name, column in columns.items()}
    written["row"] = map(str, kept(lines, out))
    written["refunds"] = repeat(PLAIN_REFUNDS, count)
    return copy_rows([written[name] for name in ORDERS])


def item_rows(clean: OrderColumns, lines: Sequence[int]) -> bytes:
    """The lines of the orders that are right as rows for COPY."""
    out = {at for at, order in enumerate(clean.orders) if order in clean.wrong} if clean.wrong else set()
    starts = [str(lines[order]) for order in kept(clean.orders, out)]
    cells = [_cells(kept(clean.lines[name], out)) for name in LINES]
    return copy_rows([starts, map(str, kept(clean.places, out)), *cells])


def _cells(column: Sequence[str]) -> Iterable[str]:
    return copy_texts(column) if any(column) else repeat(NOTHING, len(column))
