"""Bodies in readable form, secrets out of sight."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any
from urllib.parse import parse_qsl

ALWAYS_SECRET = frozenset(
    {"access_token", "access-token", "api_secret", "appsecret_proof", "authorization", "cookie", "client_secret"}
)
"""Names (lower case) whose values are masked for every platform."""


def decode_body(body: bytes, content_type: str) -> Any:
    """Decode JSON, forms and text by content type; anything else, or what does not parse, stays visible as text."""
    if not body:
        return None
    kind = content_type.partition(";")[0].strip().lower()
    text = body.decode("utf-8", errors="replace")
    if kind == "application/x-www-form-urlencoded":
        return dict(parse_qsl(text, keep_blank_values=True))
    if kind.endswith("json"):
        try:
            return json.loads(text)
        except ValueError:
            return text
    return text


def mask(value: str) -> str:
    """Keep the last four characters of a secret, and its scheme (``Bearer``); short secrets vanish entirely."""
    scheme, space, secret = value.rpartition(" ")
    return f"{scheme}{space}…{secret[-4:] if len(secret) >= 8 else ''}"


def redact(values: Mapping[str, Any], secrets: Collection[str]) -> dict[str, Any]:
    """Return the mapping with secret values masked; names are compared without case."""
    hidden = ALWAYS_SECRET | frozenset(secrets)
    return {name: mask(str(value)) if name.lower() in hidden else value for name, value in values.items()}
