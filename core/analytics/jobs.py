"""Brings the sums of sales up to date; may run twice, and in several workers, without harm."""

from __future__ import annotations

from sqlalchemy import text

from core.analytics.sums import SUMS, hour_by_hour
from core.db.locks import Lock
from core.db.session import maintainer_session

HOURS_AT_ONCE = 200

TENANTS = text("SELECT DISTINCT tenant_id FROM sales_stale_hours")
# One worker at a time per tenant: two would both insert the sums of an hour.
ALONE = text(f"SELECT pg_try_advisory_xact_lock({Lock.SALES_SUMS}, :tenant)")
TAKE = text(
    "WITH due AS (SELECT DISTINCT hour FROM sales_stale_hours WHERE tenant_id = :tenant ORDER BY hour LIMIT :many) "
    "DELETE FROM sales_stale_hours USING due "
    "WHERE tenant_id = :tenant AND sales_stale_hours.hour = due.hour RETURNING due.hour"
)
FORGET = text("DELETE FROM sales_hours WHERE tenant_id = :tenant AND hour = ANY(:hours)")
SUM = text(
    f"WITH stale AS (SELECT unnest(CAST(:hours AS timestamptz[])) AS hour), sums AS ({SUMS}) "  # noqa: S608 - our own text
    "INSERT INTO sales_hours (tenant_id, organizer_id, hour, currency, orders, tickets, revenue) "
    "SELECT tenant_id, organizer_id, hour, currency, orders, tickets, revenue FROM sums"
)


def roll_up() -> None:
    """Sum every hour whose orders changed since it was summed last."""
    with maintainer_session() as session:
        tenants = session.scalars(TENANTS).all()
    for tenant_id in tenants:
        while _some_hours(tenant_id) == HOURS_AT_ONCE:
            pass


def _some_hours(tenant_id: int) -> int:
    """Sum some hours of a tenant; returns how many. A mark that comes meanwhile stays for the next time."""
    with maintainer_session() as session:
        if not session.scalar(ALONE, {"tenant": tenant_id % 2**31}):
            return 0
        hours = sorted(set(session.scalars(TAKE, {"tenant": tenant_id, "many": HOURS_AT_ONCE})))
        if hours:
            session.execute(FORGET, {"tenant": tenant_id, "hours": hours})
            hour_by_hour(session)
            session.execute(SUM, {"tenant": tenant_id, "hours": hours})
        return len(hours)
