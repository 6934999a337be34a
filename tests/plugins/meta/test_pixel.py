"""The browser side as far as it can be judged without a browser."""

from __future__ import annotations

import re

from adrail import Transport
from plugins.meta.pixel import MetaPixel
from plugins.meta.settings import MetaSettings

PIXEL = MetaPixel()
SETTINGS = MetaSettings(pixel_id="123456789012345", access_token="EAAsecret", test_event_code="TEST1")


def test_event_names() -> None:
    assert dict(PIXEL.event_names) == {
        "page_view": "PageView",
        "event_view": "ViewContent",
        "search_performed": "Search",
        "add_to_cart": "AddToCart",
        "checkout_started": "InitiateCheckout",
        "payment_method_selected": "AddPaymentInfo",
        "order_completed": "Purchase",
    }


def test_the_script_comes_from_where_the_transport_says() -> None:
    vendor = Transport({"script": "https://connect.facebook.net"})
    assert PIXEL.script_url(SETTINGS, vendor) == "https://connect.facebook.net/en_US/fbevents.js"
    sandboxed = Transport({"script": "http://127.0.0.1:1/meta/script"})
    assert PIXEL.script_url(SETTINGS, sandboxed) == "http://127.0.0.1:1/meta/script/en_US/fbevents.js"


def test_the_page_learns_no_secret() -> None:
    assert PIXEL.public_settings(SETTINGS) == {"advanced_matching": True}


def test_the_adapter_registers_itself_and_needs_no_unsafe_policy() -> None:
    code = re.sub(r"/\*.*?\*/|//[^\n]*", "", PIXEL.adapter, flags=re.DOTALL)
    assert 'window.adrail.registerPixel("meta"' in code
    for forbidden in ("eval(", "new Function", "innerHTML", "document.write", "createElement", "import "):
        assert forbidden not in code
