"""Errors that are no answer of the domain: said to the log in full, to the caller in general."""

from __future__ import annotations

import redis
import structlog
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from core.errors import DomainError, UnavailableError

AWAY = (OperationalError, InterfaceError, PoolTimeoutError, redis.ConnectionError, redis.TimeoutError)

log = structlog.get_logger(__name__)


class InternalError(DomainError):
    """A failure of ours."""

    status = 500
    code = "internal_error"
    title = "Internal error"


def domain_error_of(error: Exception, path: str) -> DomainError:
    """Log an error that nobody expected here, and return what the caller is told; a `DomainError` is told as it is."""
    if isinstance(error, DomainError):
        return error
    if isinstance(error, AWAY):
        log.error("a server is away", path=path, exc_info=error)
        return UnavailableError("a server that adrail needs is away; nothing is known to have changed")
    log.error("request failed", path=path, exc_info=error)
    return InternalError(
        "the server failed; nothing is known to have changed. Try again, and send us the request id if it stays"
    )
