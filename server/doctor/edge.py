"""Checks of the web server from outside: ready, and with a probe that an event really gets into the store."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import ProxyHandler, Request, build_opener

import orjson
from sqlalchemy import text

from core.config import settings
from core.db.session import maintainer_session
from core.embedded.child import wait_until
from core.events.api import is_stored, remove_event
from server.doctor.findings import Finding, fail, ok, warn

SITE = text("""
SELECT s.tenant_id, t.slug, s.site_id, s.write_key, s.allowed_origins FROM sites s JOIN tenants t ON t.id = s.tenant_id
WHERE t.status = 'active' AND (CAST(:slug AS text) IS NULL OR t.slug = :slug) ORDER BY t.id, s.id LIMIT 1
""")
STORED_SECONDS, ANSWER_SECONDS = 20.0, 10.0
NOT_STORED = "See the checks of ingest. Once it is stored, its visitor id begins with adrail-doctor."
LOOPBACK = {"127.0.0.1", "::1", "localhost"}


def ready() -> Iterator[Finding]:
    """The web server answers and finds its servers."""
    url = f"{settings().base_url}/readyz"
    try:
        status, _ = _ask("/readyz")
    except OSError as exc:
        yield warn(
            "web",
            f"{url} cannot be reached from here ({_reason(exc)})",
            "Start `adrail web`; or is ADRAIL_BASE_URL wrong, or only reachable from elsewhere?",
        )
        return
    if status == 200:
        yield ok("web", f"{settings().base_url} is ready")
    else:
        yield fail("web", f"{url} answers {status}", "Its answer says what is missing; look at its log.")


def probe(slug: str | None) -> Iterator[Finding]:
    """Send an event as a page would, find it in the store, remove it."""
    with maintainer_session() as session:
        site = session.execute(SITE, {"slug": slug}).one_or_none()
    if site is None:
        what = f"no marketplace {slug!r}" if slug else "no marketplace yet"
        yield warn("probe", what, "Create one: `adrail tenant create`.")
        return
    event_id, now = uuid.uuid4(), datetime.now(UTC)
    try:
        yield from _sent(site, event_id, now)
    finally:
        remove_event(site.tenant_id, event_id, now, _session_id(event_id))


def _sent(site: Any, event_id: uuid.UUID, now: datetime) -> Iterator[Finding]:
    started = time.monotonic()
    headers = {"X-Adrail-Key": site.write_key, "User-Agent": "adrail doctor (bot)"}
    if site.allowed_origins:
        headers["Origin"] = site.allowed_origins[0]
    try:
        status, body = _ask("/api/tx/events", orjson.dumps(_event(event_id, now)), headers)
        said = orjson.loads(body)
    except (OSError, ValueError) as exc:
        yield fail("probe", f"the collector cannot be used ({_reason(exc)})", "See the check «web».")
        return
    taken = status == 202 and said.get("accepted") == 1
    if not taken:
        why = said.get("detail") or said.get("errors") or said
        yield fail("probe", f"the collector answered {status}: {why}", "Repair what it says.")
    elif wait_until(lambda: is_stored(site.tenant_id, event_id, now), STORED_SECONDS):
        took = (time.monotonic() - started) * 1000
        yield ok("probe", f"an event of {site.slug} was accepted, stored and removed again within {took:.0f} ms")
    else:
        yield fail("probe", f"accepted, but not stored within {STORED_SECONDS:.0f} s", NOT_STORED)


def _event(event_id: uuid.UUID, now: datetime) -> dict[str, Any]:
    """An event that needs no consent, starts nothing and belongs to a visitor of its own."""
    return {
        "event_id": str(event_id),
        "event_name": "person_logged_out",
        "event_version": 1,
        "occurred_at": now.isoformat(),
        "source_system": "web",
        "visitor_id": _session_id(event_id),
        "session_id": _session_id(event_id),
        "context": {"probe": True},
    }


def _session_id(event_id: uuid.UUID) -> str:
    return f"adrail-doctor-{event_id.hex}"


def _ask(path: str, body: bytes | None = None, headers: Mapping[str, str] = MappingProxyType({})) -> tuple[int, bytes]:
    """Status and body; raises `OSError` when nobody answers."""
    base = settings().base_url  # http or https, by its check
    # Proxies of the environment are not for this machine.
    opener = build_opener(ProxyHandler({})) if urlsplit(base).hostname in LOOPBACK else build_opener()
    request = Request(base + path, body, dict(headers))  # noqa: S310
    try:
        with opener.open(request, timeout=ANSWER_SECONDS) as answer:
            return answer.status, answer.read()
    except HTTPError as exc:
        with exc:
            return exc.code, exc.read()


def _reason(exc: Exception) -> str:
    return str(getattr(exc, "reason", exc))
