"""Arrivals and the kind of channel they came by."""

from __future__ import annotations

from typing import Any

import pytest

from core.events.channels import channel_of

CASES: tuple[tuple[str, dict[str, Any], tuple[str, ...], str, str | None], ...] = (
    ("nothing", {}, (), "", None),
    ("cookies", {}, ("fbp", "ga"), "", None),
    ("search", {}, (), "www.google.co.uk", "search"),
    ("mail-of-a-search-engine", {}, (), "mail.google.com", "email"),
    ("social", {}, (), "l.facebook.com", "social"),
    ("short-name-within-another", {}, (), "next.co", "referral"),
    ("another-site", {}, (), "blog.example", "referral"),
    ("ending-too-long", {}, (), "google.shop.of.example", "referral"),
    ("paid-click", {}, ("gclid", "fbp"), "www.google.com", "paid"),
    ("shared-click", {}, ("fbclid",), "", "social"),
    ("paid-and-shared-click", {}, ("fbclid", "ttclid"), "", "paid"),
    ("campaign-before-clicks", {"medium": "Email ", "source": "x"}, ("gclid",), "t.co", "email"),
    ("paid-campaign", {"medium": "cpc", "source": "anything"}, (), "", "paid"),
    ("source-alone", {"source": "newsletter"}, (), "", "email"),
    ("unknown-campaign-of-a-site", {"medium": "flyer"}, (), "blog.example", "referral"),
    ("unknown-campaign", {"medium": "flyer", "source": "city"}, (), "", "other"),
    ("campaign-that-is-no-text", {"medium": 7}, (), "", None),
)


@pytest.mark.parametrize(("utm", "clicks", "host", "channel"), [case[1:] for case in CASES], ids=[c[0] for c in CASES])
def test_campaign_then_click_then_page_before_tell_the_channel(
    utm: dict[str, Any], clicks: tuple[str, ...], host: str, channel: str | None
) -> None:
    assert channel_of(utm, clicks, host) == channel
