"""Subscription tiers: what an organiser, a venue, … pays for, and what needs how much."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from adrail import phrase
from core.accounts.audit import record_audit
from core.accounts.models import Organizer, Subscription
from core.accounts.permissions import SUBJECTS
from core.accounts.service import Actor
from core.accounts.sites import require_admin
from core.accounts.subjects import check_known
from core.db.session import tenant_session
from core.errors import FieldProblem, ForbiddenError, InvalidInputError, NotFoundError

TIERS = ("free", "premium", "professional", "enterprise")
"""From the smallest to the one that includes everything."""
FEATURES: Mapping[str, str] = {"long_results": "premium"}
"""What comes with a larger tier only: feature → the smallest tier that includes it.

``long_results``: results of more than four weeks at once.
"""
MAX_SUBJECT = 200


@dataclass(frozen=True, slots=True)
class SubscriptionView:
    """The tier of one subject; ``ends_at`` None means without end."""

    subject_kind: str
    subject_id: str
    tier: str
    ends_at: datetime | None


def tier_of(actor: Actor) -> str:
    """Return the tier an actor acts under; the marketplace itself and its backends have everything."""
    if actor.organizer_id is None:
        return TIERS[-1]
    with tenant_session(actor.tenant_id) as session:
        found = session.scalar(
            select(Subscription.tier).where(
                Subscription.tenant_id == actor.tenant_id,
                or_(Subscription.ends_at.is_(None), Subscription.ends_at > func.now()),
                *_whose(session, actor),
            )
        )
    return found if found in TIERS else TIERS[0]


def _whose(session: Session, actor: Actor) -> list[ColumnElement[bool]]:
    if actor.subject is not None:
        kind, subject_id = actor.subject
    else:
        kind = "organizer"
        owner = select(Organizer.external_id).where(
            Organizer.tenant_id == actor.tenant_id, Organizer.id == actor.organizer_id
        )
        subject_id = session.scalar(owner) or ""
    return [Subscription.subject_kind == kind, Subscription.subject_id == subject_id]


def includes(tier: str, needed: str) -> bool:
    """Whether a tier includes what another one offers; raises `ValueError` for what is no tier."""
    return TIERS.index(tier) >= TIERS.index(needed)


def requires_tier(actor: Actor, needed: str) -> None:
    """Raise `ForbiddenError` (code ``tier_missing``) unless the actor's tier includes ``needed``."""
    if not includes(tier_of(actor), needed):
        raise ForbiddenError(f"this needs the tier {needed} or a larger one", code="tier_missing")


def has_feature(actor: Actor, feature: str) -> bool:
    """Whether what an actor pays for includes a feature of `FEATURES`; raises `KeyError` for another."""
    return includes(tier_of(actor), FEATURES[feature])


def require_feature(actor: Actor, feature: str) -> None:
    """Raise `ForbiddenError` (code ``tier_missing``) unless what the actor pays for includes the feature."""
    requires_tier(actor, FEATURES[feature])


def set_tier(actor: Actor, subject_kind: str, subject_id: str, tier: str, ends_at: datetime | None = None) -> None:
    """Say what a subject, by its external id, pays for from now on.

    Raises `ForbiddenError`, `InvalidInputError`, or `NotFoundError` for an unknown organiser, artist or venue.
    """
    require_admin(actor)
    problems = []
    if subject_kind not in SUBJECTS or subject_kind == "marketplace":
        problems.append(
            FieldProblem("/subject_kind", "one_of", phrase("use one of: %(choices)s", choices=", ".join(SUBJECTS[1:])))
        )
    if tier not in TIERS:
        problems.append(FieldProblem("/tier", "one_of", phrase("use one of: %(choices)s", choices=", ".join(TIERS))))
    if ends_at is not None and ends_at <= datetime.now(UTC):
        problems.append(
            FieldProblem("/ends_at", "future", phrase("use a moment that is still to come, or leave it out"))
        )
    if not 0 < len(subject_id) <= MAX_SUBJECT or not subject_id.isprintable():
        problems.append(FieldProblem("/subject_id", "length", phrase("use 1 to %(most)s characters", most=MAX_SUBJECT)))
    if problems:
        raise InvalidInputError(phrase("the tier cannot be set"), errors=problems)
    with tenant_session(actor.tenant_id) as session:
        try:
            check_known(session, actor.tenant_id, subject_kind, subject_id)
        except InvalidInputError as error:
            raise NotFoundError(error.errors[0].message) from None
        values = {"tier": tier, "ends_at": ends_at}
        where = {"tenant_id": actor.tenant_id, "subject_kind": subject_kind, "subject_id": subject_id}
        keys = ["tenant_id", "subject_kind", "subject_id"]
        statement = insert(Subscription).values(**where, **values)
        session.execute(statement.on_conflict_do_update(index_elements=keys, set_=values))
        record_audit(session, actor, "tier.changed", f"{subject_kind}:{subject_id}", {"tier": tier})


def tiers_in(session: Session, tenant_id: int) -> dict[tuple[str, str], str]:
    """Return the tiers that hold now, by subject, in the caller's transaction."""
    rows = session.execute(
        select(Subscription.subject_kind, Subscription.subject_id, Subscription.tier).where(
            Subscription.tenant_id == tenant_id,
            or_(Subscription.ends_at.is_(None), Subscription.ends_at > func.now()),
        )
    )
    return {(row.subject_kind, row.subject_id): row.tier for row in rows}
