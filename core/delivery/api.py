"""The door of delivery: the only module other features import."""

from core.delivery.jobs import sweep
from core.delivery.of_events import Destination, destinations_of
from core.delivery.queries import delivery_detail, delivery_log, ledger
from core.delivery.recent import last_accepted
from core.delivery.replaying import replay
from core.delivery.service import plan, wanted_events
from core.delivery.stored import StoredEvent
from core.delivery.views import AttemptView, DeliveryDetail, DeliveryView, Explanation, LedgerCounts
from core.delivery.wakeup import wake

__all__ = [
    "AttemptView",
    "DeliveryDetail",
    "DeliveryView",
    "Destination",
    "Explanation",
    "LedgerCounts",
    "StoredEvent",
    "delivery_detail",
    "delivery_log",
    "destinations_of",
    "last_accepted",
    "ledger",
    "plan",
    "replay",
    "sweep",
    "wake",
    "wanted_events",
]
