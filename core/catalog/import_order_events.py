"""Tells the rest of the house of imported orders, when that is asked for."""

from __future__ import annotations

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from core.accounts.api import tenant_view
from core.catalog.event_ids import order_event_id
from core.catalog.order_events import OrderEvent, emit_order_event
from core.catalog.order_lines import stored_lines
from core.catalog.order_models import Order
from core.catalog.order_states import COMPLETED

PAID = text("""
SELECT w.id, o.person FROM pg_temp.written_orders w JOIN pg_temp.incoming_orders o USING (row)
WHERE o.status IN ('completed', 'partially_refunded') ORDER BY w.id
""")


def tell_of_orders(session: Session, tenant_id: int) -> None:
    """Emit `order_completed` of the orders that this transaction imported and that are still paid.

    The event keeps the moment of the purchase; platforms refuse what is too old for them, and the log says so.
    """
    tenant = tenant_view(tenant_id)
    rows = session.execute(PAID).all()
    query = select(Order).where(Order.tenant_id == tenant_id, Order.id.in_([row.id for row in rows]))
    orders = {order.id: order for order in session.scalars(query)}
    for row in rows:
        order = orders[row.id]
        event_id = order_event_id(tenant.uuid_namespace, order.external_id, COMPLETED)
        lines = stored_lines(session, tenant_id, order.id)
        event = OrderEvent(COMPLETED, event_id, order.placed_at, lines, None, None, row.person)
        emit_order_event(session, tenant, order, event)
