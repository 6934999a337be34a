"""How often one may fail: tries are counted before they are made, and given back when they succeed."""

from __future__ import annotations

import hashlib
import ipaddress
import time
from collections.abc import Mapping

from limits import RateLimitItemPerSecond
from limits.storage import RedisStorage
from limits.strategies import FixedWindowRateLimiter

from core.config import settings
from core.errors import TooManyRequestsError
from core.valkey import client

WINDOW_SECONDS = 300
PREFIX = "adrail:tries"


class Tries:
    """One try by several subjects at once, each with its own limit of failures in five minutes.

    Every method raises `redis.RedisError` while Valkey is away.
    """

    def __init__(self, limits: Mapping[str, int]) -> None:
        self._limiter = FixedWindowRateLimiter(_storage())
        self._items = {name: RateLimitItemPerSecond(most, WINDOW_SECONDS, PREFIX) for name, most in limits.items()}

    def count(self) -> None:
        """Count a try before it is made, so that many at once cannot slip through; raises `TooManyRequestsError`."""
        for name, item in self._items.items():
            if not self._limiter.hit(item, name):
                left = self._limiter.get_window_stats(item, name).reset_time - time.time()
                raise TooManyRequestsError("too many tries; wait and try again", retry_after=max(int(left), 1))

    def give_back(self) -> None:
        """Forget this try, because it was none of the failures that count."""
        for name, item in self._items.items():
            self._limiter.storage.incr(item.key_for(name), WINDOW_SECONDS, amount=-1)

    def forget(self, name: str) -> None:
        """Forget all failures of a subject, because it proved itself."""
        self._limiter.clear(self._items[name], name)


def _storage() -> RedisStorage:
    # Its connections are the process's own, so it must not outlive them.
    uri = settings().redis_url.get_secret_value()
    return RedisStorage(uri, connection_pool=client().connection_pool)


def network(address: str) -> str:
    """Who sits behind an address: one host in IPv4, one customer's network in IPv6."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    return str(ipaddress.ip_network((parsed, 64), strict=False)) if parsed.version == 6 else address


def hidden(text: str) -> str:
    """Return the name under which something personal is counted."""
    return hashlib.sha256(text.encode()).hexdigest()
