"""A payment provider's side: events as it makes them, signed as it signs them."""

from __future__ import annotations

import hashlib
import hmac
import itertools
import json
import time
from collections.abc import Mapping
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from core.payments.api import set_secret
from tests.marketplace import Marketplace

PROVIDER = "stripe"
SECRET, NEXT_SECRET = "whsec_the-first-of-two", "whsec_the-second-of-two"
_numbers = itertools.count(1)


def sign(body: bytes, secret: str = SECRET, *, at: float | None = None) -> str:
    """The header that signs a body; computed by hand, so that a mistake of the library would show."""
    stamp = int(at if at is not None else time.time())
    digest = hmac.new(secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={stamp},v1={digest}"


def event(kind: str, what: Mapping[str, Any], *, name: str | None = None, **changes: Any) -> dict[str, Any]:
    """An event around an object."""
    made = {"id": name or f"evt_{next(_numbers)}", "object": "event", "type": kind, "created": int(time.time())}
    return {**made, "data": {"object": dict(what)}, **changes}


def succeeded(
    order: str | None = "A-1", *, payment: str = "pi_1", name: str | None = None, **what: Any
) -> dict[str, Any]:
    """A payment that succeeded: 180.00 RON."""
    intent = {"id": payment, "object": "payment_intent", "amount": 18_000, "amount_received": 18_000, "currency": "ron"}
    return event("payment_intent.succeeded", {**intent, "metadata": _metadata(order), **what}, name=name)


def failed(order: str | None = "A-1", *, payment: str = "pi_1", **what: Any) -> dict[str, Any]:
    """A payment that the card's bank refused."""
    intent = {"id": payment, "object": "payment_intent", "amount": 18_000, "currency": "ron"}
    error = {"code": "card_declined", "decline_code": "insufficient_funds", "message": "Ana's card has no money."}
    return event(
        "payment_intent.payment_failed", {**intent, "metadata": _metadata(order), "last_payment_error": error, **what}
    )


def refunded(
    total: int, before: int = 0, *, order: str | None = "A-1", payment: str = "pi_1", **what: Any
) -> dict[str, Any]:
    """A charge of which ``total`` is paid back by now."""
    charge = {"id": "ch_1", "payment_intent": payment, "amount": 18_000, "amount_refunded": total, "currency": "ron"}
    made = event("charge.refunded", {**charge, "metadata": _metadata(order), **what})
    made["data"]["previous_attributes"] = {"amount_refunded": before}
    return made


def paid_back(
    amount: int = 5_000, refund: str = "re_1", *, kind: str = "refund.created", **what: Any
) -> dict[str, Any]:
    """A refund of its own: it names its payment, never the order."""
    made = {"id": refund, "object": "refund", "amount": amount, "currency": "ron", "charge": "ch_1", "metadata": {}}
    return event(kind, {**made, "payment_intent": "pi_1", "status": "succeeded", **what})


def disputed(*, payment: str = "pi_1", name: str = "dp_1") -> dict[str, Any]:
    """A dispute: it names its payment, never the order."""
    what = {"id": name, "object": "dispute", "amount": 18_000, "currency": "ron", "charge": "ch_1", "metadata": {}}
    return event("charge.dispute.created", {**what, "payment_intent": payment})


def _metadata(order: str | None) -> dict[str, str]:
    return {"order_id": order} if order else {}


class Provider:
    """Sends webhooks about one marketplace, which has given adrail the secret."""

    def __init__(self, client: FlaskClient, marketplace: Marketplace, *, secret: str | None = SECRET) -> None:
        self.client = client
        self.marketplace = marketplace
        if secret:
            set_secret(marketplace.staff, PROVIDER, secret)

    @property
    def address(self) -> str:
        """Where it sends."""
        return f"/api/webhooks/{PROVIDER}/{self.marketplace.slug}"

    def send(self, message: Mapping[str, Any], secret: str = SECRET, *, at: float | None = None) -> TestResponse:
        """Send a signed message."""
        body = json.dumps(message, indent=2).encode()  # as this provider writes JSON
        return self.post(body, sign(body, secret, at=at))

    def post(self, body: bytes, signature: str | None) -> TestResponse:
        """Send bytes."""
        headers = {"Content-Type": "application/json", **({"Stripe-Signature": signature} if signature else {})}
        return self.client.post(self.address, data=body, headers=headers)

    def outcome(self, message: Mapping[str, Any]) -> str:
        """Send a message that must be taken; returns what became of it."""
        answer = self.send(message)
        assert answer.status_code == 200, answer.text
        return str(answer.get_json()["outcome"])
