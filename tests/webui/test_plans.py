"""What comes with a larger plan: what people without it see, and that it cannot be had in another way."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from flask import Flask

from core.accounts.api import FEATURES, TIERS, set_tier
from core.analytics.api import EVERYBODYS_DAYS, sales
from core.errors import ForbiddenError
from tests.marketplace import Marketplace
from tests.webui.people import member, readable

ZONE = ZoneInfo("Europe/Bucharest")


def test_long_periods_come_with_a_larger_plan_and_the_page_says_so(app: Flask, marketplace: Marketplace) -> None:
    owner = member(app, marketplace)
    page = readable(owner.get("/?days=90"))
    assert "Results of 90 days come with the plan «Premium»." in page
    assert "Yours is «Free» and shows the last 28 days." in page
    assert "Last 90 days · Premium" in page
    assert "come with" not in readable(owner.get("/?days=28"))

    set_tier(marketplace.staff, "organizer", "org-1", "premium")
    page = readable(owner.get("/?days=90"))
    assert "come with" not in page
    assert "· Premium" not in page

    set_tier(marketplace.staff, "organizer", "org-1", "premium", datetime.now(UTC) + timedelta(seconds=1000))
    assert "come with" not in readable(owner.get("/?days=90"))


def test_the_marketplace_itself_has_everything(app: Flask, marketplace: Marketplace) -> None:
    staff = member(app, marketplace, None, "admin")
    assert "come with" not in readable(staff.get("/?days=90"))


def test_the_plan_is_asked_for_where_results_are_made(marketplace: Marketplace) -> None:
    actor = marketplace.organizer("org-1")
    assert sales(actor, zone=ZONE, days=EVERYBODYS_DAYS, currency="RON").current.orders == 0
    with pytest.raises(ForbiddenError) as caught:
        sales(actor, zone=ZONE, days=EVERYBODYS_DAYS + 1, currency="RON")
    assert caught.value.code == "tier_missing"
    assert sales(marketplace.staff, zone=ZONE, days=90, currency="RON").current.orders == 0


def test_every_feature_comes_with_a_tier_that_there_is() -> None:
    assert set(FEATURES.values()) <= set(TIERS[1:])


def test_one_organisers_plan_is_not_anothers(app: Flask, marketplace: Marketplace) -> None:
    owner = member(app, marketplace, "org-2")
    set_tier(marketplace.staff, "organizer", "org-1", "enterprise")
    assert "come with" in readable(owner.get("/?days=90"))
