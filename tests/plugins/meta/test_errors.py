"""Sample answers of Meta and what each one means to the caller."""

from __future__ import annotations

import json
from typing import Any

import pytest

from adrail import AdrailError, AuthError, InvalidPayloadError, RetryableError, ThrottledError
from plugins.meta import errors
from plugins.meta.errors import EXPLAIN, OWN_RULES, RULES, from_answer

CANARY = "ana.canary@example.ro"


def answer(code: int, subcode: int | None = None, **more: Any) -> dict[str, Any]:
    """Return an error body whose free text quotes personal data, as Meta's sometimes does."""
    error = {"message": f"(#{code}) bad {CANARY}", "type": "OAuthException", "code": code, "fbtrace_id": "AbC-123_x"}
    return {"error": error | ({"error_subcode": subcode} if subcode else {}) | more}


@pytest.mark.parametrize(
    ("status", "code", "subcode", "expected", "named"),
    [
        (500, 1, None, RetryableError, "1"),
        (503, 2, None, RetryableError, "2"),
        (400, 3, None, AuthError, "3"),
        (400, 4, None, ThrottledError, "4"),
        (403, 10, None, AuthError, "10"),
        (400, 17, 2446079, ThrottledError, "17"),
        (400, 32, None, ThrottledError, "32"),
        (400, 100, None, InvalidPayloadError, "100"),
        (400, 100, 33, AuthError, "100/33"),
        (400, 100, 2804003, InvalidPayloadError, "100/2804003"),
        (400, 100, 2804050, InvalidPayloadError, "100/2804050"),
        (400, 100, 2804019, InvalidPayloadError, "100"),
        (401, 102, None, AuthError, "102"),
        (401, 190, None, AuthError, "190"),
        (401, 190, 458, AuthError, "190/458"),
        (401, 190, 459, AuthError, "190/459"),
        (401, 190, 460, AuthError, "190/460"),
        (401, 190, 463, AuthError, "190/463"),
        (401, 190, 464, AuthError, "190/464"),
        (401, 190, 467, AuthError, "190/467"),
        (401, 190, 492, AuthError, "190/492"),
        (401, 190, 999, AuthError, "190"),
        (403, 200, None, AuthError, "200"),
        (403, 294, None, AuthError, "294"),
        (403, 299, None, AuthError, "299"),
        (400, 341, None, ThrottledError, "341"),
        (400, 368, None, AuthError, "368"),
        (400, 613, 1487742, ThrottledError, "613"),
        (400, 803, None, AuthError, "803"),
        (400, 2635, None, RetryableError, "2635"),
        (400, 80004, 2446079, ThrottledError, "80004"),
        (400, 80014, None, ThrottledError, "80014"),
        (400, 987654, None, InvalidPayloadError, "refused"),
        (500, 987654, None, RetryableError, "server_error"),
        (429, 987654, None, ThrottledError, "4"),
    ],
)
def test_codes(status: int, code: int, subcode: int | None, expected: type[AdrailError], named: str) -> None:
    error = from_answer(status, answer(code, subcode), {})
    assert type(error) is expected
    assert error.code == named
    assert error.reference == "AbC-123_x"
    assert str(code) in str(error)
    assert CANARY not in str(error)


@pytest.mark.parametrize("key", sorted(RULES, key=str))
def test_every_row_of_the_table_is_reached_and_explained(key: tuple[int, int | None]) -> None:
    error = from_answer(400, answer(*key), {})
    assert isinstance(error, RULES[key].error)
    happened, remedy = EXPLAIN[error.code]
    assert happened.endswith(".")
    assert remedy.endswith(".")


@pytest.mark.parametrize("code", sorted(OWN_RULES))
def test_every_situation_of_our_own_is_explained(code: str) -> None:
    error = errors.own(code, "(detail)")
    assert isinstance(error, OWN_RULES[code].error)
    assert error.code in EXPLAIN
    assert str(error).endswith("(detail)")


def test_transient_trouble_is_retried_even_with_an_input_code() -> None:
    assert type(from_answer(400, answer(100, is_transient=True), {})) is RetryableError
    assert type(from_answer(400, answer(190, is_transient=True), {})) is AuthError


@pytest.mark.parametrize(
    ("status", "body", "expected", "code"),
    [
        (502, None, RetryableError, "not_graph"),
        (200, None, RetryableError, "not_graph"),
        (500, {"foo": 1}, RetryableError, "not_graph"),
        (302, None, RetryableError, "not_graph"),
        (404, None, RetryableError, "not_graph"),
        (200, [1], RetryableError, "not_graph"),
        (200, {"error": "text"}, RetryableError, "not_graph"),
        (413, None, InvalidPayloadError, "too_large"),
    ],
)
def test_answers_that_are_not_metas(status: int, body: Any, expected: type[AdrailError], code: str) -> None:
    error = from_answer(status, body, {})
    assert type(error) is expected
    assert error.code == code


@pytest.mark.parametrize(
    ("more", "index", "pointer"),
    [
        ({"error_data": {"blame_field_specs": [["data[3]", "user_data", "em"]]}}, 3, "/user_data/em"),
        ({"error_data": {"blame_field_specs": [["data[12][custom_data][currency]"]]}}, 12, "/custom_data/currency"),
        ({"error_data": {"blame_field_specs": [["data", "0", "event_time"]]}}, 0, "/event_time"),
        ({"error_data": json.dumps({"blame_field_specs": [["data", "4", "event_time"]]})}, 4, "/event_time"),
        (
            {"error_data": {"blame_field_specs": [["data[2]", "user_data", "em"], ["data[2]", "user_data", "ph"]]}},
            2,
            "/user_data/em",
        ),
        ({"message": "(#100) Param data[7][event_time] must be a valid time"}, 7, ""),
    ],
)
def test_a_blamed_event_is_found(more: dict[str, Any], index: int, pointer: str) -> None:
    error = from_answer(400, answer(100, **more), {})
    assert isinstance(error, InvalidPayloadError)
    assert (error.index, error.pointer) == (index, pointer)


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"error_data": {"blame_field_specs": [["test_event_code"]]}},
        {"error_data": {"blame_field_specs": [["custom_data", "3"]]}},
        {"error_data": "not json {"},
        {"error_data": 5},
        {"error_data": None},
    ],
)
def test_without_a_place_nobody_is_blamed(more: dict[str, Any]) -> None:
    assert type(from_answer(400, answer(100, **more), {})) is InvalidPayloadError


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, 60.0),
        ({"Retry-After": "17"}, 17.0),
        ({"x-business-use-case-usage": '{"1":[{"estimated_time_to_regain_access":12}]}'}, 720.0),
        (
            {
                "X-Business-Use-Case-Usage": '{"1":[{"estimated_time_to_regain_access":2}],'
                '"2":{"estimated_time_to_regain_access":5}}'
            },
            300.0,
        ),
        ({"X-Business-Use-Case-Usage": '{"1":[{"estimated_time_to_regain_access":0}]}'}, 60.0),
        ({"X-Business-Use-Case-Usage": '{"1":[{"estimated_time_to_regain_access":"soon"}],"2":7}'}, 60.0),
        ({"X-Business-Use-Case-Usage": "not json"}, 60.0),
        ({"X-App-Usage": '{"call_count":100}'}, 60.0),
    ],
)
def test_a_throttled_caller_learns_how_long(headers: dict[str, str], seconds: float) -> None:
    error = from_answer(400, answer(4), headers)
    assert isinstance(error, ThrottledError)
    assert error.retry_after == seconds


def test_a_strange_trace_id_is_not_repeated() -> None:
    assert from_answer(400, answer(2, fbtrace_id=f"<{CANARY}>"), {}).reference == ""
