"""Who is watching what: a short-lived register in Valkey, which every collector looks at once a second.

While nobody watches, a request pays for one look at the clock; nothing is written anywhere.
"""

from __future__ import annotations

import re
import secrets
import threading
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import orjson
import redis

from core.errors import FieldProblem, InvalidInputError
from core.valkey import client

REGISTER = "adrail:live:watches"
WATCH_ID = re.compile(r"[0-9a-f]{24}")
LOOK_SECONDS = 1.0
WATCH_SECONDS = 10
"""A watch that is not renewed for so long is over."""
MAX_WATCHES = 20
"""Of one marketplace at a time."""
MAX_TEXT = 100


@dataclass(frozen=True, slots=True)
class Watch:
    """What somebody looks at: everything of a marketplace, narrowed by name, visitor or site where they are given."""

    id: str
    tenant_id: int
    name: str | None = None
    visitor: str | None = None
    site: str | None = None

    def fits(self, event: Any, site_id: str | None) -> bool:
        """Whether an event is meant; what is no object has neither name nor visitor."""
        fields: Mapping[str, Any] = event if isinstance(event, dict) else {}
        return (
            (self.name is None or fields.get("event_name") == self.name)
            and (self.visitor is None or fields.get("visitor_id") == self.visitor)
            and (self.site is None or site_id == self.site)
        )


def new_watch(tenant_id: int, *, name: str | None = None, visitor: str | None = None, site: str | None = None) -> Watch:
    """A watch that nobody else knows; `renew` starts it."""
    cut = [None if text is None else text[:MAX_TEXT] for text in (name, visitor, site)]
    return Watch(secrets.token_hex(12), tenant_id, *cut)


def renew(watch: Watch) -> None:
    """Begin to watch, or go on; it ends by itself within ten seconds.

    Raises `InvalidInputError` when a marketplace watches too much already, and `redis.RedisError`.
    """
    now = time.time()
    register = _register()
    known = {key: item for key, item in register.items() if item["until"] > now}
    own = [item for item in known.values() if item["tenant_id"] == watch.tenant_id]
    if watch.id not in known and len(own) >= MAX_WATCHES:
        problem = FieldProblem("/watch", "limit", "close another live view of this marketplace first")
        raise InvalidInputError(f"{MAX_WATCHES} live views are open already", errors=[problem])
    pipeline = client().pipeline(transaction=False)
    # Long over, not just late: somebody may be renewing that one at this moment.
    if over := [key for key, item in register.items() if item["until"] < now - WATCH_SECONDS]:
        pipeline.hdel(REGISTER, *over)
    pipeline.hset(REGISTER, watch.id, orjson.dumps({**asdict(watch), "until": now + WATCH_SECONDS}))
    pipeline.expire(REGISTER, WATCH_SECONDS * 2)
    pipeline.execute()


def end(watch: Watch) -> None:
    """Stop watching at once; raises `redis.RedisError`."""
    client().hdel(REGISTER, watch.id)


def _register() -> dict[str, dict[str, Any]]:
    stored: Any = client().hgetall(REGISTER)
    return {key.decode(): orjson.loads(value) for key, value in stored.items()}


class Lookout:
    """One process's view of the register, at most a second old; safe to share between threads."""

    def __init__(self) -> None:
        self._watches: dict[int, tuple[Watch, ...]] = {}
        self._next_look = 0.0
        self._looking = threading.Lock()

    def watches(self, tenant_id: int) -> tuple[Watch, ...]:
        """Who watches a marketplace now; nobody, while Valkey is away."""
        if time.monotonic() >= self._next_look and self._looking.acquire(blocking=False):
            try:
                self._look()
            finally:
                self._looking.release()
        return self._watches.get(tenant_id, ())

    def forget(self) -> None:
        """Look again at the next question."""
        self._next_look = 0.0

    def _look(self) -> None:
        self._next_look = time.monotonic() + LOOK_SECONDS
        found: dict[int, tuple[Watch, ...]] = {}
        now = time.time()
        try:
            register = _register()
        except redis.RedisError:
            register = {}
        for item in register.values():
            if item.pop("until") > now:
                watch = Watch(**item)
                found[watch.tenant_id] = (*found.get(watch.tenant_id, ()), watch)
        self._watches = found


LOOKOUT = Lookout()
"""Of this process."""
