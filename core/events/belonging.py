"""Whose an event is that names nobody itself, by when and in which visit it happened. Pure.

The rules, for an event that agreed to data processing:

- Of a visitor who was ever one person only, everything is theirs up to the end of their last link, what came before the
  first one included.
- Where several persons shared the visitor, an event belongs to the person of its visit: the one who signed in, bought
  or signed out in it. A visit in which nobody did belongs to whoever was linked at the time. In a visit of several
  persons each moment belongs to whoever was linked then, if they are one of them. What remains is nobody's.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from core.events.timeline import Stretch


@dataclass(frozen=True, slots=True)
class Deed:
    """A sign-in or purchase by ``person_id`` in a visit, or a sign-out by whoever it was when that is None."""

    at: datetime
    session_id: str | None
    person_id: int | None


@dataclass(frozen=True, slots=True)
class Span:
    """Events from ``since`` (None: ever) before ``until`` (None: for ever) are this person's, or nobody's.

    Those of visits that have spans of their own follow these, all others the spans without ``session_id``.
    """

    session_id: str | None
    since: datetime | None
    until: datetime | None
    person_id: int | None


def belonging(links: Sequence[Stretch], deeds: Iterable[Deed]) -> list[Span]:
    """Whose each moment of a visitor is; ``links`` oldest first, apart from each other, ``deeds`` in any order."""
    persons = {item.person_id for item in links}
    if not persons:
        return [Span(None, None, None, None)]
    if len(persons) == 1:
        until = links[-1].until
        theirs = Span(None, None, until, links[-1].person_id)
        return [theirs] if until is None else [theirs, Span(None, until, None, None)]
    visits: dict[str, list[Deed]] = {}
    for deed in deeds:
        if deed.session_id is not None:
            visits.setdefault(deed.session_id, []).append(deed)
    known = _Known(links)
    own = (span for name, done in visits.items() for span in _visit(name, done, known))
    return [*_linked(None, links), *own]


class _Known:
    """A visitor's links by person, and who left when: thousands may have used one device."""

    def __init__(self, links: Sequence[Stretch]) -> None:
        self.ends = {item.until: item.person_id for item in links if item.until is not None}
        self._of: dict[int, list[Stretch]] = {}
        for item in links:
            self._of.setdefault(item.person_id, []).append(item)

    def of(self, persons: Iterable[int]) -> list[Stretch]:
        """The links of some persons, oldest first."""
        return sorted((item for person in persons for item in self._of.get(person, ())), key=lambda item: item.since)


def _visit(session_id: str, done: Sequence[Deed], known: _Known) -> list[Span]:
    """The spans of a visit in which somebody did something that tells who they are."""
    told = {deed.person_id for deed in done if deed.person_id is not None}
    left = {known.ends[deed.at] for deed in done if deed.person_id is None and deed.at in known.ends}
    persons = told | left
    if not persons:
        return []
    spans = _linked(session_id, known.of(persons))
    if len(persons) > 1 or not told:
        return spans
    # Up to the last time they said so, the visit is theirs, whoever was here before.
    last = max(deed.at for deed in done if deed.person_id is not None)
    return [Span(session_id, None, last, next(iter(told))), *_from(last, spans)]


def _linked(session_id: str | None, links: Sequence[Stretch]) -> list[Span]:
    """Spans that cover all time: each link's own, and nobody's between them."""
    spans: list[Span] = []
    end: datetime | None = None
    for item in links:
        if end is None or end < item.since:
            spans.append(Span(session_id, end, item.since, None))
        spans.append(Span(session_id, item.since, item.until, item.person_id))
        end = item.until
        if end is None:
            return spans
    return [*spans, Span(session_id, end, None, None)]


def _from(moment: datetime, spans: Sequence[Span]) -> list[Span]:
    return [
        Span(span.session_id, moment if span.since is None else max(span.since, moment), span.until, span.person_id)
        for span in spans
        if span.until is None or span.until > moment
    ]
