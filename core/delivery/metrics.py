"""What can be measured about deliveries."""

from prometheus_client import Counter, Histogram

DELIVERIES = Counter(
    "adrail_deliveries_total", "Deliveries that reached a final state", ["platform", "state", "reason"]
)
ATTEMPT_SECONDS = Histogram(
    "adrail_delivery_attempt_seconds",
    "Duration of one call to a platform",
    ["platform"],
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 60),
)
LAG_SECONDS = Histogram(
    "adrail_delivery_lag_seconds",
    "From receiving an event to a platform accepting its conversion",
    ["platform"],
    buckets=(0.25, 0.5, 1, 2, 5, 15, 60, 300, 3600, 21600, 86400),
)
