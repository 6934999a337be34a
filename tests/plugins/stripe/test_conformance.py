"""The rules every payment provider keeps, tried on Stripe."""

import json
from collections.abc import Mapping
from typing import ClassVar

from adrail import PaymentKind
from adrail.testing import PaymentConformance
from plugins.stripe import register_payment_provider
from tests.core.payments.provider import NEXT_SECRET, SECRET, disputed, failed, refunded, sign, succeeded


class TestStripe(PaymentConformance):
    """Every case."""

    provider = register_payment_provider()
    secret = SECRET
    other_secret = NEXT_SECRET
    examples: ClassVar[Mapping[PaymentKind, bytes]] = {
        PaymentKind.SUCCEEDED: json.dumps(succeeded()).encode(),
        PaymentKind.FAILED: json.dumps(failed()).encode(),
        PaymentKind.REFUNDED: json.dumps(refunded(500)).encode(),
        PaymentKind.DISPUTED: json.dumps(disputed()).encode(),
    }

    def headers(self, body: bytes, secret: str, at: float) -> Mapping[str, str]:
        """As Stripe signs."""
        return {"stripe-signature": sign(body, secret, at=at)}
