"""What Meta's documents demand of a server event; written from them alone, not from the plugin's builder.

https://developers.facebook.com/docs/marketing-api/conversions-api/parameters (server-event, customer-information,
custom-data) and https://developers.facebook.com/docs/marketing-api/conversions-api/using-the-api.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from plugins.meta.sandbox.graph import GraphError

ACTION_SOURCES = frozenset(
    {
        "email", "website", "app", "phone_call", "chat", "physical_store", "system_generated",
        "business_messaging", "other",
    }
)  # fmt: skip
HASHED = ("em", "ph", "fn", "ln", "ge", "db", "ct", "st", "zp", "country")
UNUSABLE_ALONE = (
    {"ct", "country", "st", "zp", "ge", "client_user_agent"},
    {"db", "client_user_agent"},
    {"fn", "ge"},
    {"ln", "ge"},
)
ISO_4217 = """
    AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF
    CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF
    IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK
    MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR
    SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VED
    VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG
"""
CURRENCIES = frozenset(ISO_4217.split())

SHA256 = re.compile(r"[0-9a-f]{64}")
FB_COOKIE = re.compile(r"fb\.\d\.\d{10,16}\.\S+")
WEEK = timedelta(days=7)
STORE_WINDOW = timedelta(days=62)
CLOCK_SKEW = timedelta(minutes=5)

INVALID = "Invalid parameter"


def check_events(events: list[Any], now: datetime) -> None:
    """Raise the `GraphError` of the first event that breaks a rule: Meta refuses the whole request for one."""
    for place, event in enumerate(events):
        path = f"data[{place}]"
        if not isinstance(event, Mapping):
            raise GraphError(100, f"(#100) Param {path} must be an object", field=path)
        for check in CHECKS:
            for field, problem in check(event):
                raise _refused(f"{path}.{field}", problem)
        _check_age(event, now)
        _check_matching(event)


def _refused(field: str, problem: str) -> GraphError:
    return GraphError(100, INVALID, title="Invalid event", user_message=problem, field=field)


def _check_required(event: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if not _text(event.get("event_name")):
        yield "event_name", "event_name is required"
    stamp = event.get("event_time")
    if isinstance(stamp, bool) or not isinstance(stamp, int):
        yield "event_time", "event_time must be a Unix time in whole seconds"
    elif stamp > 100_000_000_000:
        yield "event_time", "event_time must be in seconds, not milliseconds"
    if event.get("action_source") not in ACTION_SOURCES:
        yield "action_source", f"action_source must be one of {', '.join(sorted(ACTION_SOURCES))}"
    if not isinstance(event.get("user_data"), Mapping) or not event["user_data"]:
        yield "user_data", "user_data is required"
    if "event_id" in event and not _text(event["event_id"]):
        yield "event_id", "event_id must be text"


def _check_source(event: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    source, url = event["action_source"], event.get("event_source_url")
    if source == "website":
        if not _text(event["user_data"].get("client_user_agent")):
            yield "user_data.client_user_agent", "client_user_agent is required for website events"
        if not _text(url) or not str(url).startswith(("http://", "https://")):
            yield "event_source_url", "event_source_url is required for website events"
    if source == "app" and not isinstance(event.get("app_data"), Mapping):
        yield "app_data", "app_data is required for app events"


def _check_identifiers(event: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    user = event["user_data"]
    for name in HASHED:
        for value in _values(user.get(name)):
            if not isinstance(value, str) or not SHA256.fullmatch(value):
                yield f"user_data.{name}", f"{name} must be SHA-256 in 64 lower-case hexadecimal digits"
    for name, shaped in PLAIN.items():
        value = user.get(name)
        if value is not None and not (isinstance(value, str) and shaped(value)):
            yield f"user_data.{name}", f"{name} must be given in clear and in its documented form, never hashed"
    for value in _values(user.get("external_id")):
        if not _text(value):
            yield "user_data.external_id", "external_id must be text"


def _check_custom_data(event: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    data = event.get("custom_data", {})
    if not isinstance(data, Mapping):
        yield "custom_data", "custom_data must be an object"
        return
    required = event["event_name"] == "Purchase"
    if (required or "value" in data) and not _amount(data.get("value")):
        yield "custom_data.value", "value must be a number that is not negative"
    if (required or "currency" in data or "value" in data) and str(data.get("currency")).upper() not in CURRENCIES:
        yield "custom_data.currency", "currency must be an ISO 4217 code"
    if not isinstance(data.get("content_ids", []), list):
        yield "custom_data.content_ids", "content_ids must be a list"
    for content in _values(data.get("contents")):
        numbers = [content.get(name, 0) for name in ("quantity", "item_price")] if isinstance(content, Mapping) else []
        if not numbers or "id" not in content or not all(map(_amount, numbers)):
            yield "custom_data.contents", "each entry of contents needs an id, and numbers for quantity and price"


def _check_age(event: Mapping[str, Any], now: datetime) -> None:
    age = now.timestamp() - event["event_time"]
    window = STORE_WINDOW if event["action_source"] == "physical_store" else WEEK
    if age > window.total_seconds():
        # As observed: this answer blames no field, so the caller cannot tell which event it was.
        raise GraphError(
            100,
            INVALID,
            subcode=2804003,
            title="Event Timestamp Too Old",
            user_message=f"The event is older than the {window.days} days within which it must be sent.",
        )
    if age < -CLOCK_SKEW.total_seconds():
        raise GraphError(100, INVALID, title="Event time in the future", user_message="event_time lies in the future")


def _check_matching(event: Mapping[str, Any]) -> None:
    known = {name for name, value in event["user_data"].items() if value not in (None, "", [])}
    if any(known <= broad for broad in UNUSABLE_ALONE):
        raise GraphError(
            100,
            INVALID,
            subcode=2804050,
            title="Customer information parameters",
            user_message="The event has no customer information, or a combination too broad to match anybody.",
        )


def _text(value: Any) -> bool:
    return isinstance(value, str) and value.strip() != ""


def _amount(value: Any) -> bool:
    if isinstance(value, bool):
        return False
    try:
        return float(value) >= 0  # the payload helper of the documentation sends amounts as text, too
    except (TypeError, ValueError):
        return False


def _values(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _is_address(value: str) -> bool:
    try:
        ipaddress.ip_address(value)
    except ValueError:
        return False
    return True


PLAIN: Mapping[str, Callable[[str], object]] = {
    "client_ip_address": _is_address,
    "client_user_agent": lambda value: not SHA256.fullmatch(value),
    "fbc": FB_COOKIE.fullmatch,
    "fbp": FB_COOKIE.fullmatch,
}

CHECKS = (_check_required, _check_source, _check_identifiers, _check_custom_data)
