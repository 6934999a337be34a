"""Persons of a block, column by column: checked with the same rules as single ones, encrypted and written for COPY."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from functools import partial
from itertools import repeat
from typing import Any

from core.catalog.import_table import NOTHING, clean_texts, copy_bytes, copy_rows, copy_texts, kept
from core.catalog.person_fields import (
    CHECKS,
    CONTROLS,
    DIGITS,
    EMAIL,
    ENCRYPTED,
    INDEXED,
    MOST,
    MOST_ADDRESS,
    TRAITS,
    age_band,
    normal,
)
from core.security.crypto import DataKey

CONSENT = "consent."
NAMES = ("external_id", *ENCRYPTED, *TRAITS)
People = dict[str, list[str]]
"""Clean fields, one list each; "" where a person's is not known."""


def clean_people(columns: Mapping[str, Sequence[Any]], count: int) -> tuple[People, set[int]]:
    """The persons' fields without blanks around them, and the positions of those with something wrong.

    What is wrong with them, `read_person` says; nothing is taken here that it would refuse.
    """
    people: People = {}
    wrong: set[int] = set()
    for name in NAMES:
        if name in columns:
            people[name], refused = clean_texts(columns[name], _checker(name), QUICK.get(name))
            wrong.update(refused)
    names = people.setdefault("external_id", [""] * count)
    wrong.update(at for at, external_id in enumerate(names) if not external_id)
    if "birthday" in people:
        people["age_band"] = _bands(people, count, wrong)
    return people, wrong


def _checker(name: str) -> Callable[[str], bool]:
    check = CHECKS[name]
    return lambda text: not check(name, text)


def _quick_text(name: str) -> Callable[[Sequence[str]], bool]:
    most = MOST.get(name, MOST_ADDRESS)

    def right(texts: Sequence[str]) -> bool:
        together = "".join(texts)
        return max(map(len, texts), default=0) <= most and (together.isprintable() or CONTROLS.search(together) is None)

    return right


def _quick_email(texts: Sequence[str]) -> bool:
    return QUICK_TEXT["email"](texts) and all(map(EMAIL.fullmatch, filter(None, texts)))


def _quick_phone(texts: Sequence[str]) -> bool:
    return QUICK_TEXT["phone"](texts) and all(map(DIGITS.search, filter(None, texts)))


QUICK_TEXT = {name: _quick_text(name) for name in (*MOST, "street_address")}
QUICK = {**QUICK_TEXT, "email": _quick_email, "phone": _quick_phone}
# Few different ones in a block: looking at each of them once is quicker still.
del QUICK["city"]


def _bands(people: People, count: int, wrong: set[int]) -> list[str]:
    today = datetime.now(UTC).date()
    born = (
        people["birthday"] if not wrong else ["" if at in wrong else text for at, text in enumerate(people["birthday"])]
    )
    bands = {text: age_band(date.fromisoformat(text), today) if text else "" for text in set(born)}
    given = people.get("age_band") or [""] * count
    return [band or bands[text] for band, text in zip(given, born, strict=True)]


def clean_consents(columns: Mapping[str, Sequence[Any]], count: int) -> tuple[list[dict[str, Any] | None], set[int]]:
    """What each agreed to, None for those who were not asked; and the positions of those with something wrong."""
    names = [name for name in columns if name.startswith(CONSENT)]
    if not names:
        return [None] * count, set()
    said = [
        {name.removeprefix(CONSENT): value for name, value in zip(names, values, strict=True) if value != ""} or None
        for values in zip(*(columns[name] for name in names), strict=True)
    ]
    check = CHECKS["consent"]
    return said, {at for at, words in enumerate(said) if words and check("consent", words)}


def without(people: People, out: Collection[int]) -> People:
    """The persons but those at these positions."""
    return {name: list(kept(column, out)) for name, column in people.items()} if out else people


def person_rows(key: DataKey, people: People) -> bytes:
    """Persons as rows for COPY, in the columns that `STAGED` names: encrypted, indexed, traits in clear."""
    names = people["external_id"]
    columns: list[Iterable[str]] = [copy_texts(names, gaps=False)]
    columns += [_hidden(people.get(n), len(names), partial(key.encrypt_all, field=f"persons.{n}")) for n in ENCRYPTED]
    columns += [_hidden(people.get(n), len(names), partial(_indexes, key, n)) for n in INDEXED]
    columns += [copy_texts(people[n]) if n in people else repeat(NOTHING, len(names)) for n in TRAITS]
    return copy_rows(columns)


def _hidden(texts: list[str] | None, count: int, hide: Callable[[Sequence[str]], list[bytes]]) -> Iterable[str]:
    given = list(filter(None, texts or ()))
    if not texts or not given:
        return repeat(NOTHING, count)
    hidden = copy_bytes(hide(given))
    if len(given) == count:
        return hidden
    following = iter(hidden)
    return [next(following) if text else NOTHING for text in texts]


def _indexes(key: DataKey, name: str, texts: Sequence[str]) -> list[bytes]:
    return key.blind_indexes(f"persons.{name}", normal_texts(name, texts))


def normal_texts(name: str, texts: Sequence[str]) -> list[str]:
    """`normal` of many texts, at least one, none of which holds a line break."""
    together = "\n".join(texts)
    if name == "email":
        return together.casefold().split("\n")
    if together.isascii():
        return together.translate(NO_DIGIT).split("\n")
    return [normal(name, text) for text in texts]


NO_DIGIT = {code: None for code in range(128) if chr(code) not in "0123456789\n"}
