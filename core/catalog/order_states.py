"""The states of an order: what may follow what, and the event that each step emits. Pure."""

from __future__ import annotations

COMPLETED = "order_completed"

TRANSITIONS = {
    "pending": {"completed", "cancelled"},
    "completed": {"partially_refunded", "refunded", "cancelled", "charged_back"},
    "partially_refunded": {"partially_refunded", "refunded", "charged_back"},
}
"""What may follow what. A status that is not a key is final."""
STATUSES = ("pending", "completed", "partially_refunded", "refunded", "cancelled", "charged_back")
EVENT_OF = {
    "completed": COMPLETED,
    "cancelled": "order_cancelled",
    "partially_refunded": "refund_completed",
    "refunded": "refund_completed",
    "charged_back": "chargeback_opened",
}
REPEATABLE = {"refund_completed", "chargeback_opened"}
