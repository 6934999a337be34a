"""The types that pages are written with are those of the registry."""

from __future__ import annotations

from tests.docs.event_types import event_types
from tests.docs.generate import EVENT_TYPES
from tracking.registry.loader import load


def test_the_browser_sdks_event_types_are_up_to_date() -> None:
    assert EVENT_TYPES.read_text("utf-8") == event_types(load()), "run `make docs`"
