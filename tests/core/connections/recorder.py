"""A plugin without a platform that remembers what it was told about connections."""

from __future__ import annotations

from adrail import hookimpl
from adrail.hookspecs import ConnectionChanged

heard: list[ConnectionChanged] = []


@hookimpl
def connection_changed(event: ConnectionChanged) -> None:
    """Remember the change."""
    heard.append(event)
