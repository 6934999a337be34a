"""Nothing is left in English: every text has its translation, and what is filled in stays."""

from __future__ import annotations

import gettext
import re
from collections.abc import Iterable

import pytest
from babel.messages.catalog import Message

from tests.languages.catalogues import TRANSLATIONS, Part, forms, parts, texts, updated, written

CASES = [(part, language) for part in parts() for language in TRANSLATIONS if len(texts(part))]
PLACEHOLDER = re.compile(r"%\((\w+)\)[sd]|%%")
cases = pytest.mark.parametrize(("part", "language"), CASES, ids=[f"{part.name}-{code}" for part, code in CASES])


def ids(message: Message) -> tuple[str, ...]:
    return (message.id,) if isinstance(message.id, str) else tuple(message.id)


def filled_in(values: Iterable[str]) -> set[str]:
    return {found[0] for value in values for found in PLACEHOLDER.finditer(value)}


@cases
def test_the_catalogue_holds_todays_texts(part: Part, language: str) -> None:
    expected = written(updated(part, language))

    assert part.path(language).read_bytes() == expected, "run `make translations`"


@cases
def test_every_text_is_translated(part: Part, language: str) -> None:
    messages = [message for message in updated(part, language) if message.id]

    assert [message.id for message in messages if not all(forms(message))] == []


@cases
def test_a_translation_fills_in_what_the_text_does(part: Part, language: str) -> None:
    for message in updated(part, language):
        if message.id:
            expected = filled_in(ids(message))
            # A plural form may say «one» in a word.
            needed = expected - {"%(num)d", "%(num)s", "%(count)s"} if message.pluralizable else expected
            for string in filter(None, forms(message)):
                assert needed <= filled_in([string]) <= expected, (message.id, string)


@cases
def test_what_is_compiled_is_what_is_written(part: Part, language: str) -> None:
    compiled = gettext.translation("messages", part.folder / "translations", [language])

    for message in updated(part, language):
        if isinstance(message.id, str) and message.id and message.context is None:
            assert compiled.gettext(message.id) == message.string, "run `make setup`"
