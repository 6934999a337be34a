"""Stores blocks of orders that happened: set by set, each look-up before anything is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from core.catalog.import_order_events import tell_of_orders
from core.catalog.import_person_store import FILLS as PERSON_TABLES
from core.catalog.import_person_store import PersonBlock, complete_persons
from core.catalog.import_sinks import Reject, Stored, copy_into, insert
from core.catalog.person_fields import PURPOSES
from core.catalog.person_store import stay_clear_of_merges
from core.errors import FieldProblem
from core.privacy.api import ConsentStatement, record_statements

LOOKED_UP = ("live_events", "ticket_types")
FILLS = (*PERSON_TABLES, "orders")
FEW = 1_000
"""In smaller blocks each order is looked for."""
MONEY = "numeric(18, 4)"
ORDERS = {
    "row": "int",
    "external_id": "text",
    "person": "text",
    **dict.fromkeys(("visitor_id", "session_id", "status", "currency"), "text"),
    **dict.fromkeys(("gross", "net", "fees", "discount"), MONEY),
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
    **dict.fromkeys(("unit_price", "fees", "discount"), MONEY),
}
TICKETS = {"row": "int", "line": "text", "external_id": "text"}
WRITTEN = {"row": "int", "id": "bigint", "placed_at": "timestamptz", "holder": "bigint"}
WRITTEN_ITEMS = {"id": "bigint", "order_id": "bigint", "line": "text", "type": "bigint"}
OFFERS = {"live_event": "text", "ticket_type": "text", **dict.fromkeys(("event", "organizer", "type"), "bigint")}
EMPTY = {
    "written_orders": WRITTEN,
    "written_items": WRITTEN_ITEMS,
    "offers": OFFERS,
}

# What the lines refer to, each once; ticket types are "" where there is none, so that they can be joined.
FIND_OFFERS = text("""
INSERT INTO pg_temp.offers
SELECT i.live_event, i.ticket_type, e.id, e.organizer_id, t.id
FROM (SELECT DISTINCT live_event, coalesce(ticket_type, '') AS ticket_type FROM pg_temp.incoming_items) i
LEFT JOIN LATERAL (
  SELECT id, organizer_id FROM live_events WHERE tenant_id = :tenant AND external_id = i.live_event LIMIT 1) e ON true
LEFT JOIN LATERAL (
  SELECT id FROM ticket_types
  WHERE tenant_id = :tenant AND external_id = i.ticket_type AND live_event_id = e.id LIMIT 1) t ON true
""")
UNKNOWN = text("""
SELECT i.row, i.position, i.live_event, i.ticket_type, o.event IS NULL AS no_event
FROM pg_temp.offers o JOIN pg_temp.incoming_items i
  ON i.live_event = o.live_event AND coalesce(i.ticket_type, '') = o.ticket_type
WHERE o.event IS NULL OR (o.ticket_type <> '' AND o.type IS NULL)
ORDER BY i.row, i.position
""")
DROP = "DELETE FROM pg_temp.{table} WHERE row = ANY(cast(:rows AS int[]))"
# What was there before: the same, or something else under the same number.
KNOWN = text("""
SELECT i.row, o.currency = i.currency AND o.gross = i.gross AS same
FROM pg_temp.incoming_orders i CROSS JOIN LATERAL (
  SELECT currency, gross FROM orders WHERE tenant_id = :tenant AND external_id = i.external_id LIMIT 1) o
WHERE NOT EXISTS (SELECT 1 FROM pg_temp.written_orders w WHERE w.row = i.row)
""")
# Whether to expect any: a block of new orders need not look for each of them, as inserting finds the few there may be.
SOME_KNOWN = text("""
SELECT EXISTS (
  SELECT 1 FROM (SELECT external_id FROM pg_temp.incoming_orders WHERE row % 50 = 0 OR :few) i CROSS JOIN LATERAL (
    SELECT 1 FROM orders WHERE tenant_id = :tenant AND external_id = i.external_id LIMIT 1) o)
""")
WRITE_ORDERS = """
WITH written AS (
  INSERT INTO orders (tenant_id, external_id, person_id, original_person_id, visitor_id, session_id, status, currency,
                      gross, net, fees, discount, consent, promo_code, affiliate_id, placed_at)
  SELECT :tenant, o.external_id, coalesce(b.root_id, b.id), CASE WHEN b.root_id IS NOT NULL THEN b.id END,
         o.visitor_id, o.session_id, o.status, o.currency, o.gross, o.net, o.fees, o.discount, o.consent,
         o.promo_code, o.affiliate_id, o.placed_at
  FROM pg_temp.incoming_orders o LEFT JOIN LATERAL (
    SELECT id, root_id FROM persons WHERE tenant_id = :tenant AND external_id = o.person LIMIT 1) b ON true
  ORDER BY o.external_id
  {conflict}
  RETURNING id, external_id, placed_at, person_id
)
INSERT INTO pg_temp.written_orders (row, id, placed_at, holder)
SELECT o.row, w.id, w.placed_at, w.person_id FROM written w JOIN pg_temp.incoming_orders o USING (external_id)
"""
INSERT_ORDERS = text(WRITE_ORDERS.format(conflict=""))
INSERT_MISSING_ORDERS = text(WRITE_ORDERS.format(conflict="ON CONFLICT (tenant_id, external_id) DO NOTHING"))
MISSED = text("""
SELECT (SELECT count(*) FROM pg_temp.incoming_orders) > (SELECT count(*) FROM pg_temp.written_orders)
""")
WRITE_ITEMS = """
INSERT INTO order_items (tenant_id, order_id, line, live_event_id, organizer_id, ticket_type_id, quantity, unit_price,
                         fees, discount, placed_at)
SELECT :tenant, w.id, i.line, o.event, o.organizer, o.type, i.quantity, i.unit_price, i.fees, i.discount, w.placed_at
FROM pg_temp.incoming_items i
JOIN pg_temp.written_orders w USING (row)
JOIN pg_temp.offers o ON i.live_event = o.live_event AND coalesce(i.ticket_type, '') = o.ticket_type
ORDER BY w.id, i.position
"""
INSERT_ITEMS = text(WRITE_ITEMS)
INSERT_ITEMS_OF_TICKETS = text(f"""
WITH written AS ({WRITE_ITEMS} RETURNING id, order_id, line, ticket_type_id)
INSERT INTO pg_temp.written_items SELECT id, order_id, line, ticket_type_id FROM written
""")  # noqa: S608 - constants of this module
INSERT_TICKETS = text("""
INSERT INTO tickets (tenant_id, external_id, order_item_id, ticket_type_id, holder_id, status)
SELECT :tenant, t.external_id, i.id, i.type, w.holder,
       CASE o.status WHEN 'cancelled' THEN 'cancelled' WHEN 'refunded' THEN 'refunded'
                     WHEN 'charged_back' THEN 'refunded' ELSE 'valid' END
FROM pg_temp.incoming_tickets t
JOIN pg_temp.written_orders w USING (row)
JOIN pg_temp.incoming_orders o USING (row)
JOIN pg_temp.written_items i ON i.order_id = w.id AND i.line = t.line
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
  SELECT id FROM ticket_types WHERE tenant_id = :tenant AND id IN (SELECT type FROM pg_temp.offers)
  ORDER BY id FOR NO KEY UPDATE) locked
"""),
    text("""
UPDATE ticket_types t SET sold = t.sold + s.sold
FROM (SELECT o.type, sum(i.quantity) AS sold FROM pg_temp.incoming_items i
      JOIN pg_temp.written_orders w USING (row)
      JOIN pg_temp.offers o ON i.live_event = o.live_event AND i.ticket_type = o.ticket_type GROUP BY 1) s
WHERE t.tenant_id = :tenant AND t.id = s.type
"""),
)


OrderConsent = tuple[int, str | None, str | None, dict[str, Any]]
"""Line of the order, its buyer, its visitor, and what was agreed to."""


@dataclass(slots=True)
class OrderBlock:
    """Orders of one block as rows for COPY, their buyers, and what was agreed to with them."""

    persons: PersonBlock
    count: int
    orders: bytes = b""
    items: bytes = b""
    tickets: bytes = b""
    consents: list[OrderConsent] = field(default_factory=list)


def store_buyers(session: Session, tenant_id: int, block: OrderBlock) -> None:
    """Store a block's buyers before its orders: a buyer without an order yet does no harm, and is known next time."""
    stay_clear_of_merges(session, tenant_id)
    complete_persons(session, tenant_id, block.persons)
    block.persons = PersonBlock(0, b"")


def store(session: Session, tenant_id: int, block: OrderBlock, options: Mapping[str, Any]) -> Stored:
    """Store a block of orders; with the option ``deliver`` those that were paid are told to the platforms."""
    if not block.count:
        return Stored()
    values = {"tenant": tenant_id}
    stay_clear_of_merges(session, tenant_id)
    _stage(session, block)
    session.execute(FIND_OFFERS, values)
    unknown = [_reject(row) for row in session.execute(UNKNOWN, values)]
    _drop(session, [item.line for item in unknown])
    known = _look(session, values) if session.scalar(SOME_KNOWN, {**values, "few": block.count < FEW}) else {}
    complete_persons(session, tenant_id, block.persons)
    if block.count > len({item.line for item in unknown}) + len(known):
        known |= _write(session, block, values)
    left_out = {item.line for item in unknown} | set(known)
    _record_consents(session, tenant_id, [entry for entry in block.consents if entry[0] not in left_out])
    if options.get("deliver"):
        tell_of_orders(session, tenant_id)
    for statement in COUNT_SOLD:
        session.execute(statement, values)
    other = [_exists(row) for row, same in known.items() if not same]
    return Stored(new=block.count - len(left_out), known=len(known) - len(other), rejects=[*unknown, *other])


def _stage(session: Session, block: OrderBlock) -> None:
    copy_into(session, "incoming_orders", ORDERS, block.orders)
    copy_into(session, "incoming_items", ITEMS, block.items)
    copy_into(session, "incoming_tickets", TICKETS, block.tickets)
    for table, columns in EMPTY.items():
        copy_into(session, table, columns, b"")


def _write(session: Session, block: OrderBlock, values: Mapping[str, Any]) -> dict[int, bool]:
    """Insert what is left; returns the rows of orders that somebody else stored since we looked, and if they agree."""
    insert(session, INSERT_ORDERS, INSERT_MISSING_ORDERS, values)
    missed = session.scalar(MISSED)
    if block.tickets:
        session.execute(INSERT_ITEMS_OF_TICKETS, values)
        session.execute(INSERT_TICKETS, values)
    else:
        session.execute(INSERT_ITEMS, values)
    session.execute(INSERT_STEPS, values)
    return {row.row: row.same for row in session.execute(KNOWN, values)} if missed else {}


def _look(session: Session, values: Mapping[str, Any]) -> dict[int, bool]:
    """Leave out orders that are stored; returns their rows and whether they are the same."""
    known = {row.row: row.same for row in session.execute(KNOWN, values)}
    _drop(session, list(known))
    return known


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


def _record_consents(session: Session, tenant_id: int, entries: Sequence[OrderConsent]) -> None:
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
