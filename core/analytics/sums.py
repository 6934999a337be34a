"""The one statement that sums orders of whole hours, used for keeping sums and for hours that have none yet."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.orm import Session

SUMS = """
  SELECT :tenant AS tenant_id, sold.organizer_id, stale.hour, sold.currency, sold.orders, sold.tickets, sold.revenue
  FROM stale CROSS JOIN LATERAL (
    SELECT item.organizer_id, orders.currency,
      count(DISTINCT orders.id) AS orders,
      sum(item.quantity - coalesce(back.quantity, 0)) AS tickets,
      sum(item.quantity * item.unit_price - item.discount - coalesce(back.amount, 0)) AS revenue
    FROM orders
    JOIN order_items AS item ON item.tenant_id = orders.tenant_id AND item.order_id = orders.id
    LEFT JOIN LATERAL (
      SELECT sum(paid.quantity) AS quantity, sum(paid.amount) AS amount
      FROM order_transitions AS change, jsonb_to_recordset(change.refunds)
        AS paid (line text, quantity int, amount numeric)
      WHERE change.tenant_id = orders.tenant_id AND change.order_id = orders.id AND paid.line = item.line
    ) AS back ON orders.status = 'partially_refunded'
    WHERE orders.tenant_id = :tenant AND orders.status IN ('completed', 'partially_refunded')
      AND orders.placed_at >= stale.hour AND orders.placed_at < stale.hour + interval '1 hour'
    GROUP BY GROUPING SETS ((orders.currency, item.organizer_id), (orders.currency))
  ) AS sold
"""
"""Needs ``:tenant`` and a CTE ``stale (hour)``; gives a row per organiser and one, without, for the marketplace."""


def hour_by_hour(session: Session) -> None:
    """Have the rest of the transaction look up an hour's orders, then their lines, along the indexes.

    The planner knows none of the hours and takes each for a large part of all orders; left alone it reads every line
    that was ever sold.
    """
    for way in ("hashjoin", "mergejoin", "seqscan"):
        session.execute(text(f"SET LOCAL enable_{way} = off"))
