"""Normal forms of identifiers for Google."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adrail import HashedIdentifier
from plugins.ga4 import normalise


@pytest.mark.parametrize(
    ("given_text", "expected"),
    [
        ("  ANA@Example.RO\t", "ana@example.ro"),
        ("ana.maria+tickets@gmail.com", "anamaria@gmail.com"),
        ("A.N.A@GoogleMail.com", "ana@googlemail.com"),
        ("ana.maria+tickets@example.ro", "ana.maria+tickets@example.ro"),
        ("müller@bücher.example", "müller@bücher.example"),
        ("+tickets@gmail.com", None),
        ("ana@localhost", None),
        ("ana example.ro", None),
        ("a@b@c.ro", None),
        ("a\ud800@b.ro", None),
        ("", None),
    ],
)
def test_email(given_text: str, expected: str | None) -> None:
    assert normalise.email(given_text) == expected


@pytest.mark.parametrize(
    ("given_text", "region", "expected"),
    [
        ("0722 123 456", "RO", "+40722123456"),
        ("0722 123 456", "ro", "+40722123456"),
        ("+40 722 123 456", None, "+40722123456"),
        ("0040 722 123 456", "RO", "+40722123456"),
        ("+49 (0)171 1234567", None, "+491711234567"),
        ("0722 123 456", None, None),
        ("12345", "RO", None),
        ("call me", "RO", None),
    ],
)
def test_phone(given_text: str, region: str | None, expected: str | None) -> None:
    assert normalise.phone(given_text, region) == expected


@pytest.mark.parametrize(("given_text", "expected"), [(" c-7 ", "c-7"), ("C-7", "C-7"), ("  ", None), ("\ud800", None)])
def test_external_id(given_text: str, expected: str | None) -> None:
    assert normalise.external_id(given_text) == expected


@settings(max_examples=200, deadline=None)
@given(text=st.text(max_size=40))
@pytest.mark.parametrize("normal", [normalise.email, normalise.external_id])
def test_normalising_twice_changes_nothing(normal: Callable[[str], str | None], text: str) -> None:
    once = normal(text)
    assert once is None or (normal(once) == once and HashedIdentifier.of(once))
