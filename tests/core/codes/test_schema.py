"""What core derives from a plugin's settings dataclass: form, validation, the way to the row and back."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.codes.canonical import CONVERSIONS
from core.codes.fields import providers, settings_form
from core.codes.schema import clean_settings, plugin_settings
from core.errors import InvalidInputError
from tests.core.codes.example import EXAMPLE, ExampleSettings

GOOD: dict[str, Any] = {"container_id": "EX-AB12CD", "token": "abcdefgh1"}


def pointers(raw: dict[str, Any]) -> set[str]:
    with pytest.raises(InvalidInputError) as caught:
        clean_settings(EXAMPLE, raw)
    return {problem.pointer for problem in caught.value.errors}


@given(
    st.fixed_dictionaries(
        {"container_id": st.from_regex(r"EX-[A-Z0-9]{4,8}", fullmatch=True)},
        optional={
            "label": st.from_regex(r"[A-Za-z]{1,20}", fullmatch=True),
            "window_days": st.integers(0, 99),
            "factor": st.decimals(allow_nan=False, allow_infinity=False, places=3),
            "domains": st.lists(st.from_regex(r"[a-z]{1,9}\.[a-z]{2,3}", fullmatch=True), max_size=3),
            "enhanced": st.booleans(),
        },
    )
)
def test_settings_survive_the_way_to_the_row_and_back(raw: dict[str, Any]) -> None:
    clean = clean_settings(EXAMPLE, raw)
    restored = plugin_settings(EXAMPLE, clean.public_id, clean.stored)
    expected = {**raw, "domains": tuple(raw.get("domains", ())), "token": ""}
    assert restored == ExampleSettings(**expected)


def test_form_of_every_installed_platform_round_trips_its_own_example() -> None:
    for provider in providers():
        form = settings_form(provider.slug)
        assert [field.name for field in form if field.public_id], provider.slug
        assert {"conversion_events"} <= {field.name for field in form}


def test_secrets_are_taken_apart_and_never_stored_or_shown() -> None:
    clean = clean_settings(EXAMPLE, {**GOOD, "token": "canary123"})
    assert clean.secrets == {"token": "canary123"}
    assert "canary123" not in repr(clean)
    assert "canary123" not in str(clean.stored)
    assert plugin_settings(EXAMPLE, clean.public_id, clean.stored).token == ""


def test_empty_secret_means_unchanged_and_null_means_forget() -> None:
    assert clean_settings(EXAMPLE, {**GOOD, "token": ""}).secrets == {}
    assert not clean_settings(EXAMPLE, {**GOOD, "token": ""}).forget_secrets
    assert clean_settings(EXAMPLE, {**GOOD, "token": None}).forget_secrets


def test_every_wrong_field_is_named() -> None:
    wrong = {
        "container_id": "<script>",
        "token": "UPPER",
        "window_days": "many",
        "domains": "ok.example, NOT OK",
        "enhanced": "perhaps",
        "conversion_events": ["order_completed", "made_up"],
        "consent_purpose": "data_processing",
        "custom_params": {"1st": "x", "plan": {"nested": 1}, "ok": True},
        "html": "<script>",
    }
    assert pointers(wrong) == {
        "/settings/container_id",
        "/settings/token",
        "/settings/window_days",
        "/settings/domains/1",
        "/settings/enhanced",
        "/settings/conversion_events/1",
        "/settings/consent_purpose",
        "/settings/custom_params/1st",
        "/settings/custom_params/plan",
        "/settings/html",
    }


def test_missing_and_empty_public_id_are_told_as_missing() -> None:
    assert pointers({}) == {"/settings/container_id"}
    assert pointers({"container_id": "  "}) == {"/settings/container_id"}


def test_pasted_blanks_are_cut_and_line_breaks_refused() -> None:
    assert clean_settings(EXAMPLE, {"container_id": " EX-AB12CD\n"}).public_id == "EX-AB12CD"
    assert pointers({**GOOD, "label": "two\nlines"}) == {"/settings/label"}


def test_all_conversions_are_not_written_down_so_that_later_ones_join() -> None:
    assert "conversion_events" not in clean_settings(EXAMPLE, GOOD).stored
    assert "conversion_events" not in clean_settings(EXAMPLE, {**GOOD, "conversion_events": list(CONVERSIONS)}).stored
    chosen = clean_settings(EXAMPLE, {**GOOD, "conversion_events": ["order_completed"]}).stored
    assert chosen["conversion_events"] == ["order_completed"]


def test_consent_purpose_is_limited_to_what_the_platform_allows() -> None:
    assert clean_settings(EXAMPLE, GOOD).stored["consent_purpose"] == "marketing"
    assert clean_settings(EXAMPLE, {**GOOD, "consent_purpose": "analytics"}).stored["consent_purpose"] == "analytics"


def test_decimal_settings_keep_their_digits() -> None:
    clean = clean_settings(EXAMPLE, {**GOOD, "factor": "0.10"})
    assert clean.stored["factor"] == "0.10"
    assert plugin_settings(EXAMPLE, clean.public_id, clean.stored).factor == Decimal("0.10")
