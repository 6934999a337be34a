"""Texts for people that can be translated: the words and what is filled in stay apart."""

from __future__ import annotations

from collections.abc import Mapping


class Phrase(str):
    """An English sentence that remembers its template, so that a page can say it in the reader's language.

    Wherever it is not translated (logs, JSON, English) it is plain text.
    """

    __slots__ = ("template", "values")

    template: str
    values: Mapping[str, object]


def phrase(template: str, **values: object) -> Phrase:
    """Return a sentence whose catalogue entry is ``template``; ``%(name)s`` stands for a value, ``%%`` for per cent."""
    made = Phrase(template % values)
    made.template, made.values = template, values
    return made
