"""What answers and validation messages mean to the caller."""

from __future__ import annotations

import pytest

from adrail import AdrailError, InvalidPayloadError, RetryableError, ThrottledError
from plugins.ga4 import errors
from plugins.ga4.errors import EXPLAIN, RULES, from_answer, from_validation


@pytest.mark.parametrize(
    ("status", "headers", "expected", "code"),
    [
        (500, {}, RetryableError, "server_error"),
        (502, {}, RetryableError, "server_error"),
        (503, {}, RetryableError, "server_error"),
        (503, {"retry-after": "7"}, ThrottledError, "throttled"),
        (429, {}, ThrottledError, "throttled"),
        (413, {}, InvalidPayloadError, "too_large"),
        (400, {}, InvalidPayloadError, "refused"),
        (301, {}, RetryableError, "not_ga4"),
        (403, {}, RetryableError, "not_ga4"),
        (404, {}, RetryableError, "not_ga4"),
        (407, {}, RetryableError, "not_ga4"),
    ],
)
def test_answers(status: int, headers: dict[str, str], expected: type[AdrailError], code: str) -> None:
    error = from_answer(status, headers)
    assert type(error) is expected
    assert error.code == code
    assert str(status) in str(error)


@pytest.mark.parametrize(
    ("stated", "seconds"),
    [("17", 17.0), ("", 60.0), ("soon", 60.0), ("Fri, 20 Nov 2026 16:05:00 GMT", 60.0), ("9" * 30, 86_400.0)],
)
def test_a_throttled_caller_learns_how_long(stated: str, seconds: float) -> None:
    error = from_answer(429, {"retry-after": stated})
    assert isinstance(error, ThrottledError)
    assert error.retry_after == seconds


@pytest.mark.parametrize(
    ("path", "code", "pointer", "known"),
    [
        ("events[0].params.value", "VALUE_INVALID", "/events/0/params/value", "VALUE_INVALID"),
        ("client_id", "VALUE_REQUIRED", "/client_id", "VALUE_REQUIRED"),
        ("", "NAME_RESERVED", "", "NAME_RESERVED"),
        ("events", "SOMETHING_NEW", "/events", "not_valid"),
        ("events[0].params." + "x" * 200, "", "/events/0/params/" + "x" * 40, "not_valid"),
    ],
)
def test_validation_messages(path: str, code: str, pointer: str, known: str) -> None:
    error = from_validation(path, code)
    assert (error.pointer[: len(pointer)], error.code) == (pointer, known)
    assert str(error) == EXPLAIN[known][0]


@pytest.mark.parametrize("code", sorted(RULES))
def test_every_code_is_explained(code: str) -> None:
    happened, remedy = EXPLAIN[code]
    assert happened.endswith(".")
    assert remedy.endswith(".")


@pytest.mark.parametrize("code", sorted(set(RULES) - {"throttled"}))
def test_every_situation_has_its_error(code: str) -> None:
    error = errors.own(code, "(detail)")
    assert isinstance(error, RULES[code].error)
    assert str(error).endswith("(detail)")
