"""Where the events of an entry came from: opens the client's seal once, and keeps of it what may be kept."""

from __future__ import annotations

import functools
import ipaddress
from typing import Any

import orjson
import structlog

from core.events.api import Entry, Origin
from core.security.crypto import DecryptionError, keyring

log = structlog.get_logger(__name__)


def origin_of(entry: Entry) -> Origin:
    """What all events of an entry share; the client's address itself is not in it."""
    client = _client(entry.sealed_client)
    return Origin(
        entry.tenant_id,
        entry.trusted,
        entry.received_at,
        entry.site_id,
        entry.sealed_client,
        _network(client.get("ip")),
    )


def _client(sealed: bytes | None) -> dict[str, Any]:
    if not sealed:
        return {}
    try:
        opened = orjson.loads(keyring().unseal(sealed, "client"))
    except DecryptionError as exc:
        # The seal travels on; only what needs it must wait for the missing key.
        log.warning("a client's address cannot be opened", reason=str(exc))
        return {}
    except ValueError:
        return {}
    return opened if isinstance(opened, dict) else {}


@functools.lru_cache(maxsize=8192)
def _network(ip: str | None) -> str | None:
    """The client's address cut to /24 (IPv4) or /48 (IPv6): enough for a region, not for a household."""
    try:
        address = ipaddress.ip_address(ip or "")
    except ValueError:
        return None
    address = getattr(address, "ipv4_mapped", None) or address
    return str(ipaddress.ip_network((address, 24 if address.version == 4 else 48), strict=False))
