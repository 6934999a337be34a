"""What people may see of what was sent: digests shortened, addresses named but not shown, secrets never.

Plugins answer with payloads of their own shape, so masking goes by value: the mask knows the clear identifiers and
secrets of the request and finds them wherever they stand. Names of fields and the look of a value are the second net.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import unquote, urlsplit

from adrail import Conversion, Credentials, RawIdentifier

SENT = "sent"
HIDDEN = "hidden"
MAX_MESSAGE = 500
MAX_DEPTH = 12

DIGEST = re.compile(r"\b[0-9a-fA-F]{64}\b")
SECRET_FIELD = re.compile(r"token|secret|password|authori[sz]ation|credential|api_?key|signature|proof", re.IGNORECASE)
CLIENT_FIELD = re.compile(r"(^|_)(ip|ip_address|user_agent|ua)($|_)", re.IGNORECASE)
PSEUDONYM_FIELD = re.compile(r"(^|_)(client|user|visitor|device|customer|external|pseudo)_?id$", re.IGNORECASE)
"""Fields that recognise a visitor again: pseudonymous as in our own tables, so only their end is shown."""
EMAIL = re.compile(r"[^\s@<>\"']+@[^\s@<>\"']+\.[^\s@<>\"']+")
PHONE = re.compile(r"(?<![\w.])\+\d[\d ()./-]{6,}\d")
ADDRESS = re.compile(r"\b(?:\d{1,3}\.){3}\d{1,3}\b")
SHORTEST_PART = 5
"""Shorter values are hidden only where they are the whole text: «Al» is also a part of half the words there are."""


SHORTEST_COOKIE_PART = 9
"""Shorter parts of a click id are versions and counters, which recognise nobody."""


class Mask:
    """Masks what is known of some conversions and of the credentials they were sent with."""

    def __init__(self, conversions: Iterable[Conversion], credentials: Mapping[str, str] | None = None) -> None:
        self._shown: dict[str, str] = {}
        self._whole_only: set[str] = set()
        self._never_shown: set[str] = set()
        self._cookies: set[str] = set()
        for conversion in conversions:
            self._learn(conversion)
        for secret in (credentials or Credentials()).values():
            self._add(secret, HIDDEN)
            self._never_shown.add(_form(secret))
        inner = (value for value in self._shown if len(value) >= SHORTEST_PART and value not in self._whole_only)
        # Looked for one after the other: one expression of all of them takes a thousand times as long for a full batch.
        self._parts = sorted(inner, key=len, reverse=True)
        self._parts_of_hosts = [part for part in self._parts if part in self._never_shown]

    def _learn(self, conversion: Conversion) -> None:
        user = conversion.user
        for identifier in (user.email, user.phone, user.first_name, user.last_name):
            self._add_raw(identifier, HIDDEN)
        for identifier in (user.client_ip, user.user_agent):
            self._add_raw(identifier, SENT)
        for value in (*user.click_ids.values(), user.external_id.reveal() if user.external_id else ""):
            self._add(value, _ending(value))
            self._never_shown.add(_form(value))
        self._cookies.update(map(_form, user.click_ids.values()))
        if user.city:
            # Cities stand in names and addresses of live events as well.
            self._add(user.city, HIDDEN)
            self._whole_only.add(_form(user.city))

    def _add_raw(self, identifier: RawIdentifier | None, shown: str) -> None:
        if identifier is not None:
            self._add(identifier.reveal(), shown)

    def _add(self, value: str, shown: str) -> None:
        if form := _form(value):
            self._shown.setdefault(form, shown)

    def payload(self, value: Any, depth: int = 0) -> Any:
        """Return a copy of a payload for storing and showing: JSON types only."""
        if depth > MAX_DEPTH:
            return "…"
        if isinstance(value, Mapping):
            return {str(name): self._field(str(name), item, depth) for name, item in value.items()}
        if isinstance(value, list | tuple | set | frozenset):
            return [self.payload(item, depth + 1) for item in value]
        if isinstance(value, Decimal):
            return format(value, "f")
        if value is None or isinstance(value, bool | int | float):
            return value
        return self.text(str(value))

    def _field(self, name: str, value: Any, depth: int) -> Any:
        if SECRET_FIELD.search(name):
            return HIDDEN
        if isinstance(value, str) and value and CLIENT_FIELD.search(name):
            return SENT
        shown = self.payload(value, depth + 1)
        in_clear = isinstance(value, str) and value and shown == value
        return _ending(value) if in_clear and PSEUDONYM_FIELD.search(name) else shown

    def text(self, value: str) -> str:
        """Return a text without identifiers and secrets."""
        form = _form(value)
        whole = self._shown.get(form)
        if whole is not None:
            return whole
        if len(form) >= SHORTEST_COOKIE_PART and any(form in cookie for cookie in self._cookies):
            return _ending(value)
        if value.startswith(("http://", "https://")):
            return self._address(value)
        return _looks(self._known(value, self._parts))

    def _address(self, url: str) -> str:
        """Pages' addresses carry click ids, and now and then an e-mail address; their host says where, not who.

        Where shop and visitor share a machine the host is the visitor's address as well, and yet not one's secret.
        """
        try:
            parts = urlsplit(url)
        except ValueError:
            return HIDDEN
        host = self._known(parts.netloc.rpartition("@")[2], self._parts_of_hosts)
        path = "/".join(map(self._segment, self._known(parts.path, self._parts).split("/")))
        return f"{parts.scheme}://{host}{path}{'?…' if parts.query else ''}"

    def _segment(self, text: str) -> str:
        clear = unquote(text)
        if clear != text and _looks(self._known(clear, self._parts)) != clear:
            return HIDDEN
        return _looks(text)

    def _known(self, value: str, parts: Iterable[str]) -> str:
        lower = value.lower()
        for part in parts:
            if part in lower:
                value = re.sub(re.escape(part), self._shown[part].replace("\\", r"\\"), value, flags=re.IGNORECASE)
        return value

    def message(self, value: str) -> str:
        """Return an error's text, masked and cut to what a page can show."""
        text = " ".join(self.text(value).split())
        return text if len(text) <= MAX_MESSAGE else f"{text[: MAX_MESSAGE - 1]}…"


def _form(value: str) -> str:
    return value.strip().lower()


def _ending(value: str) -> str:
    return f"…{value[-4:]}" if len(value) > 8 else HIDDEN


def _looks(value: str) -> str:
    """Hide what merely looks like an identifier."""
    value = DIGEST.sub(lambda match: f"sha256 …{match.group()[-4:]}", value)
    return ADDRESS.sub(HIDDEN, PHONE.sub(HIDDEN, EMAIL.sub(HIDDEN, value)))
