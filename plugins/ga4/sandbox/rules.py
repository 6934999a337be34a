"""What Google's documents demand of a Measurement Protocol request; written from them alone, not from the builder.

https://developers.google.com/analytics/devguides/collection/protocol/ga4/reference and …/validating-events. ``strict``
stands for validation_behavior ENFORCE_RECOMMENDATIONS; without it only what makes a request unreadable is found.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from plugins.ga4.sandbox.events import check_events
from plugins.ga4.sandbox.messages import Findings, Message

MAX_BODY = 130_000
MAX_USER_PROPERTIES = 25
BACKDATING = timedelta(hours=72)
CLOCK_SKEW = timedelta(minutes=15)
CLIENT_ID = re.compile(r"[0-9]+\.[0-9]+")
SHA256 = re.compile(r"[0-9a-f]{64}")
PROPERTY = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,23}")
FIELDS = frozenset(
    {
        "client_id", "user_id", "timestamp_micros", "user_properties", "user_data", "consent", "non_personalized_ads",
        "user_location", "ip_override", "device", "user_agent", "validation_behavior", "events",
    }
)  # fmt: skip
HASHED_LISTS = ("sha256_email_address", "sha256_phone_number")
HASHED_PARTS = ("sha256_first_name", "sha256_last_name", "sha256_street")
BEHAVIOURS = ("RELAXED", "ENFORCE_RECOMMENDATIONS")


def read(content: bytes) -> Any:
    """Return the body, or None for what is no JSON."""
    try:
        return json.loads(content)
    except ValueError:
        return None


def check(content: bytes, now: datetime, *, strict: bool) -> list[Message]:
    """Return everything that is wrong with a request's body, judged at ``now``."""
    body = read(content)
    if not isinstance(body, Mapping):
        return [Message("", "Unable to parse Measurement Protocol JSON payload.")]
    unknown = sorted(set(body) - FIELDS)
    if unknown:
        return [Message("", f"Unable to parse Measurement Protocol JSON payload. {unknown[0]}: Cannot find field.")]
    found = list(_check_client(body, strict=strict))
    found += check_events(body.get("events"), strict=strict)
    if strict:
        found += [*_check_size(content), *_check_time(body, now), *_check_consent(body)]
        found += [*_check_person(body), *_check_properties(body)]
    return found


def behaviour_of(content: bytes) -> str:
    """Return the strictness a request asks for."""
    body = read(content)
    asked = body.get("validation_behavior") if isinstance(body, Mapping) else None
    return asked if asked in BEHAVIOURS else BEHAVIOURS[0]


def _check_client(body: Mapping[str, Any], *, strict: bool) -> Findings:
    client = body.get("client_id")
    if not isinstance(client, str) or not client:
        yield Message("client_id", "Measurement requires a client_id.", "VALUE_REQUIRED")
    elif strict and not CLIENT_ID.fullmatch(client):
        yield Message("client_id", "client_id has invalid format. It should be in <number>.<number> format.")


def _check_size(content: bytes) -> Findings:
    if len(content) >= MAX_BODY:
        yield Message("", f"The body must be smaller than {MAX_BODY} bytes.", "VALUE_OUT_OF_BOUNDS")


def _check_time(body: Mapping[str, Any], now: datetime) -> Findings:
    stamp = body.get("timestamp_micros")
    if stamp is None:
        return
    if isinstance(stamp, str) and stamp.isdecimal():
        stamp = int(stamp)
    if isinstance(stamp, bool) or not isinstance(stamp, int):
        yield Message("timestamp_micros", "timestamp_micros must be a Unix time in microseconds.")
        return
    age = now.timestamp() - stamp / 1e6
    if not -CLOCK_SKEW.total_seconds() <= age <= BACKDATING.total_seconds():
        yield Message(
            "timestamp_micros", "Measurement timestamp_micros lies in the future or more than 72 hours in the past."
        )


def _check_consent(body: Mapping[str, Any]) -> Findings:
    consent = body.get("consent", {})
    if not isinstance(consent, Mapping):
        yield Message("consent", "consent must be an object.")
        return
    for name, state in consent.items():
        if name not in ("ad_user_data", "ad_personalization") or state not in ("GRANTED", "DENIED"):
            yield Message(f"consent.{name}", "Consent is ad_user_data or ad_personalization, GRANTED or DENIED.")


def _check_person(body: Mapping[str, Any]) -> Findings:
    user = body.get("user_id")
    if user is not None and not (isinstance(user, str) and 0 < len(user) <= 256):
        yield Message("user_id", "user_id must be text of at most 256 characters.")
    data = body.get("user_data", {})
    if not isinstance(data, Mapping):
        yield Message("user_data", "user_data must be an object.")
        return
    for name in HASHED_LISTS:
        values = data.get(name, [])
        if not (isinstance(values, list) and all(_hashed(value) for value in values)):
            yield Message(f"user_data.{name}", "Must be SHA-256 in 64 lower-case hexadecimal digits, in a list.")
    for place, address in enumerate(data.get("address", [])):
        for name in HASHED_PARTS:
            if name in address and not _hashed(address[name]):
                yield Message(f"user_data.address[{place}].{name}", "Must be SHA-256 in hexadecimal digits.")


def _check_properties(body: Mapping[str, Any]) -> Findings:
    properties = body.get("user_properties", {})
    if not isinstance(properties, Mapping):
        yield Message("user_properties", "user_properties must be an object.")
        return
    if len(properties) > MAX_USER_PROPERTIES:
        yield Message("user_properties", "At most 25 user properties are allowed.", "EXCEEDED_MAX_ENTITIES")
    for name, value in properties.items():
        held = value.get("value") if isinstance(value, Mapping) else None
        if not PROPERTY.fullmatch(name):
            yield Message(f"user_properties.{name}", "The name is not allowed.", "NAME_INVALID")
        elif isinstance(held, str) and len(held) > 36:
            yield Message(f"user_properties.{name}", "At most 36 characters are allowed.", "VALUE_OUT_OF_BOUNDS")


def _hashed(value: Any) -> bool:
    return isinstance(value, str) and SHA256.fullmatch(value) is not None
