"""Where the events of an entry came from: opens the client's seal once, and keeps of it what may be kept."""

from __future__ import annotations

from typing import Any

import orjson
import structlog

from core.config import settings
from core.events.api import Entry, Origin
from core.security.crypto import DecryptionError, keyring
from tracking.ingest.agents import Agent, read_agent
from tracking.ingest.places import network_of, place_of

BARE = "bare_headers"
"""Flag of an entry whose request lacked what every browser sends."""

log = structlog.get_logger(__name__)


def origin_of(entry: Entry) -> Origin:
    """What all events of an entry share; the client's address itself is not in it."""
    client = _client(entry.sealed_client)
    ip, text = client.get("ip"), client.get("ua")
    agent = read_agent(text) if text else Agent()
    place = place_of(ip)
    return Origin(
        entry.tenant_id,
        entry.trusted,
        entry.received_at,
        entry.site_id,
        entry.sealed_client,
        network_of(ip),
        place.country,
        place.finer(),
        agent.device,
        is_bot=bool(client) and _is_program(entry, agent, silent=not text),
    )


def _is_program(entry: Entry, agent: Agent, *, silent: bool) -> bool:
    """Whether a program sent this instead of a visitor's browser. What a backend vouches for happened.

    In development only what calls itself a crawler is one: developers try their pages with steered browsers and curl.
    """
    if entry.trusted:
        return False
    if agent.crawler or settings().env != "production":
        return agent.crawler
    bare = bool(entry.flags.get(BARE)) and agent.device.browser is not None
    doubtful = silent or agent.library or bare
    return agent.headless or (doubtful and any(event.get("source_system") == "web" for event in entry.events))


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
