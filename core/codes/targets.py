"""What codes are put on: live events and organisers, found by the ids and slugs that pages and clients know."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from core.accounts.api import Actor
from core.codes.neighbours import LIVE_EVENTS, ORGANIZERS
from core.codes.resolver import Place
from core.errors import FieldProblem, ForbiddenError, InvalidInputError, NotFoundError


@dataclass(frozen=True, slots=True)
class Target:
    """An organiser, or one of its live events, with the external ids the wire shows."""

    organizer_id: int | None = None
    organizer_external_id: str | None = None
    live_event_id: int | None = None
    live_event_external_id: str | None = None

    @property
    def place(self) -> Place:
        """The same for the resolver."""
        return Place(self.organizer_id, self.live_event_id)


MARKETPLACE = Target()


def places_of(found: Sequence[Target]) -> list[Place]:
    """Return what the resolver needs of a page's targets; a page about nothing is one place."""
    return [item.place for item in found] or [Place()]


def live_event_by_slug(session: Session, slug: str) -> Target:
    """Return a live event of the session's tenant; raises `NotFoundError`."""
    return _one(session, _live_events().where(LIVE_EVENTS.c.slug == slug), "live event")


def organizer_by_slug(session: Session, slug: str) -> Target:
    """Return an organiser of the session's tenant; raises `NotFoundError`."""
    return _one(session, _organizers().where(ORGANIZERS.c.slug == slug), "organiser")


def organizer_by_id(session: Session, organizer_id: int) -> Target:
    """Return an organiser of the session's tenant by primary key; raises `NotFoundError`."""
    return _one(session, _organizers().where(ORGANIZERS.c.id == organizer_id), "organiser")


def live_events_by_external_id(session: Session, external_ids: Collection[str]) -> list[Target]:
    """Return the live events that exist, by external id."""
    query = _live_events().where(LIVE_EVENTS.c.external_id.in_(external_ids)).order_by(LIVE_EVENTS.c.external_id)
    return [_target(row) for row in session.execute(query)]


def target_of(session: Session, actor: Actor, data: dict[str, Any]) -> Target:
    """Return what a new code is for, from ``level``, ``organizer_id`` and ``live_event_id`` (external ids).

    An organiser's actor reaches its own things only: others raise `NotFoundError`, the marketplace's level
    `ForbiddenError`. Raises `InvalidInputError` when the target is not stated.
    """
    level, organizer, live_event = (data.get(name) or None for name in ("level", "organizer_id", "live_event_id"))
    if level == "marketplace":
        return _marketplace(actor, organizer, live_event)
    _check_level(level, live_event)
    if live_event is not None:
        target = _live_event(session, actor, live_event)
        if organizer not in {None, target.organizer_external_id}:
            raise NotFoundError(f"there is no live event {live_event!r} of organiser {organizer!r}")
        return target
    if organizer is not None:
        query = _organizers().where(ORGANIZERS.c.external_id == organizer)
        if actor.organizer_id is not None:
            query = query.where(ORGANIZERS.c.id == actor.organizer_id)
        return _one(session, query, "organiser")
    if actor.organizer_id is not None:
        return organizer_by_id(session, actor.organizer_id)
    problem = FieldProblem("/organizer_id", "required", 'pass organizer_id, live_event_id or "level": "marketplace"')
    raise InvalidInputError("say whose code this is", errors=[problem])


def _check_level(level: str | None, live_event: str | None) -> None:
    wrong = {"live_event": live_event is None, "organizer": live_event is not None}
    if wrong.get(level or "", False):
        problem = FieldProblem("/live_event_id", "level", "pass it for the level live_event, and only for that")
        raise InvalidInputError(f"level {level!r} and live_event_id do not go together", errors=[problem])


def _marketplace(actor: Actor, organizer: str | None, live_event: str | None) -> Target:
    if actor.organizer_id is not None:
        raise ForbiddenError("only the marketplace itself may set codes for the whole marketplace")
    if organizer is not None or live_event is not None:
        problem = FieldProblem("/level", "exclusive", "a marketplace code has no organizer_id and no live_event_id")
        raise InvalidInputError("a marketplace code is for every page", errors=[problem])
    return MARKETPLACE


def _live_event(session: Session, actor: Actor, external_id: str) -> Target:
    query = _live_events().where(LIVE_EVENTS.c.external_id == external_id)
    if actor.organizer_id is not None:
        query = query.where(LIVE_EVENTS.c.organizer_id == actor.organizer_id)
    return _one(session, query, "live event")


def _live_events() -> Select[Any]:
    return select(
        LIVE_EVENTS.c.organizer_id,
        ORGANIZERS.c.external_id.label("organizer_external_id"),
        LIVE_EVENTS.c.id.label("live_event_id"),
        LIVE_EVENTS.c.external_id.label("live_event_external_id"),
    ).join_from(LIVE_EVENTS, ORGANIZERS, ORGANIZERS.c.id == LIVE_EVENTS.c.organizer_id)


def _organizers() -> Select[Any]:
    return select(ORGANIZERS.c.id.label("organizer_id"), ORGANIZERS.c.external_id.label("organizer_external_id"))


def _one(session: Session, query: Select[Any], what: str) -> Target:
    row = session.execute(query).one_or_none()
    if row is None:
        raise NotFoundError(f"there is no such {what} in this marketplace, or it is not yours")
    return _target(row)


def _target(row: Any) -> Target:
    return Target(**row._asdict())
