"""Normal forms against the vendor's published examples and hand-written ones."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adrail import HashedIdentifier
from plugins.meta import normalise


@pytest.mark.parametrize(
    ("normal", "given_text", "digest"),
    [
        # developers.facebook.com, Conversions API, customer information parameters
        (normalise.email, "John_Smith@gmail.com", "62a14e44f765419d10fea99367361a727c12365e2520f32218d505ed9aa0f62f"),
        (
            lambda text: normalise.phone(text, "US"),
            "(650)555-1212",
            "e323ec626319ca94ee8bff2e4c87cf613be6ea19919ed1364124e16807ab3176",
        ),
        (normalise.name, "Mary", "6915771be1c5aa0c886870b6951b03d7eafc121fea0e80a5ea83beb7c449f4ec"),
        (normalise.name, "정", "8fa8cd9c440be61d0151429310034083132b35975c4bea67fdd74158eb51db14"),
        (normalise.name, "Valéry", "08e1996b5dd49e62a4b4c010d44e4345592a863bb9f8e3976219bac29417149c"),
    ],
)
def test_vendor_examples_hash_to_the_published_digests(
    normal: Callable[[str], str | None], given_text: str, digest: str
) -> None:
    text = normal(given_text)
    assert text is not None
    assert HashedIdentifier.of(text).hexdigest() == digest


@pytest.mark.parametrize(
    ("given_text", "expected"),
    [
        ("  ANA@Example.RO\t", "ana@example.ro"),
        ("ana.maria+tickets@gmail.com", "ana.maria+tickets@gmail.com"),
        ("müller@bücher.example", "müller@bücher.example"),
        ("ana@localhost", None),
        ("ana example.ro", None),
        ("a@b@c.ro", None),
        ("", None),
    ],
)
def test_email(given_text: str, expected: str | None) -> None:
    assert normalise.email(given_text) == expected


@pytest.mark.parametrize(
    ("given_text", "region", "expected"),
    [
        ("0722 123 456", "RO", "40722123456"),
        ("0722 123 456", "ro", "40722123456"),
        ("+40 722 123 456", None, "40722123456"),
        ("0040 722 123 456", "RO", "40722123456"),
        ("0.722.123.456", "RO", "40722123456"),
        ("0171 1234567", "DE", "491711234567"),
        ("+49 (0)171 1234567", None, "491711234567"),
        ("+373 69 123 456", "RO", "37369123456"),
        ("0722 123 456", None, None),
        ("12345", "RO", None),
        ("call me", "RO", None),
        ("", "RO", None),
    ],
)
def test_phone(given_text: str, region: str | None, expected: str | None) -> None:
    assert normalise.phone(given_text, region) == expected


@pytest.mark.parametrize(
    ("given_text", "expected"),
    [
        (" O'Brien-Popescu ", "obrienpopescu"),
        ("Ana  Maria", "anamaria"),
        ("Müller", "müller"),
        ("Vale\u0301ry", "valéry"),
        ("ȘTEFĂNESCU", "ștefănescu"),
        ("Jr. 2nd", "jr2nd"),
        ("…", None),
    ],
)
def test_name(given_text: str, expected: str | None) -> None:
    assert normalise.name(given_text) == expected


@pytest.mark.parametrize(
    ("given_text", "expected"),
    [
        ("Cluj-Napoca", "clujnapoca"),
        ("Sector 3, București", "sectorbucurești"),
        ("St. John's", "stjohns"),
        ("400001", None),
    ],
)
def test_city(given_text: str, expected: str | None) -> None:
    assert normalise.city(given_text) == expected


@pytest.mark.parametrize(("given_text", "expected"), [("RO", "ro"), (" md ", "md"), ("Romania", None), ("R1", None)])
def test_country(given_text: str, expected: str | None) -> None:
    assert normalise.country(given_text) == expected


@pytest.mark.parametrize(
    ("given_text", "expected"),
    [
        (" 203.0.113.7 ", "203.0.113.7"),
        ("2001:DB8::1", "2001:db8::1"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("203.0.113.7, 10.0.0.1", None),
        ("unknown", None),
    ],
)
def test_ip_address(given_text: str, expected: str | None) -> None:
    assert normalise.ip_address(given_text) == expected


@pytest.mark.parametrize(
    ("normal", "given_text", "kept"),
    [
        (normalise.fbc, "fb.1.1554763741205.AbCdEfGhIjKlMnOpQrStUvWxYz1234567890", True),
        (normalise.fbc, "fb.2.1554763741205.IwAR0-_x.AQEBAQID", True),
        (normalise.fbc, "AbCdEf", False),
        (normalise.fbc, "fb.1.1554763741205.<script>", False),
        (normalise.fbp, "fb.1.1558571054389.1098115397", True),
        (normalise.fbp, "fb.1.1558571054389.1098115397.AQEBAQID", True),
        (normalise.fbp, "fb.1.x.1098115397", False),
    ],
)
def test_cookies_pass_unchanged_or_not_at_all(normal: Callable[[str], str | None], given_text: str, kept: bool) -> None:
    assert normal(given_text) == (given_text if kept else None)


def test_click_id_becomes_the_cookie_meta_would_have_set() -> None:
    assert normalise.fbc_from_click("IwAR0aBcDeF", 1554763741205) == "fb.1.1554763741205.IwAR0aBcDeF"
    assert normalise.fbc_from_click("not a click id", 1554763741205) is None
    assert normalise.fbc_from_click("", 1554763741205) is None


def test_what_looks_hashed_is_hashed_all_the_same() -> None:
    """An external id of 64 hexadecimal digits is still a clear value; passing it through would leak it."""
    looks_hashed = hashlib.sha256(b"c-7").hexdigest()
    assert normalise.external_id(f" {looks_hashed} ") == looks_hashed


@settings(max_examples=200, deadline=None)
@given(text=st.text(max_size=40))
@pytest.mark.parametrize(
    "normal",
    [
        normalise.email,
        normalise.name,
        normalise.city,
        normalise.country,
        normalise.external_id,
        normalise.ip_address,
        normalise.fbc,
        normalise.fbp,
    ],
)
def test_normalising_twice_changes_nothing(normal: Callable[[str], str | None], text: str) -> None:
    once = normal(text)
    assert once is None or normal(once) == once


@pytest.mark.parametrize("normal", [normalise.email, normalise.name, normalise.city, normalise.external_id])
def test_halves_of_characters_never_reach_the_hash(normal: Callable[[str], str | None]) -> None:
    text = normal("a\ud800@b.ro")
    assert text is None or HashedIdentifier.of(text)


@settings(max_examples=200, deadline=None)
@given(digits=st.text(alphabet="0123456789 ()-.+", max_size=18), region=st.sampled_from(["RO", "MD", "DE", "US", None]))
def test_a_normalised_phone_number_is_international(digits: str, region: str | None) -> None:
    once = normalise.phone(digits, region)
    assert once is None or (once.isdigit() and normalise.phone(f"+{once}", None) == once)
