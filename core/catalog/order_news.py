"""Who is told, in the same transaction, that an order was placed."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy.orm import Session

from core.accounts.api import TenantView

Listener = Callable[[Session, TenantView, str], object]
_listeners: dict[str, Listener] = {}


def on_order_placed(name: str, listener: Listener) -> None:
    """Subscribe: called with session, marketplace and the order's external id before the order is committed.

    It is part of the order: what it raises undoes the order, so it must be quick and ask nobody over the network.
    ``name`` replaces an earlier one.
    """
    _listeners[name] = listener


def tell(session: Session, tenant: TenantView, external_id: str) -> None:
    """Tell every subscriber."""
    for listener in _listeners.values():
        listener(session, tenant, external_id)
