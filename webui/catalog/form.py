"""Forms of the catalogue's rows: reading what was typed, and showing it again with what is wrong."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict

from core.accounts.api import Actor
from core.catalog.api import Kind, RowField, kind_named, names_of, slugify
from core.errors import DomainError
from webui import session
from webui import words as vocabulary
from webui.catalog import words

Form = MultiDict[str, str]


@dataclass(frozen=True, slots=True)
class Shown:
    """A field with what to show in it; ``chosen`` are (id, name) of what it refers to.

    ``choices`` are (value, word) of what a list offers, ``labels`` what its parts are called.
    """

    spec: RowField
    label: str
    help: str
    value: Any = ""
    error: str = ""
    chosen: tuple[tuple[str, str], ...] = ()
    languages: tuple[tuple[str, str], ...] = ()
    choices: tuple[tuple[str, str], ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Problems:
    """What was wrong: a message by field, and one for the whole."""

    fields: Mapping[str, str] = field(default_factory=dict)
    whole: str = ""


def problems_of(error: DomainError) -> Problems:
    """Sort the errors of a refused save by field."""
    found: dict[str, str] = {}
    for problem in error.errors:
        name = problem.pointer.removeprefix("/").split("/")[0]
        found.setdefault(name, vocabulary.sentence(problem.message))
    whole = found.pop("", "")
    return Problems(found, whole or ("" if found else vocabulary.sentence(error.detail)))


def read(specs: Iterable[RowField], sent: Form) -> dict[str, Any]:
    """Return what was typed as the catalogue takes it; what cannot be read stays as typed and is refused there."""
    values: dict[str, Any] = {}
    for spec in specs:
        if spec.kind == "many":
            values[spec.name] = list(dict.fromkeys(sent.getlist(spec.name)))
        elif spec.kind == "bool":
            values[spec.name] = spec.name in sent
        elif spec.kind == "translations":
            values[spec.name] = _translations(spec, sent)
        elif spec.kind == "parts":
            values[spec.name] = {part: sent.get(f"{spec.name}.{part}", "").strip() for part, _most in spec.parts}
        else:
            values[spec.name] = _value(spec, sent.get(spec.name, "").strip())
    return values


def _value(spec: RowField, text: str) -> Any:
    if not text:
        return "" if spec.required or spec.name == "description" else None
    if spec.kind == "integer":
        with contextlib.suppress(ValueError):
            return int(text.replace(" ", ""))
    elif spec.kind == "moment":
        with contextlib.suppress(ValueError):
            return datetime.fromisoformat(text).replace(tzinfo=session.zone()).isoformat()
    elif spec.kind in {"amount", "decimal"}:
        with contextlib.suppress(InvalidOperation):
            plain = text.replace(" ", "").replace(",", ".")
            return plain if Decimal(plain).is_finite() else text
    elif spec.kind == "country" or spec.name == "currency":
        return text.upper()
    return text


def _translations(spec: RowField, sent: Form) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for language in words.LANGUAGES:
        texts = {part: sent.get(f"{spec.name}.{language}.{part}", "").strip() for part, _most in spec.parts}
        if kept := {part: text for part, text in texts.items() if text}:
            found[language] = kept
    return found


def with_id(kind: Kind, values: dict[str, Any]) -> dict[str, Any]:
    """Return values with an id of their own: the one typed, else one made from the name."""
    if values.get("external_id"):
        return values
    name = slugify(str(values.get(kind.title) or ""))[:80] or kind.word
    return {**values, "external_id": f"{name}-{secrets.token_hex(3)}"}


def shown(
    actor: Actor, kind: Kind, specs: Iterable[RowField], values: Mapping[str, Any], problems: Problems
) -> list[Shown]:
    """Return the fields to show with these values."""
    return [_shown(actor, kind, spec, values.get(spec.name), problems.fields.get(spec.name, "")) for spec in specs]


def _shown(actor: Actor, kind: Kind, spec: RowField, value: Any, error: str) -> Shown:
    chosen: tuple[tuple[str, str], ...] = ()
    if spec.kind in {"one", "many"}:
        ids = list(value or []) if spec.kind == "many" else [value] if value else []
        chosen = labelled(actor, spec.to, ids)
    elif spec.kind == "moment" and value:
        with contextlib.suppress(ValueError):
            value = datetime.fromisoformat(value).astimezone(session.zone()).strftime("%Y-%m-%dT%H:%M")
    label, text = words.label(spec.name), words.help_of(kind.name, spec.name)
    if spec.kind == "moment":
        text = f"{text} {_('In the time of %(zone)s.', zone=session.zone().key)}".strip()
    languages = tuple((code, str(name)) for code, name in words.LANGUAGES.items())
    choices = tuple(words.choices(kind.name, spec.choices))
    labels = {part: words.label(part) for part, _most in spec.parts}
    return Shown(spec, label, text, "" if value is None else value, error, chosen, languages, choices, labels)


def labelled(actor: Actor, to: str, ids: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """Return ids with the names of what they belong to; what does not exist keeps its id."""
    wanted = list(ids)
    names = names_of(actor, kind_named(to), wanted)
    return tuple((item, names.get(item, item)) for item in wanted)
