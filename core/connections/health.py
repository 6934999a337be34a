"""Asking the platform whether a connection can send."""

from __future__ import annotations

import structlog

from adrail import (
    AdrailError,
    AuthError,
    HealthCheck,
    HealthReport,
    HealthRequest,
    Platform,
    RetryableError,
    phrase,
)
from core.accounts.api import Actor
from core.connections import queries, service
from core.connections.views import OpenConnection
from core.db.session import tenant_session
from core.observability.exceptions import type_and_place
from core.registry import registry, transport

LATER = phrase("Try again in a few minutes.")

log = structlog.get_logger(__name__)


def check(actor: Actor, connection_id: int) -> HealthReport:
    """Check the credentials with the platform, in plain words; the answer changes the connection's state.

    No transaction is open while the platform answers. Raises `NotFoundError`.
    """
    with tenant_session(actor.tenant_id) as session:
        queries.locked(session, actor, connection_id)
        opened = queries.open_for_sending(session, connection_id)
    platform = registry().get(opened.provider)
    if platform.health is None:
        return HealthReport(
            ok=False,
            summary=phrase("%(platform)s offers no way to check a connection.", platform=platform.display_name),
            remedy=phrase("Send a test event instead."),
            code="not_supported",
        )
    report, dead = _ask(platform, platform.health, opened)
    with tenant_session(actor.tenant_id) as session:
        if report.ok:
            service.mark_working(session, opened)
        elif dead:
            service.mark_needs_reconnect(session, opened, report.summary, report.code)
    return report


def _ask(platform: Platform, health: HealthCheck, opened: OpenConnection) -> tuple[HealthReport, bool]:
    request = HealthRequest(
        connection=opened.ref,
        credentials=opened.credentials,
        destination_id=opened.ref.account_id,
        transport=transport(platform),
    )
    try:
        return health.check(request), False
    except AuthError as exc:
        what, remedy = platform.explain.get(exc.code, (str(exc), phrase("Create a new token and paste it here.")))
        return HealthReport(False, what, remedy, exc.code), True
    except AdrailError as exc:
        remedy = LATER if isinstance(exc, RetryableError) else phrase("Check the id and the token.")
        what, remedy = platform.explain.get(exc.code, (str(exc), remedy))
        return HealthReport(False, what, remedy, exc.code), False
    except Exception as exc:  # noqa: BLE001 - a foreign plugin's fault is an answer, too
        # Its text may quote the credentials.
        log.error("a health check failed", provider=platform.slug, error=type_and_place(exc))  # noqa: TRY400
        failed = phrase("The check of %(platform)s failed inside adrail.", platform=platform.display_name)
        return HealthReport(False, failed, LATER), False
