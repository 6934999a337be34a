"""The languages adrail speaks, and the words of what core itself writes to people (mails)."""

from __future__ import annotations

import functools
import gettext
from collections.abc import Iterable, Mapping
from pathlib import Path

from babel import negotiate_locale

from core.registry import registry

DEFAULT = "en"
LANGUAGES: Mapping[str, str] = {DEFAULT: "English", "ro": "Română"}
"""Code → the language's own name."""
FOLDER = Path(__file__).resolve().parent / "translations"


def supported(wanted: Iterable[str]) -> str | None:
    """Return the first of some language tags (``ro``, ``ro-MD``, ``en_GB``) that adrail speaks, as a code; or None."""
    found = negotiate_locale([tag.replace("-", "_").lower() for tag in wanted], list(LANGUAGES))
    return found.lower() if found else None


@functools.cache
def catalogue(language: str) -> gettext.NullTranslations:
    """Return core's own words in a language, then plugins; English of the source where there is none."""
    words = gettext.translation("messages", FOLDER, [language], fallback=True)
    for folder in registry().translation_folders():
        words.add_fallback(gettext.translation("messages", folder, [language], fallback=True))
    return words
