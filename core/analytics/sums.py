"""The one statement that sums orders of whole hours, used for keeping sums and for hours that have none yet."""

SUMS = """
  SELECT orders.tenant_id, item.organizer_id, stale.hour, orders.currency,
    count(DISTINCT orders.id) AS orders,
    sum(item.quantity - coalesce(back.quantity, 0)) AS tickets,
    sum(item.quantity * item.unit_price - item.discount - coalesce(back.amount, 0)) AS revenue
  FROM stale
  JOIN orders ON orders.tenant_id = :tenant AND orders.placed_at >= stale.hour
    AND orders.placed_at < stale.hour + interval '1 hour' AND orders.status IN ('completed', 'partially_refunded')
  JOIN order_items AS item ON item.tenant_id = orders.tenant_id AND item.order_id = orders.id
  LEFT JOIN LATERAL (
    SELECT sum(paid.quantity) AS quantity, sum(paid.amount) AS amount
    FROM order_transitions AS change, jsonb_to_recordset(change.refunds)
      AS paid (line text, quantity int, amount numeric)
    WHERE change.tenant_id = orders.tenant_id AND change.order_id = orders.id AND paid.line = item.line
  ) AS back ON orders.status = 'partially_refunded'
  GROUP BY GROUPING SETS (
    (orders.tenant_id, stale.hour, orders.currency, item.organizer_id),
    (orders.tenant_id, stale.hour, orders.currency)
  )
"""
"""Needs ``:tenant`` and a CTE ``stale (hour)``; gives a row per organiser and one, without, for the marketplace."""
