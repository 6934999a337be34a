"""How a plugin reaches its platform: base URLs and time limits, chosen by the server's settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Transport:
    """Where to send and how long to wait.

    ``endpoints`` maps the endpoint names that the platform declares (`Platform.endpoints`) to base URLs without a
    trailing slash; in a sandboxed installation they point at the sandbox. Time limits are seconds.
    """

    endpoints: Mapping[str, str] = field(default_factory=dict)
    connect_timeout: float = 5.0
    read_timeout: float = 20.0

    def url(self, endpoint: str) -> str:
        """Return the base URL of a declared endpoint; raises `KeyError` for an undeclared one."""
        return self.endpoints[endpoint]
