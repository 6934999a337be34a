"""Building a page's tracking configuration: resolved codes, SDK options, consent defaults; no secret, no person."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any

import orjson
import structlog

from adrail import Platform
from core.accounts.api import SiteKey, tenant_view
from core.codes.active import resolvable_codes
from core.codes.options import consent_options, sdk_options
from core.codes.pages import Page
from core.codes.resolver import Resolution, ResolvableCode, decide
from core.codes.schema import plugin_settings
from core.codes.targets import Target, places_of
from core.db.session import tenant_session
from core.registry import UnknownPlatformError, registry, transport

ADAPTER_PATH = "/sdk/v1/pixels/{provider}.js"

log = structlog.get_logger(__name__)


def build_document(site: SiteKey, page: Page) -> dict[str, Any]:
    """Return the configuration of a page, read from the database; raises `NotFoundError` for an unknown page."""
    tenant_settings = tenant_view(site.tenant_id).settings
    with tenant_session(site.tenant_id) as session:
        found = page.targets(session)
        codes = resolvable_codes(session, {item.organizer_id for item in found if item.organizer_id is not None})
    document = {
        "namespace": str(site.uuid_namespace),
        "sdk": sdk_options(site, tenant_settings),
        "consent": consent_options(site, tenant_settings),
        "live_events": _live_events(found),
        "codes": list(_entries(decide(codes, places_of(found)).resolutions, found)),
    }
    digest = hashlib.sha256(orjson.dumps(document, option=orjson.OPT_SORT_KEYS)).hexdigest()
    return {"version": digest[:16], "stale": False, **document}


def adapter_url(platform: Platform) -> str | None:
    """Path of the platform's browser adapter on this server, with the hash that lets it be cached for ever."""
    if platform.pixel is None:
        return None
    return f"{ADAPTER_PATH.format(provider=platform.slug)}?v={content_hash(platform.pixel.adapter.encode())}"


def content_hash(content: bytes) -> str:
    """Return the short hash that names one version of a script."""
    return hashlib.sha256(content).hexdigest()[:12]


def _live_events(found: Iterable[Target]) -> dict[str, str]:
    return {
        item.live_event_external_id: item.organizer_external_id
        for item in found
        if item.live_event_external_id is not None and item.organizer_external_id is not None
    }


def _entries(resolutions: Iterable[Resolution], found: Sequence[Target]) -> Iterable[dict[str, Any]]:
    names = {item.place: item.live_event_external_id for item in found}
    for resolution in resolutions:
        code = resolution.code
        try:
            entry = _entry(registry().get(code.provider), code)
        except UnknownPlatformError:
            log.warning("a tracking code's platform is not installed", provider=code.provider, code_id=code.id)
        except Exception:
            # One plugin's fault must not take the other platforms' pixels off the page.
            log.exception("a tracking code could not be put on a page", provider=code.provider, code_id=code.id)
        else:
            if entry:
                # Where several live events meet, an organiser's codes may each be meant for some of them only.
                won = sorted(name for place in resolution.places if (name := names.get(place)))
                yield {**entry, "live_events": won} if won and len(names) > 1 else entry


def _entry(platform: Platform, code: ResolvableCode) -> dict[str, Any] | None:
    pixel = platform.pixel
    if pixel is None:
        return None
    settings = plugin_settings(platform, code.public_id, code.settings)
    names = pixel.event_names
    return {
        "provider": code.provider,
        "public_id": code.public_id,
        "level": code.level,
        "organizer_id": code.organizer_external_id,
        "purposes": [code.purpose],
        "events": {name: {"name": names[name]} for name in code.conversion_events if name in names},
        "settings": dict(pixel.public_settings(settings)),
        "script": pixel.script_url(settings, transport(platform)),
        "adapter": adapter_url(platform),
    }
