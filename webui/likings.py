"""What a person likes, as their page tells it: whom they follow, and tastes that others told with their consent."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from flask import url_for
from flask_babel import gettext as _

from core.accounts.api import Actor
from core.catalog.api import kind_named, list_follows, list_interests, names_of

SHOWN = 20
KINDS = {
    "artist": "artists",
    "organizer": "organizers",
    "venue": "venues",
    "genre": "genres",
    "live_event": "live-events",
}


@dataclass(frozen=True, slots=True)
class Liking:
    """One thing that somebody likes; ``how`` says how that is known, ``address`` leads to its page."""

    name: str
    how: str
    address: str | None


def likings(actor: Actor, person_id: str) -> list[Liking]:
    """Return what a person likes now, under any of their names, the latest first; at most twenty of each sort."""
    follows = list_follows(actor, person_id=person_id, limit=SHOWN).items
    tastes = list_interests(actor, person_id=person_id, limit=SHOWN).items
    pairs = [(row["subject_kind"], row["subject_id"]) for row in follows if row["subject_id"]]
    named = _names(actor, [*pairs, *((row["subject_kind"], row["subject"]) for row in tastes)])
    found = [_liking(kind, thing, named, _("follows")) for kind, thing in pairs]
    told = [(row, _("told by %(source)s", source=row["source"])) for row in tastes]
    return found + [_liking(row["subject_kind"], row["subject"], named, how) for row, how in told]


def _names(actor: Actor, pairs: Iterable[tuple[str, str]]) -> dict[tuple[str, str], str]:
    wanted: dict[str, set[str]] = {}
    for kind, thing in pairs:
        if kind in KINDS:
            wanted.setdefault(kind, set()).add(thing)
    return {
        (kind, thing): name
        for kind, things in wanted.items()
        for thing, name in names_of(actor, kind_named(KINDS[kind]), things).items()
    }


def _liking(kind: str, thing: str, named: dict[tuple[str, str], str], how: str) -> Liking:
    known = named.get((kind, thing))
    address = url_for("catalog.show_row", kind_name=KINDS[kind], external_id=thing) if known else None
    return Liking(known or thing, how, address)
