"""Where an address is: country, region and city from a file in MaxMind's format, when there is one."""

from __future__ import annotations

import functools
import ipaddress
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import maxminddb
import structlog

from core.config import settings

LOOK_AGAIN_SECONDS = 60.0
REMEMBERED = 8_192

log = structlog.get_logger(__name__)


class Place(NamedTuple):
    """ISO 3166 code of the country; names of region and city, where the file has them."""

    country: str | None = None
    region: str | None = None
    city: str | None = None

    def finer(self) -> dict[str, str]:
        """What is known beyond the country."""
        return {name: value for name, value in (("region", self.region), ("city", self.city)) if value}


NOWHERE = Place()


@functools.lru_cache(maxsize=REMEMBERED)
def network_of(ip: str | None) -> str | None:
    """An address cut to /24 (IPv4) or /48 (IPv6): enough for a region, not for a household. None for no address."""
    try:
        address = ipaddress.ip_address(ip or "")
    except ValueError:
        return None
    address = getattr(address, "ipv4_mapped", None) or address
    return str(ipaddress.ip_network((address, 24 if address.version == 4 else 48), strict=False))


class Places:
    """An address database; a file that was replaced is read anew after a while, one that cannot be read is none."""

    def __init__(self, path: Path, *, look_again_seconds: float = LOOK_AGAIN_SECONDS) -> None:
        self._path = path
        self._look_again = look_again_seconds
        self._open: _Opened | None = None
        self._looked = 0.0

    def find(self, ip: str) -> Place:
        """Return where an address is, as far as the file knows."""
        opened = self._current()
        return opened.find(ip) if opened else NOWHERE

    def _current(self) -> _Opened | None:
        now = time.monotonic()
        if not self._looked or now - self._looked >= self._look_again:
            self._looked = now
            self._open = self._read()
        return self._open

    def _read(self) -> _Opened | None:
        try:
            stamp = self._path.stat().st_mtime_ns
            if self._open and self._open.stamp == stamp:
                return self._open
            return _Opened(maxminddb.open_database(self._path), stamp)
        except (OSError, maxminddb.InvalidDatabaseError) as exc:
            log.warning("the address database cannot be read; countries stay unknown", reason=type(exc).__name__)
            return self._open


@dataclass(slots=True)
class _Opened:
    reader: maxminddb.Reader
    stamp: int

    def find(self, ip: str) -> Place:
        try:
            found: Any = self.reader.get(ip)
        except (ValueError, maxminddb.InvalidDatabaseError):
            return NOWHERE
        return _place(found) if isinstance(found, dict) else NOWHERE


def _place(found: dict[str, Any]) -> Place:
    """Read a record in one of the shapes that files have: nested with names, or flat."""
    country = _at(found, "country", "iso_code") or _at(found, "country_code") or _at(found, "country")
    regions = found.get("subdivisions")
    region = _at(regions[0], "names", "en") if isinstance(regions, list) and regions else None
    return Place(
        country.upper() if country and len(country) == 2 and country.isascii() and country.isalpha() else None,
        region or _at(found, "state1") or _at(found, "region"),
        _at(found, "city", "names", "en") or _at(found, "city"),
    )


def _at(value: Any, *path: str) -> str | None:
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value if isinstance(value, str) and value else None


@functools.cache
def places() -> Places | None:
    """The configured database, if there is one."""
    path = settings().geo_database
    return Places(path) if path else None


def place_of(ip: str | None) -> Place:
    """Return where an address is; nowhere without an address, a file, or an entry in it."""
    known = places()
    return known.find(ip) if known and ip else NOWHERE
