"""Fields that rows of the catalogue share on the wire: ids, names, money, translations."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import marshmallow as ma
from marshmallow import fields, validate

from adrail import phrase
from core.money import MoneyError, known_currency, parse_amount

COUNTRY = validate.Regexp(r"[A-Z]{2}\Z", error=phrase("use an ISO 3166 code such as RO"))
SLUG = validate.Regexp(r"[a-z0-9]+(?:-[a-z0-9]+)*\Z", error=phrase("use lower-case letters, digits and single hyphens"))
LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})?")
CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
MOST_LANGUAGES = 40


class Text(fields.String):
    """A text without control characters; blanks around it are cut, and an empty one says nothing."""

    def __init__(self, longest: int, **kwargs: Any) -> None:
        shortest = 1 if kwargs.get("required") else None
        checks = [validate.Length(min=shortest, max=longest), *kwargs.pop("validate", ())]
        super().__init__(validate=checks, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        text = super()._deserialize(value, attr, data, **kwargs)
        if text and CONTROLS.search(text):
            raise ma.ValidationError(phrase("holds a control character; leave it out"))
        text = text.strip() if text else text
        return None if text == "" and self.allow_none else text


class Amount(fields.String):
    """A decimal string in major units; the row's currency says how many decimals it may have."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(metadata={"description": "decimal string in major units", "example": "120.00"}, **kwargs)


class Reference(fields.String):
    """The external id of another row of the catalogue: ``to`` is its kind."""

    def __init__(self, to: str, **kwargs: Any) -> None:
        self.to = to
        super().__init__(validate=validate.Length(1, 128), metadata={"description": f"external id of {to}"}, **kwargs)


class References(fields.List[Any]):
    """External ids of other rows of one kind, in order, each once."""

    def __init__(self, to: str, most: int) -> None:
        self.to = to
        super().__init__(
            fields.String(validate=validate.Length(1, 128)),
            load_default=list,
            validate=[validate.Length(max=most), _each_once],
            metadata={"description": f"external ids of {to}, the main one first"},
        )


def _each_once(found: list[str]) -> None:
    if len(set(found)) < len(found):
        raise ma.ValidationError(phrase("names the same id twice; give each once"))


class Translations(fields.Dict):
    """{language: {field: text}} for the fields that can be translated; the row's own text is the default."""

    def __init__(self, **longest: int) -> None:
        self.longest = longest
        example = {"ro": dict.fromkeys(longest, "…")}
        super().__init__(
            keys=fields.String(),
            values=fields.Dict(keys=fields.String(), values=fields.String()),
            load_default=dict,
            metadata={"description": "texts by language", "example": example},
        )

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> dict[str, dict[str, str]]:
        if not isinstance(value, dict) or len(value) > MOST_LANGUAGES:
            raise ma.ValidationError(phrase('send an object of languages, such as {"ro": {…}}'))
        errors: dict[str, Any] = {}
        clean: dict[str, dict[str, str]] = {}
        for language, texts in value.items():
            if not isinstance(language, str) or not LANGUAGE.fullmatch(language):
                errors[str(language)] = [phrase("use a language code such as ro")]
            elif not isinstance(texts, dict):
                errors[language] = [phrase("send an object with the translated texts")]
            elif wrong := self._wrong(texts):
                errors[language] = wrong
            elif kept := {name: text.strip() for name, text in texts.items() if text and text.strip()}:
                clean[language] = kept
        if errors:
            raise ma.ValidationError(errors)
        return clean

    def _wrong(self, texts: dict[Any, Any]) -> dict[str, list[str]]:
        wrong: dict[str, list[str]] = {}
        for name, text in texts.items():
            if name not in self.longest:
                wrong[str(name)] = [
                    phrase("cannot be translated; these can: %(choices)s", choices=", ".join(self.longest))
                ]
            elif text is None:
                continue
            elif not isinstance(text, str) or CONTROLS.search(text):
                wrong[name] = [phrase("send a text without control characters")]
            elif len(text) > self.longest[name]:
                wrong[name] = [phrase("is longer than %(most)s characters; shorten it", most=self.longest[name])]
        return wrong


class Parts(fields.Dict):
    """A few named short texts, such as the parts of a campaign's name; empty ones are left out."""

    def __init__(self, names: tuple[str, ...], longest: int) -> None:
        self.names, self.longest = names, longest
        super().__init__(
            keys=fields.String(validate=validate.OneOf(names)),
            values=fields.String(validate=validate.Length(max=longest)),
            load_default=dict,
            metadata={"description": f"texts under the names {', '.join(names)}"},
        )

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> dict[str, str]:
        if not isinstance(value, dict):
            raise ma.ValidationError(phrase("send an object of texts"))
        wrong: dict[str, list[str]] = {}
        for name, text in value.items():
            if name not in self.names:
                wrong[str(name)] = [phrase("is not known here; these are: %(choices)s", choices=", ".join(self.names))]
            elif text is not None and (not isinstance(text, str) or CONTROLS.search(text)):
                wrong[name] = [phrase("send a text without control characters")]
            elif text and len(text) > self.longest:
                wrong[name] = [phrase("is longer than %(most)s characters; shorten it", most=self.longest)]
        if wrong:
            raise ma.ValidationError(wrong)
        return {name: text.strip() for name, text in value.items() if text and text.strip()}


def check_currency(code: str) -> None:
    """Raise `ValidationError` for what is no ISO 4217 code."""
    if not known_currency(code):
        raise ma.ValidationError(phrase("use an ISO 4217 code such as EUR"))


def read_amount(text: str | None, currency: str) -> Decimal | None:
    """Return the amount; raises `ValidationError` that says what is expected."""
    try:
        return None if text is None else parse_amount(text, currency)
    except MoneyError as exc:
        raise ma.ValidationError(exc.args[0]) from None
