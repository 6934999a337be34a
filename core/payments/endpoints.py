"""Endpoints as the marketplace's administrators see and change them: never a secret comes back."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from sqlalchemy import Select, delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from adrail import PaymentProvider, phrase
from core.accounts.api import Actor, record_audit, tenant_view
from core.config import settings
from core.db.session import tenant_session
from core.errors import ConflictError, FieldProblem, ForbiddenError, InvalidInputError, NotFoundError
from core.payments.matching import MATCHED, WAITING
from core.payments.models import PaymentEndpoint, PaymentNotice
from core.payments.secrets import lock
from core.registry import UnknownPlatformError, registry

DEFAULT_OVERLAP, MAX_OVERLAP = timedelta(hours=24), timedelta(days=30)


@dataclass(frozen=True, slots=True)
class EndpointView:
    """One provider and how its webhooks are doing; without ``secret_set_at`` it is not set up.

    ``waiting`` and ``expired`` count messages whose order never came. ``problem`` is about the latest message that was
    genuine and not understood. ``label`` and ``help`` are the provider's words about its secret.
    """

    provider: str
    name: str
    address: str
    events: tuple[str, ...]
    label: str
    help: str
    secret_set_at: datetime | None = None
    previous_until: datetime | None = None
    received: int = 0
    unused: int = 0
    last_received_at: datetime | None = None
    last_refused_at: datetime | None = None
    problem: str | None = None
    problem_at: datetime | None = None
    waiting: int = 0
    expired: int = 0


def require_admin(actor: Actor) -> None:
    """Raise `ForbiddenError` for everybody but administrators of the marketplace."""
    if "admin" not in actor.permissions or actor.organizer_id is not None or actor.kind == "key":
        raise ForbiddenError("only administrators of the marketplace manage payments", code="permission_missing")


def list_endpoints(actor: Actor) -> list[EndpointView]:
    """Every installed payment provider, set up or not, by slug. Raises `ForbiddenError`."""
    require_admin(actor)
    slug = tenant_view(actor.tenant_id).slug
    with tenant_session(actor.tenant_id) as session:
        rows = {row.provider: row for row in session.scalars(_of(actor))}
        return [_view(session, item, slug, rows.get(item.slug)) for item in registry().payment_providers()]


def get_endpoint(actor: Actor, provider: str) -> EndpointView:
    """One provider. Raises `ForbiddenError`, or `NotFoundError` when it is not installed."""
    require_admin(actor)
    known, slug = _installed(provider), tenant_view(actor.tenant_id).slug
    with tenant_session(actor.tenant_id) as session:
        row = session.scalars(_of(actor).where(PaymentEndpoint.provider == provider)).one_or_none()
        return _view(session, known, slug, row)


def set_secret(actor: Actor, provider: str, value: str, *, overlap: timedelta = DEFAULT_OVERLAP) -> EndpointView:
    """Store a provider's signing secret; the one before counts for ``overlap`` more (at most 30 days).

    Raises `ForbiddenError`, `NotFoundError`, `InvalidInputError`, and `ConflictError` while an older one still counts.
    """
    require_admin(actor)
    _check(_installed(provider), value, overlap)
    now = datetime.now(UTC)
    sealed = lock(actor.tenant_id, provider, value)
    with tenant_session(actor.tenant_id) as session:
        row = _locked(session, actor, provider)
        detail: dict[str, str] = {}
        if row is None:
            new = {"tenant_id": actor.tenant_id, "provider": provider, "secret_sealed": sealed}
            if (
                session.scalar(
                    insert(PaymentEndpoint).values(new).on_conflict_do_nothing().returning(PaymentEndpoint.id)
                )
                is None
            ):
                raise ConflictError(phrase("somebody set this secret at the same moment; load the page again"))
        else:
            if row.previous_until is not None and row.previous_until > now:
                said = phrase("the secret before this one still counts; end it first, or wait until it ends by itself")
                raise ConflictError(said, code="key_not_active")
            row.previous_sealed, row.previous_until = row.secret_sealed if overlap else None, now + overlap
            row.secret_sealed, row.secret_set_at = sealed, now
            detail = {"old_until": row.previous_until.isoformat()}
        session.flush()
        record_audit(session, actor, "payments.secret_set", f"payments:{provider}", detail)
    return get_endpoint(actor, provider)


def end_previous(actor: Actor, provider: str) -> EndpointView:
    """End the secret that was replaced. Twice changes nothing. Raises `ForbiddenError` or `NotFoundError`."""
    require_admin(actor)
    _installed(provider)
    with tenant_session(actor.tenant_id) as session:
        row = _locked(session, actor, provider)
        if row is not None and row.previous_sealed is not None:
            row.previous_sealed = row.previous_until = None
            session.flush()
            record_audit(session, actor, "payments.secret_retired", f"payments:{provider}")
    return get_endpoint(actor, provider)


def disconnect(actor: Actor, provider: str) -> EndpointView:
    """Forget a provider's secrets: its webhooks are refused from now on, what it reported stays.

    Twice changes nothing. Raises `ForbiddenError` or `NotFoundError`.
    """
    require_admin(actor)
    _installed(provider)
    with tenant_session(actor.tenant_id) as session:
        row = _locked(session, actor, provider)
        if row is not None:
            session.execute(delete(PaymentEndpoint).where(PaymentEndpoint.id == row.id))
            record_audit(session, actor, "payments.disconnected", f"payments:{provider}")
    return get_endpoint(actor, provider)


def _of(actor: Actor) -> Select[PaymentEndpoint]:
    return select(PaymentEndpoint).where(PaymentEndpoint.tenant_id == actor.tenant_id)


def _locked(session: Session, actor: Actor, provider: str) -> PaymentEndpoint | None:
    return session.scalars(_of(actor).where(PaymentEndpoint.provider == provider).with_for_update()).one_or_none()


def _installed(provider: str) -> PaymentProvider:
    try:
        return registry().payment_provider(provider)
    except UnknownPlatformError as exc:
        raise NotFoundError(str(exc)) from None


def _check(provider: PaymentProvider, value: str, overlap: timedelta) -> None:
    problems = []
    if not re.fullmatch(provider.pattern, value):
        problems.append(
            FieldProblem(
                "/secret", "pattern", phrase("this is no signing secret of %(name)s", name=provider.display_name)
            )
        )
    if not timedelta(0) <= overlap <= MAX_OVERLAP:
        hours = int(MAX_OVERLAP.total_seconds() // 3600)
        problems.append(FieldProblem("/overlap_hours", "range", phrase("use 0 to %(hours)s hours", hours=hours)))
    if problems:
        raise InvalidInputError(phrase("the secret cannot be stored"), errors=problems)


def _view(session: Session, provider: PaymentProvider, slug: str, row: PaymentEndpoint | None) -> EndpointView:
    address = f"{settings().base_url}/api/webhooks/{provider.slug}/{slug}"
    known = EndpointView(provider.slug, provider.display_name, address, provider.events, provider.label, provider.help)
    if row is None:
        return known
    counts = _open_counts(session, row.tenant_id, provider.slug)
    until = row.previous_until
    return replace(
        known,
        secret_set_at=row.secret_set_at,
        previous_until=until if row.previous_sealed and until and until > datetime.now(UTC) else None,
        received=row.received,
        unused=row.unused,
        last_received_at=row.last_received_at,
        last_refused_at=row.last_refused_at,
        problem=row.problem,
        problem_at=row.problem_at,
        waiting=counts.get(WAITING, 0),
        expired=sum(counts.values()) - counts.get(WAITING, 0),
    )


def _open_counts(session: Session, tenant_id: int, provider: str) -> dict[str, int]:
    rows = session.execute(
        select(PaymentNotice.state, func.count())
        .where(
            PaymentNotice.tenant_id == tenant_id,
            PaymentNotice.provider == provider,
            PaymentNotice.state != MATCHED,
        )
        .group_by(PaymentNotice.state)
    )
    return {str(state): int(count) for state, count in rows}
