"""What Google's documents demand of the events in a request: names, parameters, money, items.

https://developers.google.com/analytics/devguides/collection/protocol/ga4/reference/events and the limits and reserved
names of …/sending-events and …/reference.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from plugins.ga4.sandbox.messages import Findings, Message

MAX_EVENTS = 25
MAX_PARAMS = 25
MAX_ITEMS = 200
MAX_CUSTOM_ITEM_PARAMS = 10
MAX_TEXT = 100
LONGER = {"page_location": 1000, "page_referrer": 420, "page_title": 300}
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
LONGEST_NAME = 40
RESERVED_NAMES = frozenset(
    {
        "ad_activeview", "ad_click", "ad_exposure", "ad_query", "ad_reward", "adunit_exposure", "app_background",
        "app_clear_data", "app_exception", "app_remove", "app_store_refund", "app_store_subscription_cancel",
        "app_store_subscription_convert", "app_store_subscription_renew", "app_update", "app_upgrade",
        "dynamic_link_app_open", "dynamic_link_app_update", "dynamic_link_first_open", "error", "firebase_campaign",
        "first_open", "first_visit", "in_app_purchase", "notification_dismiss", "notification_foreground",
        "notification_open", "notification_receive", "os_update", "session_start", "user_engagement",
    }
)  # fmt: skip
RESERVED_PREFIXES = ("_", "firebase_", "ga_", "google_", "gtag.")
ITEM_PARAMS = frozenset(
    {
        "item_id", "item_name", "affiliation", "coupon", "creative_name", "creative_slot", "discount", "index",
        "item_brand", "item_category", "item_category2", "item_category3", "item_category4", "item_category5",
        "item_list_id", "item_list_name", "item_variant", "location_id", "price", "promotion_id", "promotion_name",
        "quantity",
    }
)  # fmt: skip
ISO_4217 = """
    AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF
    CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF
    IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK
    MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR
    SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VED
    VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG
"""
CURRENCIES = frozenset(ISO_4217.split())


def check_events(events: Any, *, strict: bool) -> Findings:
    """Yield what is wrong with the list of events."""
    if not isinstance(events, list) or not events:
        yield Message("events", "Measurement requires events.", "VALUE_REQUIRED")
        return
    if len(events) > MAX_EVENTS:
        yield Message("events", f"At most {MAX_EVENTS} events are allowed.", "EXCEEDED_MAX_ENTITIES")
    for place, event in enumerate(events):
        path = f"events[{place}]"
        if not isinstance(event, Mapping) or set(event) - {"name", "params", "timestamp_micros"}:
            yield Message("", f"Unable to parse Measurement Protocol JSON payload. ({path}): Cannot find field.")
            continue
        yield from _check_name(event.get("name"), place)
        yield from _check_params(event.get("params", {}), path, strict=strict)
        if strict:
            yield from _check_money(event, path)


def _check_name(name: Any, place: int) -> Findings:
    if not isinstance(name, str) or not name:
        yield Message(f"events[{place}].name", "An event requires a name.", "VALUE_REQUIRED")
    elif not NAME.fullmatch(name) or len(name) > LONGEST_NAME:
        said = f"Event at index: [{place}] has an invalid name. Names are letters, digits and _, at most 40."
        yield Message("events", said, "NAME_INVALID")
    elif name in RESERVED_NAMES or name.startswith(RESERVED_PREFIXES):
        yield Message("events", f"Event at index: [{place}] has name [{name}] which is reserved.", "NAME_RESERVED")


def _check_params(params: Any, path: str, *, strict: bool) -> Findings:
    if not isinstance(params, Mapping):
        yield Message(f"{path}.params", "params must be an object.")
        return
    if len(params) > MAX_PARAMS:
        yield Message(f"{path}.params", f"At most {MAX_PARAMS} parameters are allowed.", "EXCEEDED_MAX_ENTITIES")
    for name, value in params.items():
        place = f"{path}.params.{name}"
        if not NAME.fullmatch(name) or len(name) > LONGEST_NAME:
            yield Message(place, "The name of a parameter is not allowed.", "NAME_INVALID")
        elif name.startswith(RESERVED_PREFIXES):
            yield Message(place, "The name of a parameter is reserved.", "NAME_RESERVED")
        elif name == "items":
            yield from _check_items(value, f"{path}.params.items", strict=strict)
        else:
            yield from _check_value(name, value, place, strict=strict)


def _check_value(name: str, value: Any, place: str, *, strict: bool) -> Findings:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        yield Message(place, "Value is not a string or number.")
    elif strict and isinstance(value, str) and len(value) > LONGER.get(name, MAX_TEXT):
        yield Message(place, f"At most {LONGER.get(name, MAX_TEXT)} characters are allowed.", "VALUE_OUT_OF_BOUNDS")


def _check_money(event: Mapping[str, Any], path: str) -> Findings:
    params = event.get("params", {})
    if not isinstance(params, Mapping):
        return
    purchase = event.get("name") == "purchase"
    for name in ("transaction_id", "value", "currency") if purchase else ():
        if params.get(name) in (None, ""):
            yield Message(f"{path}.params.{name}", f"A purchase requires {name}.", "VALUE_REQUIRED")
    if "value" in params and "currency" not in params and not purchase:
        yield Message(f"{path}.params.currency", "value requires currency.", "VALUE_REQUIRED")
    if "value" in params and not _number(params["value"]):
        yield Message(f"{path}.params.value", "value must be a number.")
    if "currency" in params and params["currency"] not in CURRENCIES:
        yield Message(f"{path}.params.currency", "currency must be an ISO 4217 code.")
    for name in ("session_id", "engagement_time_msec"):
        if name in params and not re.fullmatch(r"[0-9]+", str(params[name])):
            yield Message(f"{path}.params.{name}", f"{name} must be a whole number.")


def _check_items(items: Any, path: str, *, strict: bool) -> Findings:
    if not isinstance(items, list) or not all(isinstance(item, Mapping) for item in items):
        yield Message(path, "items must be a list of objects.")
        return
    if len(items) > MAX_ITEMS:
        yield Message(path, f"At most {MAX_ITEMS} items are allowed.", "EXCEEDED_MAX_ENTITIES")
    for place, item in enumerate(items):
        own = f"{path}[{place}]"
        if not (item.get("item_id") or item.get("item_name")):
            yield Message(own, "An item requires item_id or item_name.", "VALUE_REQUIRED")
        if len(set(item) - ITEM_PARAMS) > MAX_CUSTOM_ITEM_PARAMS:
            yield Message(own, "At most 10 custom parameters per item are allowed.", "EXCEEDED_MAX_ENTITIES")
        if "price" in item and not _number(item["price"]):
            yield Message(f"{own}.price", "price must be a number.")
        if "quantity" in item and (isinstance(item["quantity"], bool) or not isinstance(item["quantity"], int)):
            yield Message(f"{own}.quantity", "quantity must be a whole number.")
        for name, value in item.items():
            yield from _check_value(name, value, f"{own}.{name}", strict=strict)


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
