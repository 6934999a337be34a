"""Read models of persons: what lists and pages show, with everything that names somebody masked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

SHOWN_DIGITS = 3
HIDDEN = "•••"


@dataclass(frozen=True, slots=True)
class PersonRow:
    """A person in a list. ``contact`` is masked; ``merged_into`` is the external id of who stands for them now."""

    external_id: str
    name: str | None
    contact: str | None
    city: str | None
    country: str | None
    marketing_consent: bool | None
    data_processing_consent: bool | None
    merged_into: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class MergedName:
    """Somebody that a person stands for, since when, and whether that can be taken back here."""

    external_id: str
    merged_into: str
    merged_at: datetime
    merged_by: str


@dataclass(frozen=True, slots=True)
class ConsentWord:
    """The last word on a purpose, and under which name it was said."""

    purpose: str
    granted: bool
    since: datetime
    name: str
    source: str


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Two persons with the same address or number; ``reason`` is email or phone."""

    id: int
    first: PersonRow
    second: PersonRow
    reason: str
    noticed_at: datetime


@dataclass(frozen=True, slots=True)
class Visit:
    """A visitor who was this person from ``since`` until ``until`` (None: still)."""

    visitor_id: str
    name: str | None
    source: str
    since: datetime
    until: datetime | None


@dataclass(frozen=True, slots=True)
class PersonDetail:
    """One person; ``masked`` says what is known of who they are, field → masked value."""

    person: PersonRow
    masked: Mapping[str, str]
    age_band: str | None
    gender: str | None
    merged: tuple[MergedName, ...]
    consent: tuple[ConsentWord, ...]
    visits: tuple[Visit, ...]
    suggestions: tuple[Suggestion, ...]


def masked(field: str, clear: str) -> str:
    """A value with just enough left to recognise it beside one that is known."""
    if field == "email":
        local, _, domain = clear.partition("@")
        return f"{local[:1]}{HIDDEN}@{domain[:1]}{HIDDEN}.{domain.rpartition('.')[2]}"
    if field == "phone":
        digits = "".join(character for character in clear if character.isdigit())
        return f"{HIDDEN} {digits[-SHOWN_DIGITS:]}" if len(digits) > 2 * SHOWN_DIGITS else HIDDEN
    if field in {"birthday", "street_address"}:
        return HIDDEN
    return f"{clear[:1]}{HIDDEN}"
