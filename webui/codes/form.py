"""The form of a tracking code, made from the platform's settings: reading it, and showing it again with errors."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from werkzeug.datastructures import MultiDict

from core.codes.api import CodeView, FieldSpec
from core.errors import DomainError
from webui import words

MULTIPLE = ("multi",)
SETTINGS_POINTER = "/settings/"
# Errors that belong to the question where a code applies.
PLACE_POINTERS = ("/level", "/organizer_id", "/live_event_id")


@dataclass(frozen=True, slots=True)
class FormField:
    """One field with what to show in it; a secret never has a value, only when it was set."""

    spec: FieldSpec
    value: Any = None
    error: str = ""
    set_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a new code shall apply, as chosen."""

    level: str
    organizer_id: str = ""
    live_event_id: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True)
class Problems:
    """What was wrong with a form: one message by field, by place, and for the whole."""

    fields: Mapping[str, str] = field(default_factory=dict)
    place: str = ""
    whole: str = ""


def fields_of(
    specs: Iterable[FieldSpec], code: CodeView | None, form: MultiDict[str, str] | None, problems: Problems
) -> list[FormField]:
    """Return the fields to show: what was typed, else what the code has, else the defaults."""
    return [
        FormField(
            spec=_named(spec),
            value=_value(spec, code, form),
            error=problems.fields.get(spec.name, ""),
            set_at=code.secret_set_at if code and spec.kind == "secret" else None,
        )
        for spec in specs
    ]


def _named(spec: FieldSpec) -> FieldSpec:
    """Use the same names for conversions as everywhere on our pages."""
    if spec.name != "conversion_events":
        return spec
    return replace(spec, choices=tuple((name, str(words.EVENTS.get(name, label))) for name, label in spec.choices))


def _value(spec: FieldSpec, code: CodeView | None, form: MultiDict[str, str] | None) -> Any:
    if spec.kind == "secret":
        return None
    if form is not None:
        if spec.kind in MULTIPLE:
            return form.getlist(spec.name)
        return spec.name in form if spec.kind == "bool" else form.get(spec.name, "")
    value = spec.default if code is None else current_value(spec, code)
    return ", ".join(value) if isinstance(value, (list, tuple)) and spec.kind == "text" else value


def current_value(spec: FieldSpec, code: CodeView) -> Any:
    """Return what holds for a code in a field of its form: what was set, else the default."""
    if spec.name == "conversion_events":
        return list(code.conversion_events)
    stored = code.purpose if spec.name == "consent_purpose" else code.settings.get(spec.name)
    return spec.default if stored is None else stored


def read_settings(specs: Iterable[FieldSpec], form: MultiDict[str, str]) -> dict[str, Any]:
    """Return the settings as the codes' door takes them; empty secrets stay as they are."""
    settings: dict[str, Any] = {}
    for spec in specs:
        if spec.kind == "bool":
            settings[spec.name] = spec.name in form
        elif spec.kind in MULTIPLE:
            settings[spec.name] = form.getlist(spec.name)
        else:
            text = form.get(spec.name, "").strip()
            if spec.kind == "secret" and not text:
                continue
            settings[spec.name] = text if text or spec.required else None
    return settings


def read_place(form: MultiDict[str, str]) -> Place:
    """Return where the person wants the code."""
    return Place(form.get("place", ""), form.get("organizer_id", ""), form.get("live_event_id", ""))


def place_data(place: Place) -> dict[str, Any]:
    """Return the place as the codes' door takes it."""
    if place.level == "marketplace":
        return {"level": "marketplace"}
    if place.level == "live_event":
        return {"live_event_id": place.live_event_id}
    return {"organizer_id": place.organizer_id or None}


def problems_of(error: DomainError) -> Problems:
    """Sort the errors of a refused save by field."""
    fields: dict[str, str] = {}
    place = ""
    for problem in error.errors:
        if problem.pointer.startswith(SETTINGS_POINTER):
            name = problem.pointer.removeprefix(SETTINGS_POINTER).split("/")[0]
            fields.setdefault(name, words.sentence(problem.message))
        elif problem.pointer in PLACE_POINTERS:
            place = place or words.sentence(problem.message)
    return Problems(fields, place, "" if fields or place else words.sentence(error.detail))
