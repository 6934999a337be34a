"""What a page is told besides codes: options of the browser SDK and consent defaults, from the tenant's settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import marshmallow as ma
import structlog

from core.accounts.api import SiteKey

log = structlog.get_logger(__name__)


class SdkOptions(ma.Schema):
    """Options of the browser SDK; times are in the unit of their name, ``sample_rate`` is a share of visitors."""

    class Meta:
        """Settings of other parts may stand beside these."""

        unknown = ma.EXCLUDE

    endpoint = ma.fields.String(load_default="/api/tx", validate=ma.validate.Regexp(r"^(https?://[^/\s]+)?/\S*$"))
    batch_size = ma.fields.Integer(load_default=10, strict=True, validate=ma.validate.Range(1, 100))
    flush_ms = ma.fields.Integer(load_default=5_000, strict=True, validate=ma.validate.Range(100, 60_000))
    sample_rate = ma.fields.Float(load_default=1, validate=ma.validate.Range(0, 1))
    session_minutes = ma.fields.Integer(load_default=30, strict=True, validate=ma.validate.Range(1, 1_440))


class RegionDefault(ma.Schema):
    """What holds in a region before the visitor decides."""

    model = ma.fields.String(required=True, validate=ma.validate.OneOf(["opt_in", "opt_out"]))
    analytics = ma.fields.Boolean(required=True)
    marketing = ma.fields.Boolean(required=True)


class ConsentOptions(ma.Schema):
    """Consent defaults by region; strict everywhere unless the marketplace says otherwise."""

    class Meta:
        """Settings of other parts may stand beside these."""

        unknown = ma.EXCLUDE

    default_region = ma.fields.String(load_default="EU")
    regions = ma.fields.Dict(
        keys=ma.fields.String(),
        values=ma.fields.Nested(RegionDefault),
        load_default=lambda: {"EU": {"model": "opt_in", "analytics": False, "marketing": False}},
    )
    google_consent_mode = ma.fields.Boolean(load_default=True)

    @ma.validates_schema
    def _default_is_described(self, data: dict[str, Any], **_: Any) -> None:
        if data["default_region"] not in data["regions"]:
            raise ma.ValidationError("must be one of the regions", "default_region")


def sdk_options(site: SiteKey, tenant_settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the SDK's options of a site."""
    return {**_load(SdkOptions(), tenant_settings, "sdk", site.tenant_id), "respect_dnt": site.dnt_policy}


def consent_options(site: SiteKey, tenant_settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the consent defaults of a site; ``region`` is the visitor's, the default until it is known."""
    options = _load(ConsentOptions(), tenant_settings, "consent", site.tenant_id)
    return {
        "default_region": options["default_region"],
        "region": options["default_region"],
        "regions": options["regions"],
        "google_consent_mode": options["google_consent_mode"],
    }


def _load(schema: ma.Schema, tenant_settings: Mapping[str, Any], part: str, tenant_id: int) -> dict[str, Any]:
    try:
        loaded: dict[str, Any] = schema.load(tenant_settings.get(part, {}))
    except ma.ValidationError as exc:
        # A page must not break on a bad setting: it gets the defaults, the operator gets the reason.
        log.warning("tenant settings are not usable", part=part, tenant_id=tenant_id, problems=exc.messages)
        loaded = schema.load({})
    return loaded
