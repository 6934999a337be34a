"""Cases about the settings schema, from which form, validation, masking and documentation are made."""

from __future__ import annotations

import json
import re
from dataclasses import MISSING, fields, is_dataclass
from decimal import Decimal
from typing import Any, get_type_hints

from adrail.settings import SettingInfo, public_id_field, setting_fields
from adrail.testing import trial_settings
from adrail.testing.declarations import Declarations
from adrail.testing.verdict import broken, demand

TYPES: tuple[Any, ...] = (str, bool, int, Decimal, tuple[str, ...])
COMMON = ("conversion_events", "consent_purpose", "custom_params")
SOUNDS_SECRET = re.compile(r"token|secret|passw|api_?key|private", re.IGNORECASE)
HOSTILE = ("", " ", "{}\n", " {}", "<{}", '{}"', "{}'", "{}>", "{}\u2028", "{}\\", "{};", "{}&x=1", "../{}")


class SettingsCases(Declarations):
    """What the settings class must be."""

    def test_settings_are_a_frozen_dataclass_of_declared_fields(self) -> None:
        """What is not declared with `adrail.setting` has no label, no validation and no masking."""
        schema = self.platform.settings
        demand(
            is_dataclass(schema) and schema.__dataclass_params__.frozen,  # type: ignore[attr-defined]
            "Settings are a frozen dataclass",
            found=schema.__name__,
            mend="decorate it with @dataclass(frozen=True, slots=True)",
        )
        plain = {item.name for item in fields(schema)} - {item.name for item, _ in setting_fields(schema)}
        demand(
            not plain,
            "Every field is declared with adrail.setting(…)",
            found=sorted(plain),
            mend="write name: type = setting(label=…)",
        )

    def test_every_field_can_be_shown_and_stored(self) -> None:
        """Types the form knows, names that are free, a label for people."""
        hints = get_type_hints(self.platform.settings)
        for item, info in setting_fields(self.platform.settings):
            demand(
                hints[item.name] in TYPES and item.name not in COMMON and info.label.strip(),
                "A field is str, bool, int, Decimal or tuple[str, ...], has a label, and is none of "
                + ", ".join(COMMON),
                found=f"{item.name}: {hints[item.name]}, label {info.label!r}",
                mend="those three names belong to settings that every platform has",
            )

    def test_exactly_one_field_is_the_public_id(self) -> None:
        """Pages carry it, deliveries are addressed to it."""
        try:
            name = public_id_field(self.platform.settings)
        except TypeError as error:
            broken("Exactly one field is the public id", found=error, mend="mark one field with public_id=True")
        item, info = self._field(name)
        demand(
            item.default is MISSING and info.pattern and info.example and not info.secret,
            "The public id is required, has a pattern and an example, and is no secret",
            found=f"{name}: pattern {info.pattern!r}, example {info.example!r}",
            mend='setting(label=…, pattern=r"^…$", example="…", public_id=True), without default',
        )

    def test_the_public_id_lets_nothing_into_a_script(self) -> None:
        """Its value stands in script addresses and in pages."""
        name = public_id_field(self.platform.settings)
        _, info = self._field(name)
        passed = [
            text
            for text in (form.format(info.example) for form in HOSTILE)
            if re.fullmatch(info.pattern, text) is not None
        ]
        demand(
            not passed,
            "The pattern of the public id allows the id's own characters and nothing else",
            found=f"{name} passes {passed!r}",
            mend=r"list the characters, anchor both ends, and prefer [0-9] over \d, which takes any script's digits",
        )

    def test_examples_and_defaults_fit_their_patterns(self) -> None:
        """An example that the form refuses is worse than none."""
        for item, info in setting_fields(self.platform.settings):
            for pattern in (info.pattern, info.usual):
                for value in _values(item.default, info.example):
                    demand(
                        not pattern or re.fullmatch(pattern, value),
                        "Examples and defaults match their own pattern in full",
                        found=f"{item.name}: {value!r} does not match {pattern}",
                        mend="correct the pattern, or the example",
                    )

    def test_secrets_are_marked(self) -> None:
        """A secret is encrypted, write-only and kept out of pages; only the mark says so."""
        for item, info in setting_fields(self.platform.settings):
            demand(
                info.secret or not SOUNDS_SECRET.search(item.name),
                "A field that holds a credential is marked as secret",
                found=item.name,
                mend="setting(…, secret=True)",
            )
            demand(
                not info.secret or (item.default in (MISSING, "") and item.type in ("str", str)),
                "A secret is text, required or empty by default",
                found=item.name,
                mend='token: str = setting(label="…", secret=True, default="")',
            )

    def test_a_platform_that_sends_asks_for_a_credential(self) -> None:
        """Core makes a connection from the secret field; without one nothing is ever sent from the server."""
        secrets = [item.name for item, info in setting_fields(self.platform.settings) if info.secret]
        demand(
            secrets or self.platform.conversions is None,
            "A platform with conversions has a secret field",
            mend="declare the credential with setting(…, secret=True)",
        )

    def test_settings_survive_being_stored(self) -> None:
        """The database keeps JSON; what comes back must be the same settings."""
        hints = get_type_hints(self.platform.settings)
        first = trial_settings.settings_object(self.platform)
        stored = json.loads(
            json.dumps({item.name: trial_settings.as_json(getattr(first, item.name)) for item in fields(first)})
        )
        again = self.platform.settings(
            **{name: trial_settings.from_json(value, hints[name]) for name, value in stored.items()}
        )
        demand(
            again == first,
            "Settings read back from JSON equal what was stored",
            found=f"{type(first).__name__} changed on the way",
            mend="keep values in the declared types; convert in the builder, not in __post_init__",
        )

    def _field(self, name: str) -> tuple[Any, SettingInfo]:
        return next(pair for pair in setting_fields(self.platform.settings) if pair[0].name == name)


def _values(default: Any, example: str) -> list[str]:
    values = [example] if example else []
    if isinstance(default, tuple):
        values += list(default)
    elif default is not MISSING and default != "" and not isinstance(default, bool):
        values.append(str(default))
    return values
