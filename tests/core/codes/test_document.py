"""What tracking-config says, and why."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from sqlalchemy import text

from adrail import PixelProvider
from core.accounts.api import SiteKey, find_site
from core.codes.api import CartPage, EventPage, OrganizerPage, SitePage, adapter_url, explain, list_codes, update_code
from core.codes.document import build_document
from core.db.session import tenant_session
from core.errors import NotFoundError
from core.registry import registry
from tests.core.codes.helpers import PROVIDER, TOKEN, add_code
from tests.marketplace import Marketplace

WHOLE, A, A_EVENT, B = "100000000000001", "100000000000002", "100000000000003", "100000000000004"


@pytest.fixture
def site(marketplace: Marketplace) -> SiteKey:
    site = find_site(marketplace.write_key)
    assert site is not None
    add_code(marketplace.staff, WHOLE, level="marketplace", token=TOKEN)
    add_code(marketplace.organizer("org-1"), A, token=TOKEN)
    add_code(marketplace.organizer("org-1"), A_EVENT, live_event_id="ev-1")
    add_code(marketplace.organizer("org-2"), B)
    return site


def test_in_a_cart_each_code_names_the_live_events_whose_items_it_may_see(site: SiteKey) -> None:
    document = build_document(site, CartPage(frozenset({"ev-1", "ev-2", "ev-3"})))
    assert {code["public_id"]: code.get("live_events") for code in document["codes"]} == {
        WHOLE: None,
        A: ["ev-2"],
        A_EVENT: ["ev-1"],
        B: ["ev-3"],
    }


def pixel() -> PixelProvider:
    return registry().pixel(PROVIDER)


def codes(document: dict[str, Any]) -> list[tuple[str, str, str | None]]:
    return [(code["public_id"], code["level"], code["organizer_id"]) for code in document["codes"]]


def test_event_page_has_the_shape_that_pages_rely_on(site: SiteKey) -> None:
    document = build_document(site, EventPage("event-1"))
    platform = registry().get(PROVIDER)
    assert list(document) == ["version", "stale", "namespace", "sdk", "consent", "live_events", "codes"]
    assert document["namespace"] == str(site.uuid_namespace)
    assert document["sdk"] == {
        "endpoint": "/api/tx",
        "batch_size": 10,
        "flush_ms": 5000,
        "sample_rate": 1,
        "session_minutes": 30,
        "respect_dnt": "no_marketing",
    }
    assert document["consent"] == {
        "default_region": "EU",
        "region": "EU",
        "regions": {"EU": {"model": "opt_in", "analytics": False, "marketing": False}},
        "google_consent_mode": True,
    }
    assert document["live_events"] == {"ev-1": "org-1"}
    own = next(code for code in document["codes"] if code["level"] == "live_event")
    assert own["events"] == {name: {"name": platforms} for name, platforms in pixel().event_names.items()}
    assert own["purposes"] == ["marketing"]
    assert own["adapter"] == adapter_url(platform)
    assert own["script"].startswith("http")
    assert set(own) == {
        "provider",
        "public_id",
        "level",
        "organizer_id",
        "purposes",
        "events",
        "settings",
        "script",
        "adapter",
    }


def test_each_kind_of_page_has_its_own_codes(site: SiteKey) -> None:
    whole = (WHOLE, "marketplace", None)
    assert codes(build_document(site, EventPage("event-1"))) == [whole, (A_EVENT, "live_event", "org-1")]
    assert codes(build_document(site, EventPage("event-2"))) == [whole, (A, "organizer", "org-1")]
    assert codes(build_document(site, OrganizerPage("org-2"))) == [whole, (B, "organizer", "org-2")]
    assert codes(build_document(site, SitePage())) == [whole]


def test_mixed_cart_has_every_organizer_and_leaves_unknown_live_events_out(site: SiteKey) -> None:
    document = build_document(site, CartPage(frozenset({"ev-2", "ev-3", "ev-unknown"})))
    assert codes(document) == [
        (WHOLE, "marketplace", None),
        (A, "organizer", "org-1"),
        (B, "organizer", "org-2"),
    ]
    assert document["live_events"] == {"ev-2": "org-1", "ev-3": "org-2"}


def test_no_secret_and_nobody_is_in_any_configuration(site: SiteKey) -> None:
    pages = (EventPage("event-1"), OrganizerPage("org-1"), SitePage(), CartPage(frozenset({"ev-1", "ev-3"})))
    for page in pages:
        body = orjson.dumps(build_document(site, page)).decode()
        assert TOKEN not in body
        assert "access_token" not in body
        assert "user:" not in body


def test_only_chosen_conversions_fire(marketplace: Marketplace, site: SiteKey) -> None:
    add_code(marketplace.organizer("org-2"), B, live_event_id="ev-3")
    chosen = {"pixel_id": "100000000000009", "conversion_events": ["order_completed"]}
    (own,) = list_codes(marketplace.staff, live_event_id="ev-3").items
    update_code(marketplace.staff, own.id, {"settings": chosen})
    document = build_document(site, EventPage("event-3"))
    (code,) = [item for item in document["codes"] if item["level"] == "live_event"]
    assert list(code["events"]) == ["order_completed"]


def test_version_changes_with_the_content_and_only_then(marketplace: Marketplace, site: SiteKey) -> None:
    first = build_document(site, EventPage("event-2"))
    assert build_document(site, EventPage("event-2"))["version"] == first["version"]
    add_code(marketplace.organizer("org-1"), B, live_event_id="ev-2")
    assert build_document(site, EventPage("event-2"))["version"] != first["version"]


def test_tenant_settings_override_defaults_and_bad_ones_are_ignored(marketplace: Marketplace, site: SiteKey) -> None:
    regions = {"US": {"model": "opt_out", "analytics": True, "marketing": True}}
    wanted = {
        "sdk": {"endpoint": "https://t.example/tx", "batch_size": 0},
        "consent": {"default_region": "US", "regions": regions},
    }
    with tenant_session(marketplace.tenant_id) as session:
        session.execute(
            text("UPDATE tenants SET settings = CAST(:new AS jsonb)"), {"new": orjson.dumps(wanted).decode()}
        )
    document = build_document(site, SitePage())
    assert document["consent"]["region"] == "US"
    assert document["consent"]["regions"] == regions
    assert document["sdk"]["batch_size"] == 10


def test_explanation_tells_what_won_what_it_overrode_and_who_set_it(marketplace: Marketplace, site: SiteKey) -> None:
    told = {item.code.public_id: item for item in explain(marketplace.staff, EventPage("event-1"))}
    own = told[A_EVENT]
    assert (own.outcome, own.won_because) == ("fires", "live_event_code")
    assert [fact.public_id for fact in own.overrides] == [A]
    assert own.code.set_by == "system:test"
    assert own.code.set_at is not None
    assert told[WHOLE].won_because == "marketplace_code"


def test_explanation_tells_opt_outs_and_equal_destinations(marketplace: Marketplace, site: SiteKey) -> None:
    add_code(marketplace.organizer("org-1"), WHOLE, live_event_id="ev-2", enabled=False)
    told = {item.outcome: item for item in explain(marketplace.staff, EventPage("event-2"))}
    assert told["switched_off"].overrides[0].public_id == A
    add_code(marketplace.organizer("org-2"), WHOLE, live_event_id="ev-3")
    same = next(item for item in explain(marketplace.staff, EventPage("event-3")) if item.outcome == "same_destination")
    assert same.instead is not None
    assert same.instead.level == "marketplace"


def test_organizer_is_told_about_its_own_pages_and_nothing_about_who_runs_the_marketplace(
    marketplace: Marketplace, site: SiteKey
) -> None:
    seller = marketplace.organizer("org-1")
    for page in (EventPage("event-3"), OrganizerPage("org-2"), CartPage(frozenset({"ev-1", "ev-3"}))):
        with pytest.raises(NotFoundError):
            explain(seller, page)
    whole = next(item.code for item in explain(seller, EventPage("event-1")) if item.code.level == "marketplace")
    assert (whole.code_id, whole.set_by, whole.set_at) == (None, None, None)
