"""Making keys and replacing them: each is returned once, with the view that stays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from adrail import phrase
from core.accounts.key_kinds import (
    DEFAULT_OVERLAP,
    KEY_SCOPES,
    MAX_LIFETIME,
    MAX_OVERLAP,
    ORGANIZER,
    SCANNER,
    SERVER,
    default_scopes,
    grantable,
    require_key_manager,
)
from core.accounts.key_making import KeyPlan, add_key
from core.accounts.keys import KeyView, key_for_change, view_of
from core.accounts.models import ApiKey, Organizer
from core.accounts.neighbours import LIVE_EVENTS
from core.accounts.service import Actor, ScannerBinding
from core.db.session import tenant_session
from core.errors import ConflictError, FieldProblem, ForbiddenError, InvalidInputError

MAX_NAME, MAX_BINDING = 80, 64


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key that was just made; ``key`` is told this once."""

    key: str
    view: KeyView


@dataclass(frozen=True, slots=True)
class KeyWish:
    """What somebody wants: ids are external ids; None for scopes means the usual ones, for ``expires_at`` never."""

    kind: str
    name: str
    organizer: str | None = None
    scopes: Sequence[str] | None = None
    expires_at: datetime | None = None
    live_event: str | None = None
    gate: str | None = None
    device: str | None = None


def issue_key(actor: Actor, wish: KeyWish) -> NewKey:
    """Make a key as wished, within what the actor may grant. Raises `ForbiddenError` or `InvalidInputError`."""
    require_key_manager(actor)
    problems = _problems(actor, wish)
    with tenant_session(actor.tenant_id) as session:
        owner = None
        if wish.kind == ORGANIZER:
            owner = _organizer(session, actor, wish, problems)
        elif wish.kind == SCANNER:
            owner = _organizer_of_live_event(session, actor, wish, problems)
        if problems:
            raise InvalidInputError(phrase("the key cannot be made"), errors=problems)
        scopes = _granted(actor, wish)
        row, key = add_key(session, actor, _plan(wish, owner, scopes))
        return NewKey(key, view_of(row, session.get(Organizer, owner) if owner else None))


def rotate_key(
    actor: Actor, key_id: int, *, overlap: timedelta = DEFAULT_OVERLAP, expires_at: datetime | None = None
) -> NewKey:
    """Make a key like this one, which goes on working for ``overlap`` (at most 30 days; 0 ends it at once).

    Without ``expires_at`` the new key lives as long as the old one was made to live. Raises `ForbiddenError`,
    `NotFoundError`, `InvalidInputError`, and `ConflictError` for a key that no longer works or was replaced already.
    """
    require_key_manager(actor)
    problems = [*_overlap_problems(overlap), *_expiry_problems(expires_at)]
    if problems:
        raise InvalidInputError(phrase("the key cannot be replaced"), errors=problems)
    now = datetime.now(UTC)
    with tenant_session(actor.tenant_id) as session:
        old, organizer = key_for_change(session, actor, key_id)
        if view_of(old, organizer).state != "active":
            raise ConflictError(phrase("this key no longer works, or has been replaced"), code="key_not_active")
        _demand_grantable(actor, old.kind, old.scopes)
        plan = _same_again(old, expires_at or (now + (old.expires_at - old.created_at) if old.expires_at else None))
        new, key = add_key(session, actor, plan, action="key.rotated", replaces=old.id)
        ends = now + overlap
        old.replaced_by_id, old.expires_at = new.id, min(old.expires_at or ends, ends)
        return NewKey(key, view_of(new, organizer))


def _same_again(old: ApiKey, expires_at: datetime | None) -> KeyPlan:
    bound = old.kind == SCANNER
    return KeyPlan(
        old.kind,
        old.name,
        organizer_id=old.organizer_id,
        scopes=tuple(old.scopes),
        expires_at=expires_at,
        binding=ScannerBinding(old.live_event_external_id or "", old.gate or "", old.device or "") if bound else None,
    )


def _plan(wish: KeyWish, organizer_id: int | None, scopes: tuple[str, ...]) -> KeyPlan:
    bound = wish.kind == SCANNER
    return KeyPlan(
        wish.kind,
        wish.name.strip(),
        organizer_id=organizer_id,
        scopes=scopes,
        expires_at=wish.expires_at,
        binding=ScannerBinding(wish.live_event or "", wish.gate or "", wish.device or "") if bound else None,
    )


def _problems(actor: Actor, wish: KeyWish) -> list[FieldProblem]:
    problems = []
    if wish.kind not in KEY_SCOPES:
        problems.append(
            FieldProblem("/kind", "one_of", phrase("use one of: %(choices)s", choices=", ".join(KEY_SCOPES)))
        )
    elif wish.kind == SERVER and actor.organizer_id is not None:
        problems.append(
            FieldProblem(
                "/kind",
                "one_of",
                phrase("an organiser's keys are: %(organizer)s, %(scanner)s", organizer=ORGANIZER, scanner=SCANNER),
            )
        )
    if not 0 < len(wish.name.strip()) <= MAX_NAME or not wish.name.strip().isprintable():
        problems.append(
            FieldProblem(
                "/name", "length", phrase("use 1 to %(most)s characters that say who uses the key", most=MAX_NAME)
            )
        )
    for field, value in (("gate", wish.gate), ("device", wish.device)):
        if wish.kind == SCANNER and not (value and len(value) <= MAX_BINDING and value.isprintable()):
            problems.append(
                FieldProblem(f"/{field}", "length", phrase("use 1 to %(most)s characters", most=MAX_BINDING))
            )
    known = KEY_SCOPES.get(wish.kind, ())
    foreign = [scope for scope in wish.scopes or () if known and scope not in known]
    if foreign or (wish.scopes is not None and not wish.scopes):
        problems.append(
            FieldProblem("/scopes", "one_of", phrase("choose among: %(choices)s", choices=", ".join(known)))
        )
    return problems + _expiry_problems(wish.expires_at)


def _expiry_problems(expires_at: datetime | None) -> list[FieldProblem]:
    now = datetime.now(UTC)
    if expires_at is None or now < expires_at <= now + MAX_LIFETIME:
        return []
    return [FieldProblem("/expires_at", "range", phrase("choose a moment from now on, within five years, or none"))]


def _overlap_problems(overlap: timedelta) -> list[FieldProblem]:
    if timedelta(0) <= overlap <= MAX_OVERLAP:
        return []
    hours = int(MAX_OVERLAP.total_seconds() // 3600)
    return [FieldProblem("/overlap_hours", "range", phrase("use 0 to %(hours)s hours", hours=hours))]


def _granted(actor: Actor, wish: KeyWish) -> tuple[str, ...]:
    if wish.scopes is None:
        allowed = grantable(actor, wish.kind)
        usual = tuple(scope for scope in default_scopes(wish.kind) if scope in allowed)
        if not usual:
            raise ForbiddenError("you have nothing that such a key could be allowed", code="scope_not_grantable")
        return usual
    _demand_grantable(actor, wish.kind, wish.scopes)
    return tuple(wish.scopes)


def _demand_grantable(actor: Actor, kind: str, scopes: Sequence[str]) -> None:
    beyond = sorted(set(scopes) - set(grantable(actor, kind)))
    if beyond:
        raise ForbiddenError(
            f"you cannot give a key what you may not do: {', '.join(beyond)}", code="scope_not_grantable"
        )


def _organizer(session: Session, actor: Actor, wish: KeyWish, problems: list[FieldProblem]) -> int | None:
    query = select(Organizer.id).where(Organizer.tenant_id == actor.tenant_id)
    if actor.organizer_id is not None:
        query = query.where(Organizer.id == actor.organizer_id)
    if wish.organizer is not None or actor.organizer_id is None:
        query = query.where(Organizer.external_id == (wish.organizer or ""))
    found = session.scalar(query)
    if found is None:
        problems.append(FieldProblem("/organizer", "known", phrase("choose one of the marketplace's organisers")))
    return found


def _organizer_of_live_event(session: Session, actor: Actor, wish: KeyWish, problems: list[FieldProblem]) -> int | None:
    query = select(LIVE_EVENTS.c.organizer_id).where(
        LIVE_EVENTS.c.tenant_id == actor.tenant_id, LIVE_EVENTS.c.external_id == (wish.live_event or "")
    )
    if actor.organizer_id is not None:
        query = query.where(LIVE_EVENTS.c.organizer_id == actor.organizer_id)
    found = session.scalar(query)
    if found is None:
        problems.append(
            FieldProblem("/live_event", "known", phrase("use the id of a live event that tickets are sold for"))
        )
    return found
