"""What Meta's error codes mean: a table from vendor code to adrail error, with words for people.

Sources: https://developers.facebook.com/docs/graph-api/guides/error-handling and
https://developers.facebook.com/docs/marketing-api/error-reference; subcodes of 100 as observed on the events edge.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from adrail import AdrailError, AuthError, InvalidPayloadError, RetryableError, ThrottledError
from plugins.meta.usage import seconds_to_wait


@dataclass(frozen=True, slots=True)
class Rule:
    """What a code means to the caller, and what happened and what to do in plain words."""

    error: type[AdrailError]
    happened: str
    remedy: str


WAIT = "Nothing to do: adrail sends it again by itself, with the same event ids, so nothing counts twice."
RENEW = (
    "Make a new token in Events Manager → your pixel → Settings → Conversions API → Generate access token, and paste "
    "it into the pixel's settings here. What waited is sent then."
)
ACCESS = (
    "Give the account behind the token access to this pixel in Business settings → Data sources → Datasets, or make a "
    "new token in Events Manager from the pixel's own settings."
)
REPORT = "Correct where the field comes from, or what is mapped to it, then send this again."

_TOO_MANY = Rule(ThrottledError, "Meta received more requests than it allows for now.", WAIT)
_NO_ACCESS = Rule(AuthError, "The token may not send to this pixel.", ACCESS)
_BAD_EVENT = Rule(InvalidPayloadError, "Meta refused the contents of an event.", REPORT)

Key = tuple[int, int | None]

RULES: Mapping[Key, Rule] = {
    (1, None): Rule(RetryableError, "Meta had an unknown problem of its own.", WAIT),
    (2, None): Rule(RetryableError, "Meta's service was unavailable for a moment.", WAIT),
    (3, None): _NO_ACCESS,
    (4, None): _TOO_MANY,
    (10, None): _NO_ACCESS,
    (17, None): _TOO_MANY,
    (32, None): _TOO_MANY,
    (100, None): _BAD_EVENT,
    (100, 33): Rule(
        AuthError, "Meta knows no such pixel, or the token may not see it.", "Check the pixel ID. " + ACCESS
    ),
    (100, 2804003): Rule(
        InvalidPayloadError,
        "An event is older than the seven days Meta takes.",
        "It cannot be sent any more. Find out why it waited so long before later ones follow.",
    ),
    (100, 2804050): Rule(
        InvalidPayloadError,
        "An event says too little about the person for Meta to recognise anybody.",
        "Collect an e-mail address, phone number or click id, or switch advanced matching on.",
    ),
    (102, None): Rule(AuthError, "The session behind the token has ended.", RENEW),
    (190, None): Rule(AuthError, "The access token is not valid.", RENEW),
    (190, 458): Rule(AuthError, "The app behind the token was removed from the account.", RENEW),
    (190, 459): Rule(AuthError, "Meta asks the person behind the token to sign in at facebook.com.", RENEW),
    (190, 460): Rule(AuthError, "The password of the person behind the token was changed.", RENEW),
    (190, 463): Rule(AuthError, "The access token has expired.", RENEW),
    (190, 464): Rule(AuthError, "The person behind the token is not confirmed at Meta.", RENEW),
    (190, 467): Rule(AuthError, "The access token was revoked.", RENEW),
    (190, 492): Rule(AuthError, "The person behind the token lost the role it depends on.", RENEW),
    **{(code, None): _NO_ACCESS for code in range(200, 300)},
    (341, None): _TOO_MANY,
    (368, None): Rule(
        AuthError,
        "Meta has blocked this account for the moment because of its policies.",
        "Open Business support home at Meta, settle the notice there, then reconnect.",
    ),
    (613, None): _TOO_MANY,
    (803, None): Rule(AuthError, "Meta knows no such pixel.", "Check the pixel ID in Events Manager. " + ACCESS),
    (2635, None): Rule(
        RetryableError,
        "Meta has switched off the API version this adrail speaks.",
        "Update adrail. Events wait for up to three days.",
    ),
    **{(code, None): _TOO_MANY for code in range(80000, 80015)},
}

OWN_RULES: Mapping[str, Rule] = {
    "connection": Rule(RetryableError, "The connection to Meta failed.", WAIT),
    "timeout": Rule(RetryableError, "Meta did not answer in time; it may have taken the events.", WAIT),
    "not_graph": Rule(RetryableError, "Something other than Meta's API answered, for example a proxy.", WAIT),
    "incomplete": Rule(RetryableError, "Meta confirmed another number of events than it was sent.", WAIT),
    "too_large": Rule(InvalidPayloadError, "The request was too large for Meta.", REPORT),
    "no_token": Rule(AuthError, "There is no usable access token.", RENEW),
    "no_pixel": Rule(AuthError, "The pixel ID is not a number of 5 to 20 digits.", "Correct the pixel ID."),
    "server_error": Rule(RetryableError, "Meta had a problem of its own.", WAIT),
    "refused": Rule(InvalidPayloadError, "Meta refused the request.", REPORT),
    "missing_user_agent": Rule(
        InvalidPayloadError,
        "Website events need the visitor's user agent, and this one has none.",
        "Send context.user_agent with server orders, or the visitor id, from which it is looked up.",
    ),
    "missing_url": Rule(
        InvalidPayloadError,
        "Website events need the address of the page, and this one has none.",
        "Send context.url with server orders, or the visitor id, from which it is looked up.",
    ),
    "missing_value": Rule(
        InvalidPayloadError,
        "A purchase needs a value that is not negative.",
        "Send the order's totals.",
    ),
    "missing_currency": Rule(
        InvalidPayloadError, "The value has no ISO 4217 currency beside it.", "Send the order's currency."
    ),
    "future": Rule(
        RetryableError,
        "An event lies in the future, by the clock of the machine that sent it.",
        "Correct that clock. adrail sends the event again by itself once its time has come.",
    ),
    "app_event": Rule(
        InvalidPayloadError,
        "Meta takes app events only with details of the device, which adrail does not collect.",
        "Send app purchases through Meta's app SDK.",
    ),
}
"""Situations Meta has no code for."""

EXPLAIN: Mapping[str, tuple[str, str]] = {
    **{f"{code}/{sub}" if sub else str(code): (rule.happened, rule.remedy) for (code, sub), rule in RULES.items()},
    **{code: (rule.happened, rule.remedy) for code, rule in OWN_RULES.items()},
}
"""Error code → (what happened, what to do): everything an `AdrailError` of this plugin can carry as ``code``."""

BLAMED = re.compile(r"\bdata\W+(\d+)\b")
FIELD = re.compile(r"[A-Za-z_]+")
TRACE = re.compile(r"[A-Za-z0-9_-]{1,64}")


def own(code: str, detail: str = "") -> AdrailError:
    """Return the error for a situation Meta has no code for; ``detail`` must be free of personal data."""
    rule = OWN_RULES[code]
    return rule.error(f"{rule.happened} {detail}".strip(), code=code)


def from_answer(status: int, body: Any, headers: Mapping[str, str]) -> AdrailError:
    """Return the error an unsuccessful answer stands for. No text of Meta's is repeated: it may quote the payload."""
    if status == 413:
        return own("too_large", "(HTTP 413)")
    error = body.get("error") if isinstance(body, dict) else None
    if not isinstance(error, dict):
        return own("not_graph", f"(HTTP {status})")
    code, subcode = _whole(error.get("code")), _whole(error.get("error_subcode"))
    key, rule = _rule(code, subcode, status, transient=error.get("is_transient") is True)
    return _build(key, rule, error, headers, f"(Meta code {code}{f', subcode {subcode}' if subcode else ''})")


def _rule(code: int, subcode: int, status: int, *, transient: bool) -> tuple[str, Rule]:
    specific, general = RULES.get((code, subcode)), RULES.get((code, None))
    rule = specific or general
    if rule is not None and not (transient and rule.error is InvalidPayloadError):
        return (f"{code}/{subcode}" if specific else str(code)), rule
    if status == 429:
        return "4", _TOO_MANY
    name = "server_error" if transient or status >= 500 else "refused"
    return name, OWN_RULES[name]


def _build(code: str, rule: Rule, error: Mapping[str, Any], headers: Mapping[str, str], note: str) -> AdrailError:
    message, reference = f"{rule.happened} {note}", _trace(error)
    if rule.error is ThrottledError:
        return ThrottledError(message, retry_after=seconds_to_wait(headers), code=code, reference=reference)
    if rule.error is not InvalidPayloadError:
        return rule.error(message, code=code, reference=reference)
    index, pointer = blamed(error)
    return InvalidPayloadError(message, pointer=pointer, code=code, reference=reference, index=index)


def blamed(error: Mapping[str, Any]) -> tuple[int | None, str]:
    """Return the place in the batch and the pointer of the field that an error blames, as far as it says.

    The specs come as lists of path parts, of bracketed paths, or as JSON text of either; messages name ``data[3]``.
    """
    specs = _specs(error.get("error_data"))
    place = BLAMED.search(specs) or BLAMED.search(str(error.get("message", "")))
    fields = [part for part in FIELD.findall(specs.partition("],")[0]) if part != "data"]
    return (int(place.group(1)) if place else None), "".join(f"/{part}" for part in fields)


def _specs(data: Any) -> str:
    if isinstance(data, dict):
        return str(data.get("blame_field_specs", ""))
    text = str(data or "")
    return text.partition("blame_field_specs")[2]


def _whole(value: Any) -> int:
    return value if isinstance(value, int) else 0


def _trace(error: Mapping[str, Any]) -> str:
    trace = str(error.get("fbtrace_id", ""))
    return trace if TRACE.fullmatch(trace) else ""
