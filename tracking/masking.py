"""What people may see of an event: who it is about is hidden, and put back unchanged into an event they repair."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote, urlsplit

from tracking.registry import EventSpec

TOKEN = "[hidden {}]"  # noqa: S105 - a place holder
TOKENS = re.compile(r"\[hidden ([0-9]{1,6})\]")
MAX_DEPTH = 32
MANY_DIGITS = 9
LONG_TEXT = 60
PERSONAL_NAME = re.compile(
    r"e?_?mail|phone|telephone|mobile_no|(first|last|full|sur|middle|user|display|given|family)_?name|^name$|address|street"
    r"|postal|^zip|birth|^dob$|gender|iban|card|token|secret|password|passw|authori[sz]ation|cookie|^ip$|_ip$|^ua$"
    r"|user_?agent|^query$|^search|comment|message|^text$|^note|person_id|customer|passport|cnp$",
    re.IGNORECASE,
)
CLEAR_NAMES = frozenset({"page_name", "event_name", "list_name", "message_length", "comment_length", "search_type"})
EMAIL = re.compile(r"[^\s@<>\"'/?&=]+(?:@|%40)[^\s@<>\"'/?&=]+\.[^\s@<>\"'/?&=]+")
PHONE = re.compile(r"(?<![\w.-])\+?\d[\d ()./-]{7,}\d(?![\w-])")
ADDRESS = re.compile(r"\b(?:\d{1,3}\.){3}\d{1,3}\b|\b(?:[0-9a-f]{1,4}:){3,7}[0-9a-f]{1,4}\b", re.IGNORECASE)
MOMENT = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d.*)?")
UUID = re.compile(r"[0-9a-fA-F]{8}(-?[0-9a-fA-F]{4}){3}-?[0-9a-fA-F]{12}")
MONEY = re.compile(r"\d+([.,]\d+)?")
OWN_FIELDS = frozenset(
    {"event_id", "event_name", "event_version", "occurred_at", "source_system", "sequence_no", "idempotency_key"}
    | {"prev_event_id", "site_id", "tenant_id", "visitor_id", "session_id", "captured_at", "copy_hash"}
)
"""Fields of the envelope; what is hidden in them looks like a person."""


class Masked:
    """An event with place holders; ``event`` may be shown, the hidden values stay in this object."""

    __slots__ = ("_hidden", "_known", "_pii", "event")

    def __init__(self, event: Any, spec: EventSpec | None = None) -> None:
        self._hidden: list[Any] = []
        self._pii = frozenset(spec.pii) if spec else frozenset()
        self._known = frozenset(spec.payload_schema.get("properties", ())) if spec else frozenset()
        self.event = self._value(event, ())

    def restore(self, edited: Any) -> Any:
        """The edited event with every place holder replaced by what it stands for; unknown ones stay as they are."""
        if isinstance(edited, dict):
            return {self._text_back(str(name)): self.restore(item) for name, item in edited.items()}
        if isinstance(edited, list):
            return [self.restore(item) for item in edited]
        if not isinstance(edited, str):
            return edited
        whole = TOKENS.fullmatch(edited)
        if whole and 0 < int(whole[1]) <= len(self._hidden):
            return self._hidden[int(whole[1]) - 1]
        return self._text_back(edited)

    def _text_back(self, text: str) -> str:
        def original(match: re.Match[str]) -> str:
            number = int(match[1])
            return str(self._hidden[number - 1]) if 0 < number <= len(self._hidden) else match[0]

        return TOKENS.sub(original, text)

    def _hide(self, value: Any) -> str:
        self._hidden.append(value)
        return TOKEN.format(len(self._hidden))

    def _value(self, value: Any, path: tuple[str, ...]) -> Any:
        if isinstance(value, dict | list) and len(path) > MAX_DEPTH:
            return "…"
        if isinstance(value, dict):
            return {self._name(str(name)): self._value(item, (*path, str(name))) for name, item in value.items()}
        if isinstance(value, list):
            return [self._value(item, (*path, "*")) for item in value]
        return value if value is None or isinstance(value, bool) else self._plain(value, path)

    def _plain(self, value: Any, path: tuple[str, ...]) -> Any:
        if self._personal(path):
            return self._hide(value)
        if isinstance(value, str):
            return self._text(value, path)
        number = isinstance(value, int | float)
        return self._hide(value) if number and self._like_a_phone(value, path) else value

    def _name(self, name: str) -> str:
        return EMAIL.sub(lambda match: self._hide(match[0]), name)

    def _personal(self, path: tuple[str, ...]) -> bool:
        """Whether a field says who somebody is, by its place or by its name."""
        if len(path) > 1 and path[0] == "payload" and path[1] in self._pii:
            return True
        if "click_ids" in path[:-1]:
            return True
        if len(path) == 1 and path[0] in OWN_FIELDS:
            return False
        named = [part for part in path if part != "*"]
        return any(PERSONAL_NAME.search(part) and part not in CLEAR_NAMES for part in named[-2:])

    def _like_a_phone(self, value: float, path: tuple[str, ...]) -> bool:
        described = len(path) == 1 or (path[0] == "payload" and len(path) > 1 and path[1] in self._known)
        return not described and len(str(abs(value)).partition(".")[0]) >= MANY_DIGITS

    def _text(self, text: str, path: tuple[str, ...]) -> str:
        if TOKENS.search(text):
            return self._hide(text)  # or it would be taken for one of ours
        if MOMENT.fullmatch(text) or UUID.fullmatch(text):
            return text
        if text.startswith(("http://", "https://")):
            return self._address(text)
        free = path[:1] == ("payload",) and not (len(path) > 1 and path[1] in self._known)
        if free and (len(text) > LONG_TEXT or text.count(" ") > 1):
            return self._hide(text)
        return self._looks(text)

    def _looks(self, text: str) -> str:
        if MONEY.fullmatch(text) and len(text) < MANY_DIGITS:
            return text
        for shape in (EMAIL, ADDRESS, PHONE):
            text = shape.sub(lambda match: self._hide(match[0]), text)
        return text

    def _parameter(self, pair: str) -> str:
        name, sep, value = pair.partition("=")
        return f"{self._name(name)}{sep}{value if not value or name.startswith('utm_') else self._hide(value)}"

    def _address(self, url: str) -> str:
        """Query values are hidden, except those of campaigns; paths lose what looks like a person."""
        try:
            parts = urlsplit(url)
        except ValueError:
            return self._hide(url)
        if "@" in parts.netloc or EMAIL.search(unquote(parts.path)):
            return self._hide(url)
        shown = "&".join(map(self._parameter, parts.query.split("&"))) if parts.query else ""
        rest = f"?{shown}" if shown else ""
        rest += f"#{self._hide(parts.fragment)}" if parts.fragment else ""
        return f"{parts.scheme}://{parts.netloc}{self._looks(parts.path)}{rest}"
