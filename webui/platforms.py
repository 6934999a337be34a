"""How a platform appears on pages: its name, its mark and the colour of the mark."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

from core.registry import UnknownPlatformError, registry

COLOURS = 6


@dataclass(frozen=True, slots=True)
class PlatformMark:
    """Name and badge of a platform; ``colour`` picks one of the mark styles."""

    slug: str
    name: str
    badge: str
    colour: int


def mark(slug: str) -> PlatformMark:
    """Return the mark of a platform, also of one whose plugin has been removed."""
    colour = zlib.crc32(slug.encode()) % COLOURS
    try:
        platform = registry().get(slug)
    except UnknownPlatformError:
        return PlatformMark(slug, slug.replace("_", " ").title(), slug[:1].upper(), colour)
    return PlatformMark(slug, platform.display_name, platform.badge or platform.display_name[:1], colour)


def explained(slug: str, code: str | None) -> tuple[str, str] | None:
    """Return what an error code of a platform means and what to do, when its plugin says so."""
    try:
        return registry().get(slug).explain.get(code or "")
    except UnknownPlatformError:
        return None
