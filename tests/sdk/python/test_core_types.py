"""Core types of the plugin API: identifiers that cannot be printed, settings that describe themselves."""

from __future__ import annotations

import copy
import dataclasses
import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

import pytest

import adrail
from adrail import errors
from adrail.settings import public_id_field, setting_fields

CANARY = "canary@example.com"


@pytest.mark.parametrize("form", [repr, str, "{}".format, "{!r:>40}".format, "%s".__mod__, ascii])
def test_raw_and_hashed_identifiers_never_print(form: object) -> None:
    assert callable(form)
    for hidden in (adrail.RawIdentifier(CANARY), adrail.HashedIdentifier.of(CANARY)):
        text = form(hidden)
        assert CANARY not in text
        assert hashlib.sha256(CANARY.encode()).hexdigest() not in text


def test_raw_identifiers_reveal_compare_and_copy() -> None:
    raw = adrail.RawIdentifier(CANARY)
    assert raw.reveal() == CANARY
    assert raw == adrail.RawIdentifier(CANARY) == copy.deepcopy(raw)
    assert raw != adrail.RawIdentifier("other")
    assert raw != CANARY
    assert len({raw, adrail.RawIdentifier(CANARY)}) == 1


def test_hashing_is_plain_sha256_of_the_normal_form() -> None:
    assert adrail.HashedIdentifier.of("ștefan").hexdigest() == hashlib.sha256("ștefan".encode()).hexdigest()
    assert adrail.HashedIdentifier.of("a") == adrail.HashedIdentifier.of("a") != adrail.HashedIdentifier.of("b")
    assert adrail.HashedIdentifier.of("a") != adrail.HashedIdentifier.of("a").hexdigest()


def test_credentials_print_names_only() -> None:
    credentials = adrail.Credentials({"access_token": "canary-token"})
    assert credentials["access_token"] == "canary-token"
    assert (dict(credentials), len(credentials)) == ({"access_token": "canary-token"}, 1)
    assert repr(credentials) == str(credentials) == "<Credentials ['access_token']>"
    assert len(adrail.Credentials()) == 0


def conversion() -> adrail.Conversion:
    """A conversion full of canaries."""
    now = datetime.now(UTC)
    user = adrail.UserData(
        email=adrail.RawIdentifier(CANARY),
        city="canary-city",
        user_agent=adrail.RawIdentifier("canary-agent"),
        click_ids={"fbclid": "canary-click"},
    )
    return adrail.Conversion(
        event_id="e",
        canonical="order_completed",
        occurred_at=now,
        destination_id="1",
        consent=adrail.ConsentReceipt("marketing", 7, now, now),
        value=Decimal("1.50"),
        currency="EUR",
        search_string="canary-search",
        source_url="https://shop.example/?email=canary",
        user=user,
    )


def test_a_request_to_a_platform_prints_nothing_of_the_person_or_its_secrets() -> None:
    request = adrail.SendRequest(
        adrail.ConnectionRef(1, "account"),
        adrail.Credentials({"access_token": "canary-token"}),
        [conversion()],
        None,
        datetime.now(UTC),
        adrail.Transport({"api": "https://api.example"}),
    )
    assert "canary" not in repr(request)
    assert "order_completed" in repr(request)


def test_requests_and_outcomes_cannot_be_changed() -> None:
    for value in (conversion(), adrail.Accepted("ref"), adrail.Retry("later"), adrail.Transport({})):
        assert dataclasses.is_dataclass(value)
        for item in dataclasses.fields(value):
            with pytest.raises(dataclasses.FrozenInstanceError):
                setattr(value, item.name, None)


def test_new_fields_have_defaults_so_that_older_plugins_keep_working() -> None:
    assert adrail.Item("tt", "ev", 1).price is None
    assert adrail.Platform("slug", "Name", "1", dict).capabilities() == ()
    assert adrail.HealthReport(True, "fine").remedy == ""


def test_errors_are_sorted_by_what_the_caller_does_next() -> None:
    assert issubclass(adrail.ThrottledError, adrail.RetryableError)
    assert not issubclass(adrail.AuthError, adrail.RetryableError)
    assert not issubclass(adrail.InvalidPayloadError, adrail.RetryableError)
    family = {value for value in vars(errors).values() if isinstance(value, type) and issubclass(value, Exception)}
    assert all(issubclass(value, adrail.AdrailError) for value in family)
    throttled = adrail.ThrottledError("slow down", retry_after=3, code="17", reference="trace")
    assert (str(throttled), throttled.retry_after, throttled.code, throttled.reference) == (
        "slow down", 3, "17", "trace",
    )  # fmt: skip
    assert adrail.InvalidPayloadError("bad", pointer="/value").pointer == "/value"


def test_an_endpoint_that_was_not_declared_has_no_url() -> None:
    transport = adrail.Transport({"api": "https://api.example"})
    assert transport.url("api") == "https://api.example"
    with pytest.raises(KeyError):
        transport.url("tag")


@dataclass(frozen=True)
class Good:
    """Settings as a plugin writes them."""

    pixel: str = adrail.setting(label="Pixel", pattern=r"\d+", example="1", public_id=True)
    token: str = adrail.setting(label="Token", secret=True, default="")
    plain: int = 3


@dataclass(frozen=True)
class Two:
    """Settings with one public id too many."""

    one: str = adrail.setting(label="One", public_id=True)
    two: str = adrail.setting(label="Two", public_id=True)


def test_settings_describe_themselves() -> None:
    described = {item.name: (info.label, info.secret, info.public_id) for item, info in setting_fields(Good)}
    assert described == {"pixel": ("Pixel", False, True), "token": ("Token", True, False)}
    assert public_id_field(Good) == "pixel"
    with pytest.raises(TypeError, match="pixel"):
        Good()
    with pytest.raises(TypeError, match=r"exactly one field with public_id=True, found \['one', 'two'\]"):
        public_id_field(Two)
