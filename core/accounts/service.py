"""Keys and principals: who is asking, and which data key is theirs."""

from __future__ import annotations

import functools
import time
import uuid
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from sqlalchemy import select, text
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from core.accounts.models import DataKey as DataKeyRow
from core.accounts.permissions import PERMISSIONS
from core.accounts.site_copies import recall, remember
from core.db.locks import Lock
from core.db.session import anonymous_session, maintainer_session, tenant_session
from core.security.crypto import DataKey, keyring
from core.security.tokens import key_hash

SITE_CACHE_SECONDS = 60.0
TOUCH_SECONDS = 60.0
RETRY_SECONDS = 2.0
MOST_SITES = 10_000
MAX_KEY = 200
NO_ORGANIZER = -1


@dataclass(frozen=True, slots=True)
class ScannerBinding:
    """What a scanner key speaks for: one device at one gate of one live event (by its external id)."""

    live_event: str
    gate: str
    device: str


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts in which marketplace; without ``organizer_id`` for the whole of it.

    Members of an artist, a venue, … carry the organiser `NO_ORGANIZER`, which owns nothing, and say whose they are in
    ``subject``: kind and external id. ``role`` is the member's own; system and keys have none.
    """

    tenant_id: int
    kind: Literal["user", "key", "system"]
    label: str
    organizer_id: int | None = None
    permissions: frozenset[str] = frozenset()
    user_id: int | None = None
    scanner: ScannerBinding | None = None
    membership_id: int | None = None
    role: str | None = None
    subject: tuple[str, str] | None = None

    @classmethod
    def system(cls, tenant_id: int, label: str, organizer_id: int | None = None) -> Actor:
        """The installation itself, for commands and jobs; allowed everything."""
        return cls(tenant_id, "system", f"system:{label}", organizer_id, PERMISSIONS)


@dataclass(frozen=True, slots=True)
class SiteKey:
    """What a public write key stands for."""

    tenant_id: int
    site_pk: int
    site_id: str
    allowed_origins: tuple[str, ...]
    dnt_policy: str
    uuid_namespace: uuid.UUID
    time_zone: str
    default_currency: str
    visitor_cookie: bool = False
    cookie_domain: str | None = None


_sites: dict[str, tuple[float, SiteKey | None]] = {}
_asking: set[str] = set()
_touched: dict[int, float] = {}
"""Bearer keys whose use was written down, and until when that is recent enough."""


def find_site(write_key: str) -> SiteKey | None:
    """Return the site of a write key, or None.

    Cached for 60 s; an old answer, also one that another process got, serves while the database is away.
    """
    if len(write_key) > MAX_KEY or not write_key.isprintable():
        return None  # nothing like our keys; the database need not be asked, nor could it take a NUL
    cached = _sites.get(write_key)
    now = time.monotonic()
    # One asks, the others use what they have: a database that hangs costs one thread, not all of them.
    if cached and (now < cached[0] or write_key in _asking):
        return cached[1]
    _asking.add(write_key)
    try:
        with anonymous_session() as session:
            row = session.execute(text("SELECT * FROM adrail_site_of_key(:key)"), {"key": write_key}).one_or_none()
    except (OperationalError, InterfaceError, PoolTimeoutError):
        known = cached[1] if cached else _site(recall(write_key))
        if cached is None and known is None:
            raise
        # Every visitor would otherwise wait for the connection attempt to fail.
        _sites[write_key] = (now + RETRY_SECONDS, known)
        return known
    finally:
        _asking.discard(write_key)
    site = _site(row._asdict() if row else None)
    remember(write_key, asdict(site) if site else None)
    if len(_sites) >= MOST_SITES:
        _forget_unknown_keys()
    _sites[write_key] = (now + SITE_CACHE_SECONDS, site)
    return site


def _site(facts: dict[str, Any] | None) -> SiteKey | None:
    if facts is None:
        return None
    namespace = uuid.UUID(str(facts["uuid_namespace"]))
    known = {name: facts[name] for name in SiteKey.__slots__ if name in facts}  # another release may know other fields
    return SiteKey(**{**known, "uuid_namespace": namespace, "allowed_origins": tuple(facts["allowed_origins"])})


def _forget_unknown_keys() -> None:
    """A scan with invented keys must neither fill the memory nor push out the sites that really exist."""
    for key in [key for key, (_, site) in _sites.copy().items() if site is None]:
        _sites.pop(key, None)


def forget_sites() -> None:
    """Drop what this process remembers of keys."""
    _sites.clear()
    _touched.clear()


def authenticate_key(key: str) -> Actor | None:
    """Return who a bearer key (server, organiser or scanner) acts as; None when unknown, expired or revoked."""
    with anonymous_session() as session:
        row = session.execute(text("SELECT * FROM adrail_find_api_key(:hash)"), {"hash": key_hash(key)}).one_or_none()
    if row is None or row.revoked_at or (row.expires_at and row.expires_at <= datetime.now(UTC)):
        return None
    scanner = ScannerBinding(row.live_event_external_id, row.gate, row.device) if row.kind == "scanner" else None
    return Actor(row.tenant_id, "key", f"key:{row.id}", row.organizer_id, frozenset(row.scopes), scanner=scanner)


@functools.lru_cache(maxsize=4096)
def tenant_key(tenant_id: int | None) -> DataKey:
    """The data key of a tenant, or of the installation for None; raises `LookupError` when there is none."""
    with anonymous_session() if tenant_id is None else tenant_session(tenant_id) as session:
        wrapped = session.scalar(
            select(DataKeyRow.wrapped_key).where(DataKeyRow.tenant_id.is_not_distinct_from(tenant_id))
        )
    if wrapped is None:
        raise LookupError(f"no data key for tenant {tenant_id}; run `adrail migrate`")
    return DataKey.unwrap(keyring(), wrapped)


def ensure_installation_key() -> None:
    """Create the installation's data key when it is missing."""
    with maintainer_session() as session:
        session.execute(text(f"SELECT pg_advisory_xact_lock({Lock.INSTALLATION_KEY})"))
        if session.scalar(select(DataKeyRow.id).where(DataKeyRow.tenant_id.is_(None))) is None:
            session.add(DataKeyRow(tenant_id=None, wrapped_key=DataKey.create(keyring())[1]))


def touch_key(actor: Actor) -> None:
    """Remember when a key was last used, to the minute."""
    key_id = int(actor.label.partition(":")[2])
    now = time.monotonic()
    if now < _touched.get(key_id, 0.0):
        return
    with tenant_session(actor.tenant_id) as session:
        session.execute(
            text(
                "UPDATE api_keys SET last_used_at = now() WHERE id = :id"
                " AND (last_used_at IS NULL OR last_used_at < now() - interval '1 minute')"
            ),
            {"id": key_id},
        )
    _touched[key_id] = now + TOUCH_SECONDS
