"""Meta's normal form of each identifier, before hashing. Pure; None means: not usable, leave it out.

Rules and examples: https://developers.facebook.com/docs/marketing-api/conversions-api/parameters/customer-information-parameters
The vendor's own helpers are not used: they take national phone numbers for foreign ones and drop what looks hashed.
"""

from __future__ import annotations

import ipaddress
import re
import unicodedata

import phonenumbers

EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
SURROGATE = re.compile(r"[\ud800-\udfff]")  # half a character: no UTF-8, hence no hash
COUNTRY = re.compile(r"[a-z]{2}")
FBCLID = re.compile(r"[A-Za-z0-9._~-]{1,500}")
# fb.<subdomain index>.<creation time in ms>.<click id or random number>[.<eight characters of the vendor's libraries>]
FBC = re.compile(r"fb\.[0-9]\.[0-9]{10,16}\.[A-Za-z0-9._~-]{1,510}")
FBP = re.compile(r"fb\.[0-9]\.[0-9]{10,16}\.[0-9]{1,20}(\.[A-Za-z0-9_-]{2,8})?")


def email(text: str) -> str | None:
    """Trimmed, lower case. Dots and ``+suffix`` of an address stay: Meta hashes them too."""
    normal = _lower(text.strip())
    return normal if EMAIL.fullmatch(normal) and not SURROGATE.search(normal) else None


def phone(text: str, region: str | None) -> str | None:
    """Digits with country code, no plus sign; a national number is read as one of ``region`` (ISO 3166 alpha-2)."""
    try:
        number = phonenumbers.parse(text, region.upper() if region else None)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164).removeprefix("+")


def name(text: str) -> str | None:
    """Lower case without spaces and punctuation; letters of any script stay, as UTF-8."""
    return "".join(char for char in _lower(text) if unicodedata.category(char)[0] in "LMN") or None


def city(text: str) -> str | None:
    """Lower case, letters only: no spaces, punctuation or digits."""
    return "".join(char for char in _lower(text) if unicodedata.category(char)[0] in "LM") or None


def country(text: str) -> str | None:
    """ISO 3166 alpha-2 in lower case."""
    normal = text.strip().lower()
    return normal if COUNTRY.fullmatch(normal) else None


def external_id(text: str) -> str | None:
    """Trimmed, case kept: it is our own id and must read the same every time."""
    return None if SURROGATE.search(text) else text.strip() or None


def ip_address(text: str) -> str | None:
    """IPv4 or IPv6, never hashed; an IPv4 address in IPv6 clothes is undressed."""
    try:
        address = ipaddress.ip_address(text.strip())
    except ValueError:
        return None
    return str(getattr(address, "ipv4_mapped", None) or address)


def fbc(text: str) -> str | None:
    """A click id cookie as the browser holds it; never hashed, case matters."""
    return text.strip() if FBC.fullmatch(text.strip()) else None


def fbc_from_click(fbclid: str, milliseconds: int) -> str | None:
    """The cookie value Meta would have set for this click id at this moment."""
    return f"fb.1.{milliseconds}.{fbclid}" if FBCLID.fullmatch(fbclid) else None


def fbp(text: str) -> str | None:
    """A browser id cookie; never hashed."""
    return text.strip() if FBP.fullmatch(text.strip()) else None


def _lower(text: str) -> str:
    # Composed letters, so that «é» typed as one or as two code points hashes alike.
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).lower())
