"""Who is calling the edge, a page, a backend or a scanner at a gate, and how often each may."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import redis
from flask import Response, g, request
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from core.accounts.api import ScannerBinding, SiteKey
from core.config import settings
from core.errors import ForbiddenError, TooManyRequestsError, UnavailableError
from core.token_buckets import Bucket, take
from core.web import (
    actor_or_none,
    allow_origin,
    client_address,
    origin_allowed,
    require_actor,
    site_from_request,
)

PERMISSION, SCANNER_PERMISSION = "collect", "collect_scans"
ID_LENGTH = 64


@dataclass(frozen=True, slots=True)
class Caller:
    """``site`` is set for a page's write key, ``scanner`` for a scanner key; a server key has neither and is trusted.

    ``address`` is the client's, the device's or the backend's.
    """

    tenant_id: int
    site: SiteKey | None
    key: str
    address: str
    scanner: ScannerBinding | None = None

    @property
    def trusted(self) -> bool:
        """Whether a server key vouches for what is sent."""
        return self.site is None and self.scanner is None


def identify(*, scanners: bool = False) -> Caller:
    """Return who sent this request; scanner keys are refused unless ``scanners``.

    Raises `NotSignedInError`, `ForbiddenError` or `UnavailableError`.
    """
    try:
        actor = actor_or_none()
        if actor is not None and actor.scanner is not None:
            if not scanners:
                raise ForbiddenError("a scanner key only sends what happens at its gate", code="permission_missing")
            require_actor(SCANNER_PERMISSION)
            return Caller(actor.tenant_id, None, actor.label, client_address(), actor.scanner)
        if actor is not None:
            require_actor(PERMISSION)
            return Caller(actor.tenant_id, None, actor.label, client_address())
        site = site_from_request()
    except (OperationalError, InterfaceError, PoolTimeoutError):
        raise UnavailableError("keys cannot be looked up at the moment; send again", retry_after=5) from None
    if not origin_allowed(site):
        raise ForbiddenError(
            f"origin {request.headers['Origin']!r} is not on the site's list; add it to the allowed origins",
            code="origin_not_allowed",
        )
    g.calling_site = site
    return Caller(site.tenant_id, site, f"site:{site.site_pk}", client_address())


def limits_of(caller: Caller, visitors: Iterable[str]) -> tuple[Bucket, ...]:
    """Return what a request of this caller is charged to."""
    config = settings()
    if caller.site is None:
        return (Bucket(f"{caller.tenant_id}:{caller.key}", config.rate_per_server_key),)
    each = sorted({visitor[:ID_LENGTH] for visitor in visitors})
    return (
        Bucket(f"address:{caller.address}", config.rate_per_address),
        *(Bucket(f"{caller.tenant_id}:visitor:{visitor}", config.rate_per_visitor) for visitor in each),
    )


def limit(buckets: Sequence[Bucket]) -> None:
    """Charge one request; raises `TooManyRequestsError`, or `UnavailableError` while nobody can count."""
    try:
        wait = take(buckets)
    except redis.RedisError:
        raise UnavailableError("the event stream is away; send again", retry_after=5) from None
    if wait:
        raise too_often(wait)


def too_often(wait: int) -> TooManyRequestsError:
    """The refusal of somebody whose limit is used up for some seconds."""
    return TooManyRequestsError("too many requests; wait and send again", retry_after=wait)


def with_cors(response: Response) -> Response:
    """Let the site's pages read an answer, refusals included: a page must be able to see `Retry-After`."""
    site: SiteKey | None = g.get("calling_site")
    return allow_origin(response, site) if site else response
