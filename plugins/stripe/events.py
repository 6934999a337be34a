"""What Stripe's events say about a payment. Pure: the signature is checked before.

The shapes are those of Stripe's API reference (PaymentIntent, Charge, Refund, Dispute); fields that newer API versions
leave out are looked for where they stand there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from adrail import InvalidPayloadError, PaymentKind, PaymentNotice, UnusedNotice
from plugins.stripe.money import major_units

ORDER_KEYS = ("order_id", "order", "order_external_id")
"""Keys of Stripe's metadata that may hold the marketplace's order number, the first that is filled counts."""
MOST_TEXT = 128


@dataclass(frozen=True, slots=True)
class Facts:
    """What the parts of one event say."""

    amount: int
    payment: str
    transition: str = ""
    failure: str | None = None


def notice_of(event: Mapping[str, Any]) -> PaymentNotice | UnusedNotice:
    """Read an event; raises `InvalidPayloadError` that names the field which is not as it should be."""
    name, kind = _text(event, "id"), _text(event, "type")
    if kind not in EVENTS:
        return UnusedNotice(name, kind)
    meaning, facts_of = EVENTS[kind]
    data = _mapping(event, "data")
    what = _mapping(data, "object")
    facts = facts_of(what, data.get("previous_attributes") or {})
    currency = _text(what, "currency").upper()
    if facts.amount <= 0:
        return UnusedNotice(name, kind)
    return PaymentNotice(
        event_id=name,
        kind=meaning,
        occurred_at=_moment(event),
        amount=major_units(facts.amount, currency),
        currency=currency,
        payment_reference=facts.payment,
        transition_id=facts.transition or name,
        order_id=_order(what),
        failure_code=facts.failure,
    )


def _succeeded(intent: Mapping[str, Any], _: Mapping[str, Any]) -> Facts:
    received = intent.get("amount_received")
    payment = _text(intent, "id")
    return Facts(received if isinstance(received, int) and received else _number(intent, "amount"), payment, payment)


def _failed(intent: Mapping[str, Any], _: Mapping[str, Any]) -> Facts:
    error = intent.get("last_payment_error") or {}
    said = error.get("decline_code") or error.get("code") if isinstance(error, Mapping) else None
    return Facts(_number(intent, "amount"), _text(intent, "id"), failure=said[:80] if isinstance(said, str) else None)


def _refunded(charge: Mapping[str, Any], before: Mapping[str, Any]) -> Facts:
    """The charge tells all that was paid back so far; what it said before stands beside it."""
    earlier = before.get("amount_refunded", 0)
    amount = _number(charge, "amount_refunded") - (earlier if isinstance(earlier, int) else 0)
    return Facts(amount, _reference(charge.get("payment_intent")) or _text(charge, "id"), _newest_refund(charge))


def _paid_back(refund: Mapping[str, Any], _: Mapping[str, Any]) -> Facts:
    """A refund tells its own amount. One under way is told by the event that says it arrived, one that failed never."""
    amount = _number(refund, "amount") if refund.get("status") in {None, "succeeded"} else 0
    payment = _reference(refund.get("payment_intent")) or _reference(refund.get("charge"))
    return Facts(amount, payment or _text(refund, "id"), _text(refund, "id"))


def _disputed(dispute: Mapping[str, Any], _: Mapping[str, Any]) -> Facts:
    payment = _reference(dispute.get("payment_intent")) or _reference(dispute.get("charge"))
    return Facts(_number(dispute, "amount"), payment or _text(dispute, "id"), _text(dispute, "id"))


def _newest_refund(charge: Mapping[str, Any]) -> str:
    """The refund's own id, in API versions whose charges list their refunds (newest first)."""
    listed = charge.get("refunds")
    rows = listed.get("data") if isinstance(listed, Mapping) else None
    return _reference(rows[0]) if isinstance(rows, list) and rows else ""


def _reference(value: Any) -> str:
    """An id, or the id of the object that was put in its place."""
    found = value.get("id") if isinstance(value, Mapping) else value
    return found[:MOST_TEXT] if isinstance(found, str) else ""


def _order(what: Mapping[str, Any]) -> str | None:
    metadata = what.get("metadata")
    found = [metadata.get(key) for key in ORDER_KEYS] if isinstance(metadata, Mapping) else []
    return next((text.strip() for text in found if isinstance(text, str) and 0 < len(text.strip()) <= MOST_TEXT), None)


def _moment(event: Mapping[str, Any]) -> datetime:
    try:
        return datetime.fromtimestamp(_number(event, "created"), UTC)
    except (OverflowError, OSError, ValueError):
        raise InvalidPayloadError("the time is no time", pointer="/created") from None


def _text(where: Mapping[str, Any], name: str) -> str:
    value = where.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= MOST_TEXT:
        raise InvalidPayloadError(f"{name} is missing or no text", pointer=f"/{name}")
    return value


def _number(where: Mapping[str, Any], name: str) -> int:
    value = where.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 10**14:
        raise InvalidPayloadError(f"{name} is missing or no amount", pointer=f"/{name}")
    return value


def _mapping(where: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = where.get(name)
    if not isinstance(value, Mapping):
        raise InvalidPayloadError(f"{name} is missing", pointer=f"/{name}")
    return value


Reader = Callable[[Mapping[str, Any], Mapping[str, Any]], Facts]
EVENTS: Mapping[str, tuple[PaymentKind, Reader]] = {
    "payment_intent.succeeded": (PaymentKind.SUCCEEDED, _succeeded),
    "payment_intent.payment_failed": (PaymentKind.FAILED, _failed),
    "refund.created": (PaymentKind.REFUNDED, _paid_back),
    "refund.updated": (PaymentKind.REFUNDED, _paid_back),
    "charge.refund.updated": (PaymentKind.REFUNDED, _paid_back),
    "charge.refunded": (PaymentKind.REFUNDED, _refunded),
    "charge.dispute.created": (PaymentKind.DISPUTED, _disputed),
}
