"""Who is calling the edge, a page, a backend or a scanner at a gate, and how often each may."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import redis
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from core.accounts.api import Actor, ScannerBinding, SiteKey
from core.asking import Environ, actor_or_none, client_address, origin_allowed, require_actor, site_asked
from core.config import settings
from core.errors import ForbiddenError, TooManyRequestsError, UnavailableError
from core.token_buckets import Bucket, take

SITE = "adrail.site"
PERMISSION, SCANNER_PERMISSION = "collect", "collect_scans"
ID_LENGTH = 64


@dataclass(slots=True)
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


def identify(environ: Environ, *, scanners: bool = False) -> Caller:
    """Return who sent this request; scanner keys are refused unless ``scanners``.

    Raises `NotSignedInError`, `ForbiddenError` or `UnavailableError`.
    """
    try:
        actor = actor_or_none(environ) if "HTTP_AUTHORIZATION" in environ else None
        if actor is not None:
            return _with_key(environ, actor, scanners=scanners)
        site = site_asked(environ)
    except (OperationalError, InterfaceError, PoolTimeoutError):
        raise UnavailableError("keys cannot be looked up at the moment; send again", retry_after=5) from None
    if not origin_allowed(environ, site):
        raise ForbiddenError(
            f"origin {environ['HTTP_ORIGIN']!r} is not on the site's list; add it to the allowed origins",
            code="origin_not_allowed",
        )
    environ[SITE] = site
    return Caller(site.tenant_id, site, f"site:{site.site_pk}", client_address(environ))


def _with_key(environ: Environ, actor: Actor, *, scanners: bool) -> Caller:
    if actor.scanner is not None and not scanners:
        raise ForbiddenError("a scanner key only sends what happens at its gate", code="permission_missing")
    require_actor(environ, PERMISSION if actor.scanner is None else SCANNER_PERMISSION)
    return Caller(actor.tenant_id, None, actor.label, client_address(environ), actor.scanner)


def limits_of(caller: Caller, visitors: Iterable[str]) -> tuple[Bucket, ...]:
    """Return what a request of this caller is charged to."""
    config = settings()
    if caller.site is None:
        return (Bucket(f"{caller.tenant_id}:{caller.key}", config.rate_per_server_key),)
    each = sorted({visitor[:ID_LENGTH] for visitor in visitors})
    return (
        Bucket(f"address:{caller.address}", config.rate_per_address),
        *[Bucket(f"{caller.tenant_id}:visitor:{visitor}", config.rate_per_visitor) for visitor in each],
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


def calling_site(environ: Environ) -> SiteKey | None:
    """The site whose key and origin were found right; its pages may read the answer, a refusal too."""
    site: SiteKey | None = environ.get(SITE)
    return site
