"""Which hosts a page's Content-Security-Policy must let in for the pixels that its codes may bring."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit

from adrail import CspSources
from core.registry import registry, transport


def csp_sources() -> CspSources:
    """Return the hosts of every installed pixel; where settings move a platform's endpoints, those instead."""
    kinds: dict[str, dict[str, None]] = {kind: {} for kind in ("script", "img", "connect", "frame")}
    for platform in registry().supporting("pixel"):
        moved = _origins(transport(platform).endpoints.values()) - _origins(platform.endpoints.values())
        own = platform.pixel.csp if platform.pixel else CspSources()
        for kind, hosts in kinds.items():
            hosts.update(dict.fromkeys(sorted(moved) or getattr(own, kind)))
    return CspSources(**{kind: tuple(hosts) for kind, hosts in kinds.items()})


def _origins(urls: Iterable[str]) -> set[str]:
    return {f"{parts.scheme}://{parts.netloc}" for parts in map(urlsplit, urls)}
