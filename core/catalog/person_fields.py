"""Fields of a person as others send them: what they may hold, and their normal and coarse forms. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Any

from core.errors import FieldProblem

ENCRYPTED = ("email", "phone", "first_name", "last_name", "birthday", "street_address")
INDEXED = ("email", "phone")
TRAITS = ("city", "country", "age_band", "gender")
GENDERS = ("female", "male", "other")
# The first age of each band; whoever is younger is «under-18».
BANDS = ((65, "65+"), (55, "55-64"), (45, "45-54"), (35, "35-44"), (25, "25-34"), (18, "18-24"), (0, "under-18"))
AGE_BANDS = tuple(name for _, name in reversed(BANDS))
PURPOSES = ("marketing", "analytics", "data_processing")
FIELDS = frozenset({"external_id", *ENCRYPTED, *TRAITS, "consent"})

MOST = {"external_id": 128, "email": 254, "phone": 40, "first_name": 100, "last_name": 100, "city": 100}
MOST_ADDRESS = 300
OLDEST_YEAR = 1900
EMAIL = re.compile(r"[^\s@<>\"]+@[^\s@<>\".]+(?:\.[^\s@<>\".]+)+")
COUNTRY = re.compile(r"[A-Z]{2}")
DIGITS = re.compile(r"\d")
CONTROLS = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")


def read_person(row: Any) -> tuple[dict[str, Any], list[FieldProblem]]:
    """Return the clean fields of a row that say something, and everything that is wrong with it.

    Blanks around texts are cut, empty texts say nothing. Fast, since imports call it for every row.
    """
    if not isinstance(row, Mapping):
        return {}, [FieldProblem("", "type", "send an object with the person's fields")]
    clean: dict[str, Any] = {}
    problems: list[FieldProblem] = []
    for name, sent in row.items():
        value = sent.strip() if isinstance(sent, str) else sent
        if value is None or value == "":
            continue
        check = CHECKS.get(name)
        if check is None:
            problems.append(FieldProblem(f"/{name}", "unknown", f"leave it out; known are {', '.join(sorted(FIELDS))}"))
            continue
        wrong = check(name, value)
        if wrong:
            problems.extend(wrong)
        else:
            clean[name] = value
    if "external_id" not in clean and not any(item.pointer == "/external_id" for item in problems):
        problems.append(FieldProblem("/external_id", "required", "send the person's id in your system"))
    if "birthday" in clean and "age_band" not in clean:
        clean["age_band"] = age_band(date.fromisoformat(clean["birthday"]), datetime.now(UTC).date())
    return clean, problems


def normal(name: str, clear: str) -> str:
    """The form of an e-mail address or phone number in which equal ones are equal."""
    if name == "email":
        return clear.strip().casefold()
    return "".join(DIGITS.findall(clear))


def age_band(birthday: date, today: date) -> str:
    """The age band of somebody born on ``birthday``."""
    age = today.year - birthday.year - ((today.month, today.day) < (birthday.month, birthday.day))
    return next(name for first, name in BANDS if age >= first)


def _one(name: str, rule: str, message: str) -> list[FieldProblem]:
    return [FieldProblem(f"/{name}", rule, message)]


def _text(name: str, value: Any) -> list[FieldProblem]:
    if not isinstance(value, str):
        return _one(name, "type", "send a text")
    if len(value) > MOST.get(name, MOST_ADDRESS):
        return _one(name, "length", f"use at most {MOST.get(name, MOST_ADDRESS)} characters")
    if CONTROLS.search(value):
        return _one(name, "characters", "leave control characters out")
    return []


def _email(name: str, value: Any) -> list[FieldProblem]:
    wrong = _text(name, value)
    if not wrong and EMAIL.fullmatch(value) is None:
        return _one(name, "email", "send an e-mail address such as ana@example.com")
    return wrong


def _phone(name: str, value: Any) -> list[FieldProblem]:
    wrong = _text(name, value)
    if not wrong and not DIGITS.search(value):
        return _one(name, "phone", "send a phone number such as +40 712 345 678")
    return wrong


def _country(name: str, value: Any) -> list[FieldProblem]:
    if not isinstance(value, str) or COUNTRY.fullmatch(value) is None:
        return _one(name, "country", "use an ISO 3166 code such as RO")
    return []


def _birthday(name: str, value: Any) -> list[FieldProblem]:
    try:
        born = date.fromisoformat(value)
    except (TypeError, ValueError):
        return _one(name, "date", "send a date such as 1990-05-17")
    if len(value) != 10 or born.year < OLDEST_YEAR or born > datetime.now(UTC).date():
        return _one(name, "date", f"send a date such as 1990-05-17, from {OLDEST_YEAR} until today")
    return []


def _choice(*allowed: str) -> Callable[[str, Any], list[FieldProblem]]:
    def check(name: str, value: Any) -> list[FieldProblem]:
        return [] if value in allowed else _one(name, "choice", f"use one of {', '.join(allowed)}")

    return check


def _consent(name: str, value: Any) -> list[FieldProblem]:
    if not isinstance(value, Mapping):
        return _one(name, "type", "send an object with marketing, data_processing and captured_at")
    return list(_wrong_consent(name, value))


def _wrong_consent(name: str, value: Mapping[str, Any]) -> Iterator[FieldProblem]:
    for key, said in value.items():
        if key in PURPOSES:
            if said is not None and not isinstance(said, bool):
                yield FieldProblem(f"/{name}/{key}", "type", "send true or false")
        elif key not in {"captured_at", "copy_hash"}:
            known = ", ".join((*PURPOSES, "captured_at", "copy_hash"))
            yield FieldProblem(f"/{name}/{key}", "unknown", f"leave it out; known are {known}")
    try:
        zoned = datetime.fromisoformat(value.get("captured_at", "")).tzinfo is not None
    except (TypeError, ValueError):
        zoned = False
    if not zoned:
        yield FieldProblem(f"/{name}/captured_at", "required", "say when, with zone: 2026-03-01T10:00:00Z")


CHECKS: dict[str, Callable[[str, Any], list[FieldProblem]]] = {
    **dict.fromkeys(("external_id", "first_name", "last_name", "city", "street_address"), _text),
    "email": _email,
    "phone": _phone,
    "country": _country,
    "birthday": _birthday,
    "age_band": _choice(*AGE_BANDS),
    "gender": _choice(*GENDERS),
    "consent": _consent,
}
