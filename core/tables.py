"""Imports every model, so that migrations and tests see the whole schema."""

from core.accounts import models as accounts
from core.catalog import models as catalog
from core.catalog import order_models as orders
from core.catalog import person_models as persons
from core.codes import models as codes
from core.connections import models as connections
from core.db import idempotency_models as idempotency
from core.db import schedule_models as schedules
from core.db.base import Base
from core.delivery import models as delivery
from core.events import models as events
from core.notifications import models as notifications
from core.privacy import models as privacy

__all__ = [
    "accounts",
    "catalog",
    "codes",
    "connections",
    "delivery",
    "events",
    "idempotency",
    "metadata",
    "notifications",
    "orders",
    "persons",
    "privacy",
    "schedules",
]

metadata = Base.metadata
