"""Entries that ingest set aside because it could not store them: looked at, put back on their stream, or given up."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson

from core.accounts.api import Actor, record_audit
from core.db.session import tenant_session
from core.errors import NotFoundError
from core.events.api import decode, shards
from core.paging import Page, clamp, decode_cursor, encode_cursor
from core.valkey import client
from tracking.ingest.entries import DEAD_STREAM
from tracking.rights import MANAGE, VIEW, require

ENTRY_ID = re.compile(r"[0-9]{1,19}-[0-9]{1,19}")
STEP, MOST_LOOKED_AT = 50, 5_000
"""Entries hold whole requests: a few at a time are enough in memory."""
NOT_OF_THE_ENTRY = (b"reason", b"from")

# Whoever removes an entry puts it back: two at once must not double it.
PUT_BACK = """
if redis.call('XDEL', KEYS[1], ARGV[1]) == 0 then return 0 end
redis.call('XADD', KEYS[2], '*', unpack(ARGV, 2))
return 1
"""


@dataclass(frozen=True, slots=True)
class DeadEntry:
    """One request's worth of events. ``readable`` is False for one that is damaged: putting it back cannot help."""

    id: str
    tenant_id: int | None
    set_aside_at: datetime
    received_at: datetime | None
    reason: str
    site_id: str | None
    names: dict[str, int]
    rejects: int
    readable: bool

    @property
    def events(self) -> int:
        """How many events it holds."""
        return sum(self.names.values())


def dead_entries(actor: Actor, *, limit: int = 50, cursor: str | None = None) -> Page[DeadEntry]:
    """The marketplace's entries, newest first; raises `ForbiddenError`, `redis.RedisError`.

    A page looks at 5,000 entries of all marketplaces at most: it may hold few of this one and still not be the last.
    """
    require(actor, VIEW)
    before, size = decode_cursor(cursor, str), clamp(limit)
    items: list[DeadEntry] = []
    looked_at, last = 0, ""
    for entry_id, fields in _backwards(before[0] if before else None):
        own = _tenant_of(fields) == actor.tenant_id
        if looked_at == MOST_LOOKED_AT or (own and len(items) == size):
            return Page(items, encode_cursor(last))
        if own:
            items.append(_view(entry_id, fields))
        looked_at, last = looked_at + 1, entry_id
    return Page(items, None)


def put_back(actor: Actor, entry_id: str) -> bool:
    """Let ingest try an entry again, exactly as it came; False when somebody else did already.

    Raises `NotFoundError` when there is none, `ForbiddenError`, `redis.RedisError`.
    """
    require(actor, MANAGE)
    fields = _own(actor, entry_id)
    stream = shards()[actor.tenant_id % len(shards())]
    parts = [part for pair in fields.items() if pair[0] not in NOT_OF_THE_ENTRY for part in pair]
    done = bool(client().eval(PUT_BACK, 2, DEAD_STREAM, stream, entry_id, *parts))
    if done:
        _record(actor, "dead_entry.replayed", entry_id)
    return done


def give_up(actor: Actor, entry_id: str) -> bool:
    """Remove an entry for good; False when it was gone already. Raises as `put_back`."""
    require(actor, MANAGE)
    _own(actor, entry_id)
    done = bool(client().xdel(DEAD_STREAM, entry_id))
    if done:
        _record(actor, "dead_entry.discarded", entry_id)
    return done


def _record(actor: Actor, action: str, entry_id: str) -> None:
    with tenant_session(actor.tenant_id) as session:
        record_audit(session, actor, action, f"dead_entry:{entry_id}")


def _own(actor: Actor, entry_id: str) -> Mapping[bytes, bytes]:
    found: Any = client().xrange(DEAD_STREAM, entry_id, entry_id) if ENTRY_ID.fullmatch(entry_id) else []
    if not found or _tenant_of(found[0][1]) != actor.tenant_id:
        raise NotFoundError(f"there is no entry {entry_id!r} that was set aside")
    fields: Mapping[bytes, bytes] = found[0][1]
    return fields


def _backwards(before: str | None) -> Iterator[tuple[str, Mapping[bytes, bytes]]]:
    end = f"({before}" if before and ENTRY_ID.fullmatch(before) else "+"
    while True:
        page: Any = client().xrevrange(DEAD_STREAM, end, "-", count=STEP)
        for entry_id, fields in page:
            yield entry_id.decode(), fields
        if len(page) < STEP:
            return
        end = f"({page[-1][0].decode()}"


def _tenant_of(fields: Mapping[bytes, bytes]) -> int | None:
    try:
        tenant = orjson.loads(fields[b"h"])["tenant"]
    except (KeyError, TypeError, orjson.JSONDecodeError):
        return None
    return tenant if isinstance(tenant, int) else None


def _view(entry_id: str, fields: Mapping[bytes, bytes]) -> DeadEntry:
    names: dict[str, int] = {}
    rejects, received, site, readable = 0, None, None, True
    try:
        entry = decode(dict(fields))
        received, site, rejects = entry.received_at, entry.site_id, len(entry.rejects)
        for event in entry.events:
            name = str(event.get("event_name", ""))
            names[name] = names.get(name, 0) + 1
    except (KeyError, ValueError, TypeError, AttributeError):
        readable = False
    at = datetime.fromtimestamp(int(entry_id.partition("-")[0]) / 1000, UTC)
    reason = fields.get(b"reason", b"").decode(errors="replace")
    return DeadEntry(entry_id, _tenant_of(fields), at, received, reason, site, names, rejects, readable)
