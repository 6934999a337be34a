"""What can go wrong at GA4: a table from code to adrail error, with words for people.

The Measurement Protocol answers 2xx to whatever reaches it, so most codes are our own; the ones in capitals are those
of the validation server: https://developers.google.com/analytics/devguides/collection/protocol/ga4/validating-events.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from adrail import AdrailError, AuthError, InvalidPayloadError, RetryableError, ThrottledError

DEFAULT_WAIT = 60.0
LONGEST_WAIT = 86_400.0


@dataclass(frozen=True, slots=True)
class Rule:
    """What a code means to the caller, and what happened and what to do in plain words."""

    error: type[AdrailError]
    happened: str
    remedy: str


WAIT = "Nothing to do: adrail sends it again by itself. A purchase keeps its order number, by which GA4 recognises it."
RENEW = (
    "Google Analytics → Admin → Data streams → your web stream → Measurement Protocol API secrets → Create, and enter "
    "the secret in the settings here. What waited is sent then."
)
REPORT = "Look at the delivery to see the field, correct its source or its mapping, and replay it."

RULES: Mapping[str, Rule] = {
    "connection": Rule(RetryableError, "The connection to Google failed.", WAIT),
    "timeout": Rule(RetryableError, "Google did not answer in time; it may have taken the event.", WAIT),
    "slow": Rule(RetryableError, "Google answers slowly, so this event did not get its turn yet.", WAIT),
    "not_ga4": Rule(
        RetryableError,
        "Something other than Google Analytics answered, for example a proxy.",
        "Check what stands between this server and www.google-analytics.com. Events wait for up to three days.",
    ),
    "server_error": Rule(RetryableError, "Google had a problem of its own.", WAIT),
    "throttled": Rule(ThrottledError, "Google asks for a pause.", WAIT),
    "refused": Rule(InvalidPayloadError, "Google refused the request.", REPORT),
    "too_large": Rule(InvalidPayloadError, "The event was too large for Google.", REPORT),
    "no_secret": Rule(AuthError, "There is no usable API secret.", RENEW),
    "no_stream": Rule(AuthError, "The measurement ID is not one of a GA4 web stream.", "Correct the measurement ID."),
    "future": Rule(
        RetryableError,
        "An event lies in the future, by the clock of the machine that sent it.",
        "Correct that clock. adrail sends the event again by itself once its time has come.",
    ),
    "missing_value": Rule(
        InvalidPayloadError, "A purchase needs a value that is not negative.", "Send the order's totals."
    ),
    "missing_currency": Rule(
        InvalidPayloadError, "The value has no ISO 4217 currency beside it.", "Send the order's currency."
    ),
    "VALUE_INVALID": Rule(InvalidPayloadError, "A field has a value that GA4 cannot use.", REPORT),
    "VALUE_REQUIRED": Rule(InvalidPayloadError, "A field that GA4 needs is missing.", REPORT),
    "VALUE_OUT_OF_BOUNDS": Rule(InvalidPayloadError, "A value is longer or larger than GA4 takes.", REPORT),
    "NAME_INVALID": Rule(
        InvalidPayloadError,
        "A name has other characters than letters, digits and underscores, or more than 40.",
        "Rename the custom parameter, and replay the delivery.",
    ),
    "NAME_RESERVED": Rule(
        InvalidPayloadError,
        "A name is one that Google keeps for itself.",
        "Rename the custom parameter, and replay the delivery.",
    ),
    "NAME_DUPLICATED": Rule(InvalidPayloadError, "A name stands twice in one event.", REPORT),
    "EXCEEDED_MAX_ENTITIES": Rule(
        InvalidPayloadError,
        "The event has more parameters or items than GA4 takes.",
        "Use fewer custom parameters, and replay the delivery.",
    ),
    "not_valid": Rule(InvalidPayloadError, "Google's validation found a fault that adrail does not know.", REPORT),
}

EXPLAIN: Mapping[str, tuple[str, str]] = {code: (rule.happened, rule.remedy) for code, rule in RULES.items()}
"""Code → (what happened, what to do): everything an error or outcome of this plugin can carry as ``code``."""

FIELD = re.compile(r"[A-Za-z_]\w{0,39}|[0-9]{1,3}", re.ASCII)


def own(code: str, detail: str = "") -> AdrailError:
    """Return the error of a code that asks for no pause; ``detail`` must be free of personal data."""
    rule = RULES[code]
    return rule.error(f"{rule.happened} {detail}".strip(), code=code)


def from_answer(status: int, headers: Mapping[str, str]) -> AdrailError:
    """Return the error an answer other than success stands for; header names are lower case.

    None of its text is repeated: proxies like to quote the address, and the secret is a part of it.
    """
    detail = f"(HTTP {status})"
    pause = headers.get("retry-after", "")
    if status == 429 or (status == 503 and pause):
        seconds = min(float(pause), LONGEST_WAIT) if pause.isdecimal() else DEFAULT_WAIT
        return ThrottledError(f"{RULES['throttled'].happened} {detail}", retry_after=seconds, code="throttled")
    if status == 413:
        return own("too_large", detail)
    if status == 400:
        return own("refused", detail)
    return own("server_error" if status >= 500 else "not_ga4", detail)


def from_validation(field_path: str, code: str) -> InvalidPayloadError:
    """Return the error of one validation message; its description is left out, it may quote the value."""
    known = code if code in RULES else "not_valid"
    pointer = "".join(f"/{part}" for part in FIELD.findall(field_path)[:8])
    return InvalidPayloadError(RULES[known].happened, pointer=pointer, code=known)
