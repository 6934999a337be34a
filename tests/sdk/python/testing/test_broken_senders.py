"""Senders that break a rule are told which one, and how to mend it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from adrail import AuthError, Platform, RetryableError, ThrottledError
from adrail.testing.factories import STRANGE
from adrail.testing.stand_ins import NONSENSE
from tests.sdk.python.testing import broken
from tests.sdk.python.testing.broken import TOY, building, catching, run, sending

FULL = "test_a_full_batch_is_taken"
TROUBLE = "test_trouble_on_the_way_is_retried_and_then_it_works"
LEAK = "test_nothing_personal_in_logs_errors_and_outcomes"


@pytest.mark.parametrize(
    ("case", "platform", "words", "arguments"),
    [
        (FULL, sending(broken.forgets_one), "one outcome per item", {}),
        (FULL, sending(broken.answers_text), "An outcome is one of", {}),
        (FULL, sending(broken.gives_no_reason), "says why", {}),
        (FULL, sending(broken.invents_a_code), "unexplained: E-4711", {}),
        (FULL, sending(broken.crashes), "Only errors of adrail.errors", {}),
        ("test_an_empty_batch_is_no_call", sending(broken.knocks_with_nothing), "1 requests", {}),
        ("test_one_too_many_is_refused_or_split", sending(broken.cuts_what_is_too_much), "11 said to be taken", {}),
        (
            "test_one_too_many_is_refused_or_split",
            sending(broken.sends_before_it_counts),
            "before anything is sent",
            {},
        ),
        ("test_outcomes_are_in_the_order_of_the_items", sending(broken.loses_the_order), "in the order", {}),
        ("test_an_event_without_a_name_is_ignored", sending(broken.sends_whatever_it_is_given), "is Ignored", {}),
        ("test_what_is_too_old_does_not_sink_its_batch", sending(broken.sends_whatever_it_is_given), "max_age", {}),
        ("test_half_a_batch_refused_leaves_the_other_half_alone", sending(broken.blames_everybody), "the others", {}),
        (
            "test_half_a_batch_refused_leaves_the_other_half_alone",
            sending(broken.blames_by_what_was_sent),
            "the place among request.items",
            {},
        ),
        (TROUBLE, catching(RetryableError, broken.believes_anybody), "found: Accepted", {"fault": "html_502"}),
        (TROUBLE, catching(RetryableError, broken.gives_up), "InvalidPayloadError", {"fault": "reset"}),
        (
            "test_an_answer_that_is_not_the_platforms_is_never_success",
            catching(RetryableError, broken.believes_anybody),
            "documented answer as success",
            {"answer": NONSENSE["html_with_200"]},
        ),
        (
            "test_a_throttled_call_says_how_long_to_wait",
            catching(ThrottledError, broken.waits_a_little),
            r"pauses \[1.0, 1.0\]",
            {},
        ),
        (
            "test_dead_credentials_are_an_auth_matter",
            catching(AuthError, broken.tries_again_for_ever),
            "found: Retry, Retry",
            {},
        ),
        ("test_without_credentials_nothing_leaves", sending(broken.never_asks_for_a_token), "1 requests", {}),
        ("test_an_event_sent_twice_is_held_once", building(broken.with_random_id), "it holds 2", {}),
        ("test_an_event_twice_in_one_batch_is_held_once", building(broken.with_random_id), "it holds 2", {}),
        ("test_after_a_time_out_the_platform_holds_one", building(broken.with_random_id), "holds 2", {}),
        ("test_the_payload_does_not_depend_on_when_it_is_built", building(broken.with_random_id), "same payload", {}),
        (
            "test_amounts_arrive_digit_by_digit",
            building(broken.with_float),
            "every digit",
            {"currency": "IDR", "digits": 2, "value": "9007199254740993.07"},
        ),
        ("test_unknown_settings_and_click_ids_are_left_alone", sending(broken.unpacks_its_settings), "ignored", {}),
        (
            "test_strange_characters_arrive_or_are_refused_in_words",
            sending(broken.gives_no_reason),
            "says why",
            {"text": STRANGE["emoji"]},
        ),
        ("test_people_are_hashed_on_the_wire", building(broken.with_clear_email), "found: email", {}),
        ("test_people_are_hashed_on_the_wire", building(broken.with_clear_phone), "phone", {}),
        ("test_the_payload_knows_what_was_agreed_to", building(broken.without_purpose), "1 different payloads", {}),
        ("test_the_payload_knows_what_was_agreed_to", building(broken.with_email_always), "1 hashed identifiers", {}),
        ("test_what_is_not_given_is_not_sent", replace(TOY, conversions=broken.Hoarder()), "on the wire again", {}),
        ("test_a_preview_sends_nothing_and_shows_no_secret", replace(TOY, conversions=broken.Talker()), "token", {}),
    ],
)
def test_the_broken_rule_is_named(case: str, platform: Platform, words: str, arguments: dict[str, Any]) -> None:
    with pytest.raises(pytest.fail.Exception, match=words) as caught:
        run(case, platform, **arguments)
    assert "\nmend:  " in str(caught.value)


@pytest.mark.parametrize(
    ("platform", "fault", "words"),
    [
        (catching(RetryableError, broken.quotes_the_buyer), "http_500", "email"),
        (catching(RetryableError, broken.drags_its_context_along), "http_500", "source_url"),
        (sending(broken.logs_the_token), "none", "token"),
        (sending(broken.shows_the_token), "none", "token"),
    ],
)
def test_leaks_are_found(platform: Platform, fault: str, words: str, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(pytest.fail.Exception, match=words):
        run(LEAK, platform, caplog=caplog, any_fault=fault)


@pytest.mark.parametrize(
    ("case", "declared"),
    [
        ("test_half_a_batch_refused_leaves_the_other_half_alone", {"silent_on_bad_events": "it never says"}),
        ("test_dead_credentials_are_an_auth_matter", {"silent_on_bad_credentials": "it never says"}),
        ("test_a_throttled_call_says_how_long_to_wait", {"never_throttles": "it never does"}),
        ("test_an_event_sent_twice_is_held_once", {"keeps_duplicates": "it has no memory"}),
    ],
)
def test_what_is_declared_is_skipped_with_its_reason(case: str, declared: dict[str, str]) -> None:
    with pytest.raises(pytest.skip.Exception, match=next(iter(declared.values()))):
        run(case, TOY, declared)


def test_a_declaration_that_the_sandbox_belies_is_refused() -> None:
    with pytest.raises(pytest.fail.Exception, match="silent_on_bad_credentials"):
        run("test_declarations_are_true", TOY, {"silent_on_bad_credentials": "it never says"})
