"""What the labels of the audit log are called today: people, keys, sites, organisers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.accounts.models import ApiKey, Organizer, Site, User
from core.accounts.service import tenant_key
from core.paging import MAX_ID

Names = Mapping[str, str]


def names_of(session: Session, labels: Iterable[str]) -> Names:
    """Label (``user:12``, ``key:3``, ``site:1``, ``organizer:4``) → name, for those that the tenant has."""
    wanted: dict[str, set[int]] = {}
    for label in labels:
        kind, _, number = label.partition(":")
        if number.isdecimal() and number.isascii() and int(number) <= MAX_ID:
            wanted.setdefault(kind, set()).add(int(number))
    return {
        f"{kind}:{number}": name
        for kind, find in FINDERS.items()
        if kind in wanted
        for number, name in find(session, wanted[kind]).items()
    }


def _users(session: Session, ids: set[int]) -> dict[int, str]:
    key = tenant_key(None)
    rows = session.execute(select(User.id, User.display_name_ciphertext).where(User.id.in_(ids)))
    return {row.id: key.decrypt(row.display_name_ciphertext, "users.display_name") for row in rows}


def _keys(session: Session, ids: set[int]) -> dict[int, str]:
    return {row.id: row.name for row in session.execute(select(ApiKey.id, ApiKey.name).where(ApiKey.id.in_(ids)))}


def _sites(session: Session, ids: set[int]) -> dict[int, str]:
    return {row.id: row.name for row in session.execute(select(Site.id, Site.name).where(Site.id.in_(ids)))}


def _organizers(session: Session, ids: set[int]) -> dict[int, str]:
    rows = session.execute(select(Organizer.id, Organizer.name).where(Organizer.id.in_(ids)))
    return {row.id: row.name for row in rows}


FINDERS: Mapping[str, Callable[[Session, set[int]], dict[int, str]]] = {
    "user": _users,
    "key": _keys,
    "site": _sites,
    "organizer": _organizers,
}
