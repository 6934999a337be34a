"""One webhook: whose it is, whether it is genuine, and what it changes, in one transaction."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import structlog
from sqlalchemy import text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from adrail import InvalidPayloadError, SignatureError, SigningSecrets, UnusedNotice, WebhookRequest
from adrail import PaymentNotice as Told
from core.accounts.api import TenantView, tenant_view
from core.db.partitions import make_room_for
from core.db.session import anonymous_session, tenant_session
from core.errors import DomainError, FieldProblem, InvalidInputError, NotFoundError
from core.money import MAX_AMOUNT, known_currency
from core.payments.matching import settle
from core.payments.metrics import WEBHOOKS
from core.payments.models import PaymentEndpoint, PaymentNotice
from core.payments.secrets import unlock
from core.registry import UnknownPlatformError, registry
from core.security.crypto import DecryptionError

FIND = text("SELECT * FROM adrail_find_payment_endpoint(:slug, :provider)")
OLDEST = timedelta(days=365)
MOST_TEXT = 255
# Whoever sends rubbish makes us write once a second at most.
REFUSED = text("""
UPDATE payment_endpoints SET last_refused_at = now()
WHERE tenant_id = :tenant AND provider = :provider
  AND (last_refused_at IS NULL OR last_refused_at < now() - interval '1 second')
""")
MISUNDERSTOOD = text("""
UPDATE payment_endpoints SET problem = :problem, problem_at = now() WHERE tenant_id = :tenant AND provider = :provider
""")

log = structlog.get_logger(__name__)


class RefusedWebhookError(DomainError):
    """Not from whom it says, or to nobody; which of the two is not told."""

    status = 400
    code = "webhook_refused"
    title = "The webhook is not accepted"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An endpoint with the secrets that count now."""

    tenant_id: int
    provider: str
    secrets: SigningSecrets


def receive(provider: str, slug: str, body: bytes, headers: Mapping[str, str]) -> str:
    """Take one webhook in; returns ``matched``, ``waiting``, ``repeated`` or ``unused``.

    The same message again, also at the same time, changes nothing. Raises `NotFoundError` for a provider that is not
    installed, `RefusedWebhookError` for a message nobody signed, and `InvalidInputError` for one not understood.
    """
    try:
        webhooks = registry().payment_provider(provider).webhooks
    except UnknownPlatformError:
        raise NotFoundError("there is no such payment provider on this server") from None
    endpoint = _find(provider, slug)
    if endpoint is None:
        raise _refusal(provider)
    try:
        told = webhooks.read(WebhookRequest(body, headers, endpoint.secrets))
        checked = told if isinstance(told, UnusedNotice) else _checked(told)
    except SignatureError:
        _note_refused(endpoint)
        raise _refusal(provider) from None
    except InvalidPayloadError as exc:
        _note_misunderstood(endpoint, exc)
        problem = FieldProblem(exc.pointer, "content", str(exc))
        raise InvalidInputError("the message cannot be understood", errors=[problem]) from None
    outcome = _take(endpoint, checked)
    WEBHOOKS.labels(provider, outcome).inc()
    return outcome


def _find(provider: str, slug: str) -> Endpoint | None:
    with anonymous_session() as session:
        row = session.execute(FIND, {"slug": slug, "provider": provider}).one_or_none()
    if row is None:
        return None
    sealed = [row.secret_sealed, *([row.previous_sealed] if row.previous_sealed else [])]
    secrets = []
    for blob in sealed:
        try:
            secrets.append(unlock(row.tenant_id, provider, bytes(blob)))
        except DecryptionError as exc:
            log.error("a payment secret cannot be opened", tenant=row.tenant_id, reason=str(exc))  # noqa: TRY400
    return Endpoint(row.tenant_id, provider, SigningSecrets(*secrets))


def _checked(told: Told) -> Told:
    """What any provider must keep to; raises `InvalidPayloadError`."""
    now = datetime.now(UTC)
    texts = (told.event_id, told.payment_reference, told.transition_id, told.order_id or "", told.failure_code or "")
    if any(len(item) > MOST_TEXT or "\0" in item for item in texts) or not (told.event_id and told.payment_reference):
        raise InvalidPayloadError("an id is missing, too long or holds characters that cannot be stored")
    if not known_currency(told.currency):
        raise InvalidPayloadError("the currency is not known", pointer="/currency")
    if not Decimal(0) < told.amount < MAX_AMOUNT:
        raise InvalidPayloadError("the amount is out of range", pointer="/amount")
    if told.occurred_at < now - OLDEST:
        raise InvalidPayloadError("this happened more than a year ago", pointer="/created")
    return dataclasses.replace(told, occurred_at=min(told.occurred_at, now))


def _take(endpoint: Endpoint, told: Told | UnusedNotice) -> str:
    tenant = tenant_view(endpoint.tenant_id)
    if isinstance(told, Told):
        make_room_for(told.occurred_at)
    with tenant_session(tenant.id) as session:
        outcome = "unused" if isinstance(told, UnusedNotice) else _keep(session, tenant, endpoint.provider, told)
        _count(session, endpoint, unused=outcome == "unused")
    return outcome


def _keep(session: Session, tenant: TenantView, provider: str, told: Told) -> str:
    values = {
        "tenant_id": tenant.id,
        "provider": provider,
        "provider_event_id": told.event_id,
        "kind": told.kind.value,
        "payment_reference": told.payment_reference,
        "transition_id": told.transition_id or told.event_id,
        "order_external_id": told.order_id,
        "amount": told.amount,
        "currency": told.currency,
        "failure_code": told.failure_code,
        "occurred_at": told.occurred_at,
    }
    made = insert(PaymentNotice).values(values).on_conflict_do_nothing().returning(PaymentNotice)
    notice = session.scalars(made).one_or_none()
    if notice is None:
        return "repeated"
    settle(session, tenant, notice)
    return notice.state


def _count(session: Session, endpoint: Endpoint, *, unused: bool) -> None:
    # Last, because messages of one marketplace wait for each other from here on.
    where = (PaymentEndpoint.tenant_id == endpoint.tenant_id, PaymentEndpoint.provider == endpoint.provider)
    values = {
        "received": PaymentEndpoint.received + 1,
        "unused": PaymentEndpoint.unused + int(unused),
        "last_received_at": datetime.now(UTC),
    }
    session.execute(update(PaymentEndpoint).where(*where).values(values))


def _refusal(provider: str) -> RefusedWebhookError:
    WEBHOOKS.labels(provider, "refused").inc()
    return RefusedWebhookError("the request cannot be accepted")


def _note_refused(endpoint: Endpoint) -> None:
    with tenant_session(endpoint.tenant_id) as session:
        session.execute(REFUSED, {"tenant": endpoint.tenant_id, "provider": endpoint.provider})


def _note_misunderstood(endpoint: Endpoint, exc: InvalidPayloadError) -> None:
    WEBHOOKS.labels(endpoint.provider, "misunderstood").inc()
    said = f"{exc.pointer}: {exc}" if exc.pointer else str(exc)
    values = {"tenant": endpoint.tenant_id, "provider": endpoint.provider, "problem": said[:MOST_TEXT]}
    with tenant_session(endpoint.tenant_id) as session:
        session.execute(MISUNDERSTOOD, values)
