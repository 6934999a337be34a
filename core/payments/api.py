"""The door of payments."""

from core.catalog.api import on_order_placed
from core.payments.endpoints import (
    DEFAULT_OVERLAP,
    MAX_OVERLAP,
    EndpointView,
    disconnect,
    end_previous,
    get_endpoint,
    list_endpoints,
    set_secret,
)
from core.payments.matching import settle_waiting
from core.payments.queries import OpenPayment, list_open
from core.payments.receiving import RefusedWebhookError, receive

__all__ = [
    "DEFAULT_OVERLAP",
    "MAX_OVERLAP",
    "EndpointView",
    "OpenPayment",
    "RefusedWebhookError",
    "disconnect",
    "end_previous",
    "get_endpoint",
    "list_endpoints",
    "list_open",
    "receive",
    "set_secret",
]

on_order_placed("payments", settle_waiting)
