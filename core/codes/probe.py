"""Testing a code: a test event or a health check, and the platform's answer in plain words."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import structlog

from adrail import (
    Accepted,
    AdrailError,
    Auth,
    AuthError,
    ConsentReceipt,
    Conversion,
    ConversionSender,
    Ignored,
    Invalid,
    InvalidPayloadError,
    Outcome,
    Platform,
    RawIdentifier,
    Retry,
    SendRequest,
    Submitted,
    Throttled,
    ThrottledError,
    UserData,
    phrase,
)
from core.accounts.api import Actor
from core.codes import queries
from core.codes.fields import platform_of
from core.codes.schema import plugin_values
from core.codes.views import CodeView, ProbeResult
from core.config import settings
from core.connections import api as connections
from core.connections.api import OpenConnection
from core.db.session import tenant_session
from core.errors import ForbiddenError
from core.observability.exceptions import type_and_place
from core.registry import transport

LATER = phrase("Nothing is wrong with your settings. Try again in a few minutes.")
RECONNECT = phrase("Create a new token at the platform and enter it in this code.")
CHECK_FIELDS = phrase("Check the id and the token of this code.")

log = structlog.get_logger(__name__)


def probe_code(actor: Actor, code_id: int, *, test_event_code: str | None = None) -> ProbeResult:
    """Ask the platform whether this code works; raises `NotFoundError` or `ForbiddenError`.

    With a test code (given, or among the code's settings as ``test_event_code``) a real test event is sent; without one
    it would count as a visit, so the credentials are checked instead.
    """
    if "manage_tracking_codes" not in actor.permissions:
        raise ForbiddenError("testing a tracking code needs the permission manage_tracking_codes")
    code = queries.get_code(actor, code_id)
    platform = platform_of(code.provider)
    if code.connection_id is None:
        return ProbeResult(
            False,
            "none",
            phrase("This code works in browsers only, so there is nothing to ask the platform."),
            phrase("To send from the server too, enter the platform's token in this code."),
        )
    test_code = test_event_code or str(code.settings.get("test_event_code") or "")
    sender = platform.conversions
    if sender is None or not sender.event_names or not test_code:
        report = connections.check(actor, code.connection_id)
        return ProbeResult(report.ok, "health", report.summary, report.remedy, report.code)
    with tenant_session(actor.tenant_id) as session:
        opened = connections.open_for_sending(session, code.connection_id)
    result, dead = _send(code, opened, platform, sender, test_code)
    with tenant_session(actor.tenant_id) as session:
        if result.ok:
            connections.mark_working(session, opened)
        elif dead:
            connections.mark_needs_reconnect(session, opened, result.summary, result.platform_code)
    return result


def _send(
    code: CodeView, opened: OpenConnection, platform: Platform, sender: ConversionSender, test_code: str
) -> tuple[ProbeResult, bool]:
    """Return the platform's answer, and whether it was about the credentials."""
    request = SendRequest(
        connection=replace(opened.ref, settings=plugin_values(platform, code.settings)),
        credentials=opened.credentials,
        items=[_test_event(code, sender)],
        test_code=test_code,
        now=datetime.now(UTC),
        transport=transport(platform),
    )
    try:
        (outcome,) = sender.send(request)
    except AdrailError as exc:
        return _from_error(platform, exc), isinstance(exc, AuthError)
    except Exception as exc:  # noqa: BLE001 - a foreign plugin's fault is an answer, too
        # Its text may quote the credentials.
        log.error("a test event failed", provider=platform.slug, code_id=code.id, error=type_and_place(exc))  # noqa: TRY400
        failed = phrase("The test to %(platform)s failed inside adrail.", platform=platform.display_name)
        return ProbeResult(False, "test_event", failed, LATER), False
    return _from_outcome(platform, outcome), isinstance(outcome, Auth)


def _test_event(code: CodeView, sender: ConversionSender) -> Conversion:
    usable = [name for name in code.conversion_events if name in sender.event_names] or list(sender.event_names)
    sale = usable[0] == "order_completed"
    now = datetime.now(UTC)
    return Conversion(
        event_id=str(uuid.uuid4()),
        canonical=usable[0],
        occurred_at=now,
        destination_id=code.public_id,
        consent=ConsentReceipt(code.purpose, None, None, now),
        value=Decimal(1) if sale else None,
        currency="EUR" if sale else None,
        order_id="adrail-test" if sale else None,
        source_url=settings().base_url,
        user=UserData(
            external_id=RawIdentifier("adrail-test"),
            client_ip=RawIdentifier("192.0.2.1"),
            user_agent=RawIdentifier("Mozilla/5.0 (compatible; adrail test event)"),
        ),
    )


def _from_outcome(platform: Platform, outcome: Outcome) -> ProbeResult:
    name = platform.display_name
    match outcome:
        case Accepted(ref):
            taken = phrase("%(platform)s accepted the test event.", platform=name)
            return ProbeResult(True, "test_event", taken, reference=ref)
        case Submitted(ref):
            taken = phrase("%(platform)s took the test event and is processing it.", platform=name)
            return ProbeResult(True, "test_event", taken, reference=ref)
        case Throttled() | Retry():
            busy = phrase("%(platform)s cannot answer right now: %(reason)s", platform=name, reason=outcome.reason)
            return ProbeResult(False, "test_event", busy, LATER)
        case Ignored(reason):
            unsent = phrase("The test event was not sent: %(reason)s", reason=reason)
            return ProbeResult(False, "test_event", unsent, CHECK_FIELDS)
        case Invalid():
            return _explained(platform, outcome.code, outcome.reason, CHECK_FIELDS)
        case Auth():
            return _explained(platform, outcome.code, outcome.reason, RECONNECT)


def _from_error(platform: Platform, error: AdrailError) -> ProbeResult:
    if isinstance(error, AuthError):
        return _explained(platform, error.code, str(error), RECONNECT, error.reference)
    if isinstance(error, InvalidPayloadError):
        return _explained(platform, error.code, str(error), CHECK_FIELDS, error.reference)
    name = platform.display_name
    if isinstance(error, ThrottledError):
        what = phrase("%(platform)s asks to wait: %(reason)s", platform=name, reason=error)
    else:
        what = phrase("%(platform)s could not be reached or is out of order: %(reason)s", platform=name, reason=error)
    return ProbeResult(False, "test_event", what, LATER, error.code, error.reference)


def _explained(platform: Platform, code: str, reason: str, remedy: str, reference: str = "") -> ProbeResult:
    refused = phrase("%(platform)s refused: %(reason)s", platform=platform.display_name, reason=reason)
    summary, known_remedy = platform.explain.get(code, (refused, remedy))
    return ProbeResult(False, "test_event", summary, known_remedy, code, reference)
