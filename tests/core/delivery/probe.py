"""A plugin without a platform that remembers which deliveries were reported as finished."""

from __future__ import annotations

from adrail import Outcome, hookimpl
from adrail.hookspecs import DeliveryFinished

finished: list[tuple[DeliveryFinished, Outcome | None]] = []


@hookimpl
def delivery_finished(event: DeliveryFinished, outcome: Outcome | None) -> None:
    """Remember it; raise when it died, as a careless plugin would."""
    finished.append((event, outcome))
    if event.state == "dead":
        raise RuntimeError("this plugin cannot bear it")
