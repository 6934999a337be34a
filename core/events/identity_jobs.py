"""Back-filling of history: events are given to the persons that visitors turned out to be."""

from __future__ import annotations

import time

from core.events.attribution import attribute_some, stale_tenants
from core.jobs import DEFAULT, enqueue

ATTRIBUTE = "core.events.identity_jobs.attribute"
SECONDS = 45.0


def attribute() -> None:
    """Attribute what waits, marketplace by marketplace in turns; what is left after a while goes behind other jobs."""
    end = time.monotonic() + SECONDS
    waiting = stale_tenants()
    while waiting:
        waiting = [tenant_id for tenant_id in waiting if attribute_some(tenant_id).more]
        if time.monotonic() > end:
            enqueue(DEFAULT, ATTRIBUTE)
            return
