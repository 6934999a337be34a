"""The canonical conversions a plugin may give names to; every other key in ``event_names`` would never be used."""

CANONICAL_EVENTS = frozenset(
    {
        "page_view",
        "event_view",
        "search_performed",
        "add_to_cart",
        "checkout_started",
        "payment_method_selected",
        "order_completed",
        "refund_completed",
        "order_cancelled",
        "entry_granted",
    }
)
