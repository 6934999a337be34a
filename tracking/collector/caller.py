"""Who is calling the edge: a page with its site's write key, or a backend with a server key; and how often it may."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import redis
from flask import Response, g, request
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from core.accounts.api import SiteKey
from core.config import settings
from core.errors import ForbiddenError, TooManyRequestsError, UnavailableError
from core.web import allow_origin, bearer_key, client_address, origin_allowed, require_actor, site_from_request
from tracking.collector import limits

PERMISSION = "collect"
ID_LENGTH = 64


@dataclass(frozen=True, slots=True)
class Caller:
    """``site`` is None for a server key, which is trusted; ``address`` is the client's or the backend's."""

    tenant_id: int
    site: SiteKey | None
    key: str
    address: str

    @property
    def trusted(self) -> bool:
        """Whether a server key vouches for what is sent."""
        return self.site is None


def identify() -> Caller:
    """Return who sent this request; raises `NotSignedInError`, `ForbiddenError` or `UnavailableError`."""
    try:
        if bearer_key():
            actor = require_actor(PERMISSION)
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


def limit(caller: Caller, visitors: Iterable[str]) -> None:
    """Charge one request; raises `TooManyRequestsError`, or `UnavailableError` while nobody can count."""
    try:
        wait = limits.take(list(_buckets(caller, visitors)))
    except redis.RedisError:
        raise UnavailableError("the event stream is away; send again", retry_after=5) from None
    if wait:
        raise TooManyRequestsError("too many requests; wait and send again", retry_after=wait)


def _buckets(caller: Caller, visitors: Iterable[str]) -> Iterable[limits.Bucket]:
    config = settings()
    if caller.trusted:
        yield limits.Bucket(f"{caller.tenant_id}:{caller.key}", config.rate_per_server_key)
        return
    yield limits.Bucket(f"address:{caller.address}", config.rate_per_address)
    for visitor in sorted({visitor[:ID_LENGTH] for visitor in visitors}):
        yield limits.Bucket(f"{caller.tenant_id}:visitor:{visitor}", config.rate_per_visitor)


def with_cors(response: Response) -> Response:
    """Let the site's pages read an answer, refusals included: a page must be able to see `Retry-After`."""
    site: SiteKey | None = g.get("calling_site")
    return allow_origin(response, site) if site else response
