"""One attack: the same request about somebody else's thing and about nothing; the answers must not differ."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from itertools import combinations, zip_longest
from typing import Any
from urllib.parse import quote, quote_plus

from flask import Flask
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from tests.security.prey import Prey
from tests.security.principals import Principal
from tests.security.targets import BODIES, FORMS, KINDS, QUERIES, SHARED_KINDS, VALUES, fresh, kind_of

# No row has this number and no thing this name.
NO_NUMBER, NO_NAME = 2**40 + 7, "nobodys-thing"
READING = {"GET", "HEAD", "OPTIONS"}
MET: set[tuple[str, str]] = set()
"""Which endpoint was asked for by whom so far."""
PASSING = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|\b[0-9a-f]{32}\b|fresh-\d+|nonce=\"[^\"]+\"|"
    r"\b(just now|\d+ (s|min|h) ago)\b|name=\"csrf_token\" value=\"[^\"]+\"|\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d)"
)


@dataclass(frozen=True, slots=True, eq=False)
class Target:
    """An endpoint with one method; ``ids`` are the parameters of its path that name things."""

    rule: Rule
    method: str
    ids: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Method and rule, as the tables of `targets` have them."""
        return f"{self.method} {self.rule.rule}"

    @property
    def is_api(self) -> bool:
        """Whether it takes JSON."""
        return self.rule.rule.startswith("/api/")

    @property
    def described(self) -> str:
        """Its path as the description of the API has it."""
        return re.sub(r"<(?:[^:<>]+:)?(\w+)>", r"{\1}", self.rule.rule)

    def path(self, app: Flask, values: Mapping[str, Any]) -> str:
        """Its address with these values."""
        needed = {name: values.get(name, VALUES.get(name, "any")) for name in self.rule.arguments}
        address = app.url_map.bind("localhost").build(self.rule.endpoint, needed, method=self.method)
        return str(address)


def targets(app: Flask) -> list[Target]:
    """Every endpoint and method there is; fails for a parameter that `targets` does not know."""
    found, unknown = [], []
    for rule in app.url_map.iter_rules():
        ids: dict[str, str] = {}
        for name in sorted(rule.arguments):
            try:
                kind = kind_of(rule.rule, name, in_path=True)
            except LookupError as error:
                unknown.append(str(error))
            else:
                ids |= {name: kind} if kind else {}
        found += [Target(rule, method, ids) for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})]
    assert not unknown, "\n".join(sorted(set(unknown)))
    return sorted(found, key=lambda item: item.name)


@dataclass(frozen=True, slots=True)
class Attack:
    """A request about ``theirs`` and the same about nothing; the rest of it is the attacker's own."""

    target: Target
    theirs: Mapping[str, Any]
    nothing: Mapping[str, Any]

    @property
    def about(self) -> str:
        """What a message calls it."""
        return f"{self.target.name} with {dict(self.theirs)}"


def on_path(app: Flask, target: Target, own: Prey, prey: Prey) -> Iterator[Attack]:
    """Somebody else's id in every place of the path, alone and together, the own ones in the others."""
    usable = [name for name, kind in target.ids.items() if kind in prey.ids]
    mine = {name: own.ids[kind] for name, kind in target.ids.items()}
    for size in range(1, len(usable) + 1):
        for names in combinations(usable, size):
            theirs = {name: prey.ids[target.ids[name]] for name in names}
            nothing = {name: no_such(value) for name, value in theirs.items()}
            yield Attack(target, {**mine, **theirs}, {**mine, **nothing})


def no_such(value: Any) -> Any:
    """An id of the same shape that nothing has."""
    if isinstance(value, int):
        return NO_NUMBER
    return f"event:{NO_NAME}" if str(value).startswith("event:") else NO_NAME


def contents(target: Target, own: Prey) -> list[Any]:
    """Bodies or forms that make the request complete."""
    made = (BODIES if target.is_api else FORMS).get(target.name, ())
    return [make(own) for make in made] or [None]


def needed_query(target: Target, own: Prey) -> dict[str, str] | None:
    """What must stand in the query for the address to answer at all."""
    return {name: str(own.ids[kind]) for name, kind in QUERIES.get(target.name, {}).items()} or None


def send(
    app: Flask,
    who: Principal,
    target: Target,
    values: Mapping[str, Any],
    content: Any = None,
    query: Mapping[str, str] | None = None,
) -> TestResponse:
    """Send it as somebody."""
    MET.add((target.name, who.name))
    method, path = target.method, target.path(app, values)
    if method in READING:
        return who.send(method, path, query=query)
    return who.send(method, path, query=query, **({"body": content} if target.is_api else {"form": content}))


def asks_to_sign_in(answer: TestResponse) -> bool:
    """Whether it leads to the sign-in page."""
    return answer.status_code == 302 and answer.headers["Location"].startswith("/sign-in")


def readable(answer: TestResponse, sent: Mapping[str, Any]) -> str:
    """Status, headers and body without what the request itself said and what changes with every answer."""
    headers = "\n".join(f"{name}: {value}" for name, value in answer.headers if name != "Content-Security-Policy")
    text = f"{answer.status_code}\n{headers}\n{answer.get_data(as_text=True)}"
    for value in sorted({str(value) for value in sent.values()}, key=len, reverse=True):
        for form in {value, quote(value, safe=""), quote(value), quote_plus(value), html.escape(value)}:
            text = text.replace(form, "[id]")
    return PASSING.sub("[passing]", text)


def comparable(answer: TestResponse, sent: Mapping[str, Any]) -> str:
    """What two answers of the same kind have in common: no lengths, cookies, dates."""
    text = readable(answer, sent)
    return re.sub(r"^(Content-Length|Set-Cookie|X-Request-Id|Date|ETag|Vary): .*\n", "", text, flags=re.MULTILINE)


def difference(answer: str, nothing: str) -> str:
    """The first lines that differ; empty when none does."""
    pairs = zip_longest(answer.splitlines(), nothing.splitlines(), fillvalue="")
    return next((f"{one.strip()!r}, not {other.strip()!r}" for one, other in pairs if one != other), "")


def replaced(
    content: Any, rule: str, own: Prey, prey: Prey
) -> Iterator[tuple[Any, Any, Mapping[str, Any], Mapping[str, Any]]]:
    """A body with one own id replaced by theirs, and by nothing; with what was put in."""
    for place, name in _places(content):
        kind = KINDS.get(name) and kind_of(rule, name)
        if kind and kind in prey.ids and not (kind in SHARED_KINDS and prey.tenant_id == own.tenant_id):
            theirs, nothing = prey.ids[kind], no_such(prey.ids[kind])
            yield _put(content, place, theirs), _put(content, place, nothing), {name: theirs}, {name: nothing}


def _places(content: Any, path: tuple[Any, ...] = (), name: str = "") -> Iterator[tuple[tuple[Any, ...], str]]:
    if isinstance(content, Mapping):
        for key, value in content.items():
            yield from _places(value, (*path, key), str(key))
    elif isinstance(content, list):
        for index, value in enumerate(content):
            yield from _places(value, (*path, index), name)
    elif path:
        yield path, name


def _put(content: Any, place: tuple[Any, ...], value: Any) -> Any:
    if not place:
        return value
    copy = dict(content) if isinstance(content, Mapping) else list(content)
    copy[place[0]] = _put(copy[place[0]], place[1:], value)
    return copy


def renewed(content: Any) -> Any:
    """The same with new ids for what is made by it: the second request must not be a repetition of the first."""
    if isinstance(content, Mapping):
        return {key: renewed(value) for key, value in content.items()}
    if isinstance(content, list):
        return [renewed(value) for value in content]
    return fresh() if isinstance(content, str) and content.startswith("fresh-") else content


def names_in(content: Any) -> set[str]:
    """Names of all fields of a body that hold a value."""
    return {name for _, name in _places(content)}


def described_names(document: Mapping[str, Any], target: Target) -> set[str]:
    """Names of all fields that the description gives to an endpoint's body."""
    operation = document["paths"].get(target.described, {}).get(target.method.lower(), {})
    schemas = [item.get("schema", {}) for item in operation.get("requestBody", {}).get("content", {}).values()]
    return {name for schema in schemas for name in _properties(document, schema, frozenset())}


def _properties(document: Mapping[str, Any], schema: Any, above: frozenset[str]) -> Iterator[str]:
    if not isinstance(schema, Mapping):
        return
    reference = str(schema.get("$ref", ""))
    if reference and reference not in above:
        known = document["components"]["schemas"][reference.rpartition("/")[2]]
        yield from _properties(document, known, above | {reference})
    for name, below in schema.get("properties", {}).items():
        yield name
        yield from _properties(document, below, above)
    parts = [schema.get("items"), schema.get("additionalProperties")]
    for part in [*parts, *schema.get("anyOf", ()), *schema.get("oneOf", ()), *schema.get("allOf", ())]:
        yield from _properties(document, part, above)


class FormFields(HTMLParser):
    """What a browser would send of the forms of a page when nobody touched them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.fields: dict[str, list[str]] = {}
        self._area, self._select = "", ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take inputs with their values, chosen options, and the beginnings of text areas."""
        found = dict(attrs)
        name, value = found.get("name") or "", found.get("value") or ""
        if tag == "input" and name and (found.get("type") not in {"radio", "checkbox"} or "checked" in found):
            self.fields.setdefault(name, []).append(value)
        elif tag == "select":
            self._select = name
        elif tag == "option" and self._select and ("selected" in found or self._select not in self.fields):
            self.fields[self._select] = [value]
        elif tag == "textarea":
            self._area = name
            self.fields[name] = [""]

    def handle_data(self, data: str) -> None:
        """The text of a text area."""
        if self._area:
            self.fields[self._area] = [self.fields[self._area][0] + data.removeprefix("\n")]

    def handle_endtag(self, tag: str) -> None:
        """Leave a text area or a list to choose from."""
        self._area = "" if tag == "textarea" else self._area
        self._select = "" if tag == "select" else self._select
