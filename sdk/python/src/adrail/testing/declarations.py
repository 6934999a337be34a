"""What a test class says about its platform: the platform, how to try it, and what it cannot do, with the reason."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, ClassVar

import pytest

from adrail.platform import Platform

NOTHING: Mapping[str, Any] = MappingProxyType({})


class Declarations:
    """Attributes of a conformance class; only ``platform`` is required.

    The ones that are empty texts are reasons: fill one in only for what the platform itself cannot do, and the cases
    that would need it are skipped with that reason.
    """

    platform: ClassVar[Platform]

    settings: ClassVar[Mapping[str, Any]] = NOTHING
    """Settings of the connection that differ from their defaults."""

    credentials: ClassVar[Mapping[str, str]] = NOTHING
    """Secrets the sandbox takes, by settings field; those not named are made up."""

    silent_on_bad_events: ClassVar[str] = ""
    """Why the platform never says that it refused an event."""

    silent_on_bad_credentials: ClassVar[str] = ""
    """Why the platform never says that credentials are dead."""

    never_throttles: ClassVar[str] = ""
    """Why the platform never asks for a pause."""

    keeps_duplicates: ClassVar[str] = ""
    """Why the platform cannot tell that an event came twice."""

    takes_no_money: ClassVar[str] = ""
    """Why no amounts are sent to the platform."""

    def unless(self, declaration: str) -> None:
        """Skip the case where the class declares why its platform cannot do it."""
        reason = getattr(self, declaration)
        if reason:
            pytest.skip(f"{self.platform.display_name}: {reason}")
