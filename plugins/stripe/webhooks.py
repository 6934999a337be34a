"""Signed requests of Stripe: the signature on the raw body first, the content afterwards."""

from __future__ import annotations

import json
from collections.abc import Mapping

from adrail import InvalidPayloadError, PaymentNotice, SignatureError, UnusedNotice, WebhookRequest
from plugins.stripe.events import notice_of

TOLERANCE_SECONDS = 300
HEADER = "stripe-signature"


class StripeWebhooks:
    """Reads webhooks of any API version."""

    def read(self, request: WebhookRequest) -> PaymentNotice | UnusedNotice:
        """Check and read one; raises `SignatureError` or `InvalidPayloadError`."""
        _check(request)
        try:
            event = json.loads(request.body)
        except (ValueError, RecursionError):
            raise InvalidPayloadError("the body is no JSON") from None
        if not isinstance(event, Mapping):
            raise InvalidPayloadError("the body is no event")
        return notice_of(event)


def _check(request: WebhookRequest) -> None:
    # Large and needed by few processes; it stays away from those that never see a webhook.
    from stripe import SignatureVerificationError, WebhookSignature  # noqa: PLC0415

    header = request.headers.get(HEADER, "")
    if not header.isascii():  # the library compares texts of ASCII alone
        raise SignatureError("the signature is no signature")
    for secret in request.secrets:
        try:
            WebhookSignature.verify_header(request.body, header, secret, TOLERANCE_SECONDS)
        except (SignatureVerificationError, ValueError):  # the second: text that is no UTF-8
            continue
        return
    raise SignatureError("no secret fits the signature")
