"""The browser side as far as it can be judged without a browser."""

from __future__ import annotations

from adrail import Transport
from plugins.ga4.pixel import Ga4Pixel
from plugins.ga4.settings import Ga4Settings

PIXEL = Ga4Pixel()
SETTINGS = Ga4Settings(measurement_id="G-ABCDE12345", api_secret="sandboxSecret_01-abcde")


def test_event_names() -> None:
    assert dict(PIXEL.event_names) == {
        "page_view": "page_view",
        "event_view": "view_item",
        "search_performed": "search",
        "add_to_cart": "add_to_cart",
        "checkout_started": "begin_checkout",
        "payment_method_selected": "add_payment_info",
        "order_completed": "purchase",
    }


def test_the_script_comes_from_where_the_transport_says() -> None:
    vendor = Transport({"script": "https://www.googletagmanager.com"})
    assert PIXEL.script_url(SETTINGS, vendor) == "https://www.googletagmanager.com/gtag/js?id=G-ABCDE12345"
    sandboxed = Transport({"script": "http://127.0.0.1:1/ga4/script"})
    assert PIXEL.script_url(SETTINGS, sandboxed) == "http://127.0.0.1:1/ga4/script/gtag/js?id=G-ABCDE12345"


def test_the_page_learns_no_secret() -> None:
    assert PIXEL.public_settings(SETTINGS) == {"debug_view": False}


def test_the_policy_names_googles_documented_hosts() -> None:
    assert PIXEL.csp.script == ("*.googletagmanager.com",)
    assert PIXEL.csp.img == ("*.google-analytics.com", "*.googletagmanager.com")
    assert PIXEL.csp.connect == ("*.google-analytics.com", "*.analytics.google.com", "*.googletagmanager.com")
    assert PIXEL.csp.frame == ()
