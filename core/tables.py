"""Imports every model, so that migrations and tests see the whole schema."""

from core.accounts import models as accounts
from core.analytics import models as analytics
from core.catalog import import_models as imports
from core.catalog import models as catalog
from core.catalog import offer_models as offers
from core.catalog import order_models as orders
from core.catalog import person_models as persons
from core.catalog import shop_models as shop
from core.catalog import taste_models as tastes
from core.codes import models as codes
from core.connections import models as connections
from core.db import idempotency_models as idempotency
from core.db import schedule_models as schedules
from core.db.base import Base
from core.delivery import models as delivery
from core.events import archive_models as archive
from core.events import identity_models as identity
from core.events import models as events
from core.notifications import models as notifications
from core.payments import models as payments
from core.privacy import models as privacy

__all__ = [
    "accounts",
    "analytics",
    "archive",
    "catalog",
    "codes",
    "connections",
    "delivery",
    "events",
    "idempotency",
    "identity",
    "imports",
    "metadata",
    "notifications",
    "offers",
    "orders",
    "payments",
    "persons",
    "privacy",
    "schedules",
    "shop",
    "tastes",
]

metadata = Base.metadata
