"""Stripe: reads the webhooks of its payments."""

from adrail import PaymentProvider, hookimpl
from plugins.stripe.events import EVENTS
from plugins.stripe.webhooks import StripeWebhooks


@hookimpl
def register_payment_provider() -> PaymentProvider:
    """Return the payment provider Stripe."""
    return PaymentProvider(
        slug="stripe",
        display_name="Stripe",
        badge="S",
        sdk_version="1",
        webhooks=StripeWebhooks(),
        events=tuple(EVENTS),
        label="Signing secret",
        help="Stripe → Developers → Webhooks → your endpoint → Signing secret; it begins with whsec_.",
        pattern=r"whsec_\S{6,250}",
    )
