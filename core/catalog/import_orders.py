"""Imports orders that happened: checked beside the database, stored in sets with lines, tickets and buyers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import text
from sqlalchemy.orm import Session

from core.catalog.import_mapping import AMOUNT, FLAG, INTEGER, LIST, MOMENT, TEXT, Shape
from core.catalog.import_order_events import tell_of_orders
from core.catalog.import_person_store import PersonBlock, complete_persons
from core.catalog.import_persons import SHAPE as PERSON_SHAPE
from core.catalog.import_persons import single_rows
from core.catalog.import_reading import Row
from core.catalog.import_sinks import Prepared, Reject, Sink, Stored, copy_into, copy_line
from core.catalog.order_fields import read_order
from core.catalog.person_fields import PURPOSES
from core.catalog.person_store import stay_clear_of_merges
from core.errors import FieldProblem
from core.privacy.api import ConsentStatement, record_statements

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
ORDERS = {
    "row": "int",
    "external_id": "text",
    "person": "text",
    **dict.fromkeys(("visitor_id", "session_id", "status", "currency"), "text"),
    **dict.fromkeys(("gross", "net", "fees", "discount"), "numeric"),
    "consent": "jsonb",
    "promo_code": "text",
    "affiliate_id": "text",
    "placed_at": "timestamptz",
    "status_at": "timestamptz",
    "refunds": "jsonb",
}
ITEMS = {
    "row": "int",
    "position": "int",
    "line": "text",
    "live_event": "text",
    "ticket_type": "text",
    "quantity": "int",
    **dict.fromkeys(("unit_price", "fees", "discount"), "numeric"),
}
TICKETS = {"row": "int", "line": "text", "external_id": "text"}
MOST_TOLD = 200_000
WRITTEN = {"row": "int", "id": "bigint", "placed_at": "timestamptz", "holder": "bigint"}

UNKNOWN = text("""
SELECT i.row, i.position, i.live_event, i.ticket_type, e.id IS NULL AS no_event
FROM pg_temp.incoming_items i
LEFT JOIN live_events e ON e.tenant_id = :tenant AND e.external_id = i.live_event
LEFT JOIN ticket_types t ON t.tenant_id = :tenant AND t.external_id = i.ticket_type AND t.live_event_id = e.id
WHERE e.id IS NULL OR (i.ticket_type IS NOT NULL AND t.id IS NULL)
ORDER BY i.row, i.position
""")
DROP = "DELETE FROM pg_temp.{table} WHERE row = ANY(cast(:rows AS int[]))"
INSERT_ORDERS = text("""
WITH written AS (
  INSERT INTO orders (tenant_id, external_id, person_id, original_person_id, visitor_id, session_id, status, currency,
                      gross, net, fees, discount, consent, promo_code, affiliate_id, placed_at)
  SELECT :tenant, o.external_id, coalesce(p.root_id, p.id), CASE WHEN p.root_id IS NOT NULL THEN p.id END,
         o.visitor_id, o.session_id, o.status, o.currency, o.gross, o.net, o.fees, o.discount, o.consent, o.promo_code,
         o.affiliate_id, o.placed_at
  FROM pg_temp.incoming_orders o LEFT JOIN persons p ON p.tenant_id = :tenant AND p.external_id = o.person
  ORDER BY o.external_id
  ON CONFLICT (tenant_id, external_id) DO NOTHING
  RETURNING id, external_id, placed_at, person_id
)
INSERT INTO pg_temp.written_orders (row, id, placed_at, holder)
SELECT o.row, w.id, w.placed_at, w.person_id FROM written w JOIN pg_temp.incoming_orders o USING (external_id)
""")
# What was there before: the same, or something else under the same number.
KNOWN = text("""
SELECT i.row, o.currency = i.currency AND o.gross = i.gross AS same
FROM pg_temp.incoming_orders i JOIN orders o ON o.tenant_id = :tenant AND o.external_id = i.external_id
WHERE NOT EXISTS (SELECT 1 FROM pg_temp.written_orders w WHERE w.row = i.row)
""")
INSERT_ITEMS = text("""
INSERT INTO order_items (tenant_id, order_id, line, live_event_id, organizer_id, ticket_type_id, quantity, unit_price,
                         fees, discount, placed_at)
SELECT :tenant, w.id, i.line, e.id, e.organizer_id, t.id, i.quantity, i.unit_price, i.fees, i.discount, w.placed_at
FROM pg_temp.incoming_items i
JOIN pg_temp.written_orders w USING (row)
JOIN live_events e ON e.tenant_id = :tenant AND e.external_id = i.live_event
LEFT JOIN ticket_types t ON t.tenant_id = :tenant AND t.external_id = i.ticket_type
ORDER BY i.row, i.position
""")
INSERT_TICKETS = text("""
INSERT INTO tickets (tenant_id, external_id, order_item_id, ticket_type_id, holder_id, status)
SELECT :tenant, t.external_id, i.id, i.ticket_type_id, w.holder,
       CASE o.status WHEN 'cancelled' THEN 'cancelled' WHEN 'refunded' THEN 'refunded'
                     WHEN 'charged_back' THEN 'refunded' ELSE 'valid' END
FROM pg_temp.incoming_tickets t
JOIN pg_temp.written_orders w USING (row)
JOIN pg_temp.incoming_orders o USING (row)
JOIN order_items i ON i.tenant_id = :tenant AND i.order_id = w.id AND i.line = t.line
ORDER BY t.external_id
ON CONFLICT (tenant_id, external_id) DO NOTHING
""")
INSERT_STEPS = text("""
INSERT INTO order_transitions (tenant_id, order_id, transition_id, status, refunds, occurred_at)
SELECT :tenant, w.id, 'import', o.status, o.refunds, coalesce(o.status_at, o.placed_at)
FROM pg_temp.incoming_orders o JOIN pg_temp.written_orders w USING (row)
WHERE o.status NOT IN ('pending', 'completed')
""")
# Last, and in one order: whoever sells the same tickets now waits for this transaction.
COUNT_SOLD = (
    text("""
SELECT count(*) FROM (
  SELECT id FROM ticket_types
  WHERE tenant_id = :tenant AND external_id IN (SELECT ticket_type FROM pg_temp.incoming_items)
  ORDER BY id FOR NO KEY UPDATE) locked
"""),
    text("""
UPDATE ticket_types t SET sold = t.sold + s.sold
FROM (SELECT i.ticket_type, sum(i.quantity) AS sold FROM pg_temp.incoming_items i
      JOIN pg_temp.written_orders w USING (row) WHERE i.ticket_type IS NOT NULL GROUP BY 1) s
WHERE t.tenant_id = :tenant AND t.external_id = s.ticket_type
"""),
)


@dataclass(slots=True)
class OrderBlock:
    """Orders of one block as rows for COPY, their buyers, and what was agreed to with them."""

    persons: PersonBlock
    orders: bytes = b""
    items: bytes = b""
    tickets: bytes = b""
    consents: list[tuple[int, str | None, str | None, dict[str, Any]]] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)


def prepare(tenant_id: int, rows: Sequence[Row], options: Mapping[str, Any]) -> Prepared:
    """Put the lines of each order together, check the orders, encrypt the buyers."""
    prepared = Prepared(len(rows))
    persons: dict[str, dict[str, Any]] = {}
    seen: dict[str, int] = {}
    orders, items, tickets, consents, lines = [], [], [], [], []
    for line, sent, problem in _orders(rows):
        clean, problems = read_order(sent) if problem is None else ({}, [problem])
        if not problems and (first := seen.setdefault(clean["external_id"], line)) != line:
            problems = [
                FieldProblem("/external_id", "unique", f"line {first} has this number already; put them together")
            ]
        if problems:
            prepared.rejects.append(Reject(line, tuple(problems)))
            continue
        person = clean["person"]
        if person and _is_news(options["run"], person):
            persons.setdefault(person["external_id"], {}).update(person)
        lines.append(line)
        orders.append(copy_line(_order_values(line, clean)))
        for position, item in enumerate(clean["items"]):
            items.append(copy_line(_item_values(line, position, item)))
            tickets += [copy_line((line, item["line"], ticket)) for ticket in item["tickets"]]
        if clean["consent"]:
            consents.append((line, person and person["external_id"], clean["visitor_id"], clean["consent"]))
    people = PersonBlock(len(persons), single_rows(tenant_id, persons.values()))
    data = ["".join(part).encode() for part in (orders, items, tickets)]
    prepared.payload = OrderBlock(people, data[0], data[1], data[2], consents, lines)
    return prepared


_told: set[tuple[Any, ...]] = set()


def _is_news(run: str, person: Mapping[str, Any]) -> bool:
    """Whether this is prepared for the first time in a run and process; who buys often need not be encrypted often."""
    said = (run, *sorted(person.items()))
    if said in _told:
        return False
    if len(_told) >= MOST_TOLD:
        _told.clear()
    _told.add(said)
    return True


def _orders(rows: Sequence[Row]) -> list[tuple[int, dict[str, Any], FieldProblem | None]]:
    """One entry per order: consecutive rows with the same number are its lines, unless they hold ``items``."""
    found: list[tuple[int, dict[str, Any], FieldProblem | None]] = []
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


def store(session: Session, tenant_id: int, block: OrderBlock, options: Mapping[str, Any]) -> Stored:
    """Store a block of orders; with the option ``deliver`` those that were paid are told to the platforms."""
    if not block.lines:
        return Stored()
    values = {"tenant": tenant_id}
    stay_clear_of_merges(session, tenant_id)
    copy_into(session, "incoming_orders", ORDERS, block.orders)
    copy_into(session, "incoming_items", ITEMS, block.items)
    copy_into(session, "incoming_tickets", TICKETS, block.tickets)
    copy_into(session, "written_orders", WRITTEN, b"")
    unknown = [_reject(row) for row in session.execute(UNKNOWN, values)]
    _drop(session, [item.line for item in unknown])
    complete_persons(session, tenant_id, block.persons)
    session.execute(INSERT_ORDERS, values)
    session.execute(text("ANALYZE pg_temp.written_orders"))
    known = session.execute(KNOWN, values).all()
    for statement in (INSERT_ITEMS, INSERT_TICKETS, INSERT_STEPS):
        session.execute(statement, values)
    left_out = {item.line for item in unknown} | {row.row for row in known}
    _record_consents(session, tenant_id, [entry for entry in block.consents if entry[0] not in left_out])
    if options.get("deliver"):
        tell_of_orders(session, tenant_id)
    for statement in COUNT_SOLD:
        session.execute(statement, values)
    other = [_exists(row.row) for row in known if not row.same]
    new = len(block.lines) - len(left_out)
    return Stored(new=new, known=len(known) - len(other), rejects=[*unknown, *other])


def _drop(session: Session, rows: list[int]) -> None:
    if rows:
        for table in ("incoming_orders", "incoming_items", "incoming_tickets"):
            session.execute(text(DROP.format(table=table)), {"rows": sorted(set(rows))})


def _reject(row: Any) -> Reject:
    if row.no_event:
        message = f"no live event {row.live_event!r} in the catalogue; import it first"
        return Reject(row.row, (FieldProblem(f"/items/{row.position}/live_event_id", "exists", message),))
    message = f"no ticket type {row.ticket_type!r} of this live event in the catalogue; import it first"
    return Reject(row.row, (FieldProblem(f"/items/{row.position}/ticket_type_id", "exists", message),))


def _exists(row: int) -> Reject:
    message = "an order of this number is stored with another amount; change it through the orders API"
    return Reject(row, (FieldProblem("/external_id", "same", message),))


def _record_consents(
    session: Session, tenant_id: int, entries: Sequence[tuple[int, str | None, str | None, dict[str, Any]]]
) -> None:
    statements = []
    for _, person, visitor, said in entries:
        purposes = {name: said[name] for name in PURPOSES if isinstance(said.get(name), bool)}
        when = datetime.fromisoformat(said["captured_at"])
        statements += [
            ConsentStatement(kind, subject, purposes, "import", when, said.get("copy_hash"))
            for kind, subject in (("person", person), ("visitor", visitor))
            if subject
        ]
    record_statements(session, tenant_id, statements)


ORDER_ROWS = Sink("orders", SHAPE, prepare, store)
