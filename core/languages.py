"""The languages adrail speaks, and the words of what core itself writes to people (mails)."""

from __future__ import annotations

import functools
import gettext
from collections.abc import Iterable, Mapping
from pathlib import Path

from babel import negotiate_locale

DEFAULT = "en"
LANGUAGES: Mapping[str, str] = {DEFAULT: "English", "ro": "Română"}
"""Code → the language's own name."""
FOLDER = Path(__file__).resolve().parent / "translations"


def supported(wanted: Iterable[str]) -> str | None:
    """Return the first of some language tags (``ro``, ``ro-MD``, ``en_GB``) that adrail speaks, as a code; or None."""
    return negotiate_locale([tag.replace("-", "_") for tag in wanted], list(LANGUAGES))


@functools.cache
def catalogue(language: str) -> gettext.NullTranslations:
    """Return core's own words in a language; English, the language of the source, for one without catalogue."""
    return gettext.translation("messages", FOLDER, [language], fallback=True)
