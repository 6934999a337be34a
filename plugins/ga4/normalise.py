"""Google's normal form of each identifier, before hashing. Pure; None means: not usable, leave it out.

Rules: https://developers.google.com/analytics/devguides/collection/ga4/uid-data
"""

from __future__ import annotations

import re
import unicodedata

import phonenumbers

EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
SURROGATE = re.compile(r"[\ud800-\udfff]")  # half a character: no UTF-8, hence no hash
DOTLESS = ("gmail.com", "googlemail.com")


def email(text: str) -> str | None:
    """Trimmed, lower case; Google's own mail domains ignore dots and what follows a plus sign, so both go there."""
    normal = unicodedata.normalize("NFC", text.strip().lower())
    if not EMAIL.fullmatch(normal) or SURROGATE.search(normal):
        return None
    mailbox, _, domain = normal.rpartition("@")
    if domain in DOTLESS:
        mailbox = mailbox.partition("+")[0].replace(".", "")
    return f"{mailbox}@{domain}" if mailbox else None


def phone(text: str, region: str | None) -> str | None:
    """E.164 with its plus sign; a national number is read as one of ``region`` (ISO 3166 alpha-2)."""
    try:
        number = phonenumbers.parse(text, region.upper() if region else None)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def external_id(text: str) -> str | None:
    """Trimmed, case kept: it is our own id and must read the same every time."""
    return None if SURROGATE.search(text) else text.strip() or None
