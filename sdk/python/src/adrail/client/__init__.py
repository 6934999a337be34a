"""Sending events and orders from a marketplace's backend; needs the extra `adrail[client]`."""

from adrail.client.aio import AsyncClient
from adrail.client.engine import Rejection
from adrail.client.envelope import Consent, Event
from adrail.client.errors import ApiError, QueueFullError, SpoolInUseError, UnreachableError
from adrail.client.sync import Client

__all__ = [
    "ApiError",
    "AsyncClient",
    "Client",
    "Consent",
    "Event",
    "QueueFullError",
    "Rejection",
    "SpoolInUseError",
    "UnreachableError",
]
