"""Prometheus metrics of payments."""

from prometheus_client import Counter

WEBHOOKS = Counter("adrail_payment_webhooks_total", "Payment webhooks answered", ["provider", "outcome"])
