"""Replacing the master key that wraps the connections' own keys; the secrets themselves stay as they are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from sqlalchemy import func, select

from core.connections import vault
from core.connections.models import Connection
from core.db.session import maintainer_session
from core.security.crypto import DecryptionError, keyring

BATCH = 200


def rewrap_secrets(progress: Callable[[int], None] = lambda _: None) -> int:
    """Bring every connection under the current master key; returns how many changed. Safe to run again and again.

    A secret that does not open stays as it is; `dead_secrets` names it.
    """
    changed, last = 0, 0
    while True:
        with maintainer_session() as session:
            rows = session.scalars(
                select(Connection)
                .where(Connection.id > last, func.length(Connection.secret_ciphertext) > 0)
                .order_by(Connection.id)
                .limit(BATCH)
                .with_for_update()
            ).all()
            moved = sum(_rewrap(row) for row in rows)
        if not rows:
            return changed
        changed, last = changed + moved, rows[-1].id
        progress(moved)


def _rewrap(row: Connection) -> bool:
    if _key_id(row.secret_ciphertext) == keyring().current:
        return False
    try:
        row.secret_ciphertext = vault.rewrap(keyring(), row.secret_ciphertext)
    except DecryptionError:
        return False
    return True


def secret_keys() -> Counter[str]:
    """How many connections' secrets each master key wraps, by key id; a damaged one counts under the empty text."""
    return Counter(_key_id(row.secret_ciphertext) for row in _connections())


def dead_secrets() -> Sequence[int]:
    """The ids of connections whose secret does not open."""
    return [row.id for row in _connections() if not _opens(row)]


def _connections() -> Iterator[Connection]:
    last = 0
    while True:
        with maintainer_session() as session:
            query = select(Connection).where(Connection.id > last, func.length(Connection.secret_ciphertext) > 0)
            rows = session.scalars(query.order_by(Connection.id).limit(BATCH)).all()
        if not rows:
            return
        yield from rows
        last = rows[-1].id


def _key_id(blob: bytes) -> str:
    try:
        return vault.master_key_of(blob)
    except (DecryptionError, IndexError):
        return ""


def _opens(row: Connection) -> bool:
    try:
        vault.unlock(keyring(), row.secret_ciphertext, tenant_id=row.tenant_id, connection_id=row.id)
    except DecryptionError:
        return False
    return True
