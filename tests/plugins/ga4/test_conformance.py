"""The rules every platform keeps, tried on GA4, and what GA4 cannot do."""

from collections.abc import Mapping
from typing import Any, ClassVar

from adrail.testing import PlatformConformance
from plugins.ga4 import register_platform


class TestGa4(PlatformConformance):
    """Every case that GA4's capabilities call for, with everything switched on that may say something of a person."""

    platform = register_platform()
    settings: ClassVar[Mapping[str, Any]] = {"user_provided_data": True, "debug_view": True}
    silent_on_bad_events = "the Measurement Protocol answers 204 whatever an event says"
    silent_on_bad_credentials = "neither the Measurement Protocol nor its validation server judges the API secret"
