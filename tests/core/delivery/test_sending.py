"""Calling a plugin: sizes, halves, and whatever a foreign plugin may do wrong."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adrail import (
    Accepted,
    Auth,
    AuthError,
    ConversionLimits,
    Ignored,
    Invalid,
    InvalidPayloadError,
    NotSupportedError,
    Outcome,
    Retry,
    RetryableError,
    SendRequest,
    Throttled,
    ThrottledError,
)
from core.delivery.sending import Answer, Courier
from tests.core.delivery.scripted import ScriptedSender, failing, request


def courier(sender: ScriptedSender, may_go_on: Any = lambda: True) -> Courier:
    return Courier(sender, "example", "adrail-example 1.0", may_go_on)


def outcomes(answers: Sequence[Answer | None]) -> list[Outcome | None]:
    return [None if answer is None else answer.outcome for answer in answers]


def refuses(*bad: str) -> Any:
    """A platform that refuses a whole request for one bad item in it."""

    def answer(sent: SendRequest) -> Sequence[Outcome]:
        if any(item.event_id in bad for item in sent.items):
            raise InvalidPayloadError("refused as a whole", pointer="/user", code="100")
        return [Accepted(item.event_id) for item in sent.items]

    return answer


@given(st.integers(1, 40), st.sets(st.integers(0, 39)))
def test_of_a_refused_batch_only_the_bad_ones_die_and_everything_is_answered(count: int, bad: set[int]) -> None:
    names = {f"e{number}" for number in bad}
    sender = ScriptedSender(refuses(*names), limits=ConversionLimits(16, timedelta(days=7)))
    answers = courier(sender).deliver(request(count))
    for number, outcome in enumerate(outcomes(answers)):
        assert outcome == (Invalid("/user", "refused as a whole", "100") if number in bad else Accepted(f"e{number}"))
    accepted = [name for call in sender.calls for name in call if not names.intersection(call)]
    assert len(accepted) == len(set(accepted)), "an accepted item was sent twice"


def blames(*bad: str) -> Any:
    """A platform that refuses a whole request and says which item was to blame."""

    def answer(sent: SendRequest) -> Sequence[Outcome]:
        for place, item in enumerate(sent.items):
            if item.event_id in bad:
                raise InvalidPayloadError("refused", pointer="/user", code="100", index=place)
        return [Accepted(item.event_id) for item in sent.items]

    return answer


@given(st.integers(1, 40), st.sets(st.integers(0, 39)))
def test_whoever_is_blamed_dies_and_the_others_go_at_once(count: int, bad: set[int]) -> None:
    names = {f"e{number}" for number in bad}
    sender = ScriptedSender(blames(*names), limits=ConversionLimits(16, timedelta(days=7)))
    answers = courier(sender).deliver(request(count))
    for number, outcome in enumerate(outcomes(answers)):
        assert outcome == (Invalid("/user", "refused", "100") if number in bad else Accepted(f"e{number}"))
    calls = -(-count // 16) + len([number for number in bad if number < count])
    assert len(sender.calls) <= calls, "one call more for each bad item, not a search"


@pytest.mark.parametrize("index", [-1, 2, 99])
def test_blame_on_nobody_in_the_request_is_not_believed(index: int) -> None:
    wrong = InvalidPayloadError("refused", code="100", index=index)
    sender = ScriptedSender(script=[failing(wrong)])
    answers = courier(sender).deliver(request(2))
    assert outcomes(answers) == [Accepted("ref-e0"), Accepted("ref-e1")]


def test_one_bad_of_a_thousand_costs_a_few_calls_only() -> None:
    sender = ScriptedSender(refuses("e700"), limits=ConversionLimits(1000, timedelta(days=7)))
    courier(sender).deliver(request(1000))
    assert len(sender.calls) <= 2 * math.ceil(math.log2(1000)) + 1


def test_no_call_is_larger_than_the_platform_takes() -> None:
    sender = ScriptedSender(limits=ConversionLimits(7, timedelta(days=7)))
    answers = courier(sender).deliver(request(20))
    assert [len(call) for call in sender.calls] == [7, 7, 6]
    assert all(isinstance(outcome, Accepted) for outcome in outcomes(answers))


def test_bytes_limit_a_call_too_and_a_single_large_item_still_goes() -> None:
    sender = ScriptedSender(limits=ConversionLimits(100, timedelta(days=7), max_bytes=200))
    courier(sender).deliver(request(6))
    assert [len(call) for call in sender.calls] == [2, 2, 2]
    tiny = ScriptedSender(limits=ConversionLimits(100, timedelta(days=7), max_bytes=1))
    assert len(courier(tiny).deliver(request(3))) == 3
    assert [len(call) for call in tiny.calls] == [1, 1, 1]


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (RetryableError("away", code="2"), Retry("away", "2")),
        (ThrottledError("slow down", retry_after=30), Throttled(30, "slow down")),
        (AuthError("expired", code="190"), Auth("expired", "190")),
        (NotSupportedError("no such thing"), Ignored("not_taken")),
    ],
)
def test_what_a_plugin_raises_for_the_call_holds_for_every_item(error: Exception, expected: Outcome) -> None:
    answers = courier(ScriptedSender(failing(error))).deliver(request(3))
    assert outcomes(answers) == [expected] * 3


def test_after_dead_credentials_or_a_pause_nothing_more_is_tried() -> None:
    for error in (AuthError("expired"), ThrottledError("slow down", retry_after=30)):
        sender = ScriptedSender(failing(error), limits=ConversionLimits(2, timedelta(days=7)))
        answers = courier(sender).deliver(request(6))
        assert len(sender.calls) == 1
        assert outcomes(answers)[2:] == [None] * 4


def test_credentials_that_die_while_a_batch_is_halved_stop_it() -> None:
    sender = ScriptedSender(failing(AuthError("expired")), script=[failing(InvalidPayloadError("all"))])
    answers = courier(sender).deliver(request(4))
    assert outcomes(answers) == [Auth("expired")] * 2 + [None] * 2


def test_an_unforeseen_exception_means_retry_and_its_text_goes_nowhere(
    capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    leaky = ValueError("cannot read buyer0@canary.example with secret-canary-token")
    answers = courier(ScriptedSender(failing(leaky))).deliver(request(2))
    for outcome in outcomes(answers):
        assert isinstance(outcome, Retry)
        assert outcome.reason.startswith("the plugin failed: ValueError at scripted.py:")
    # Where it goes depends on whether something before has set up the log.
    printed = "".join(capsys.readouterr()) + caplog.text
    assert "adrail-example 1.0" in printed
    assert "canary" not in printed


@pytest.mark.parametrize("wrong", [[], [Accepted()], [Accepted()] * 5, [None] * 3, ["ok"] * 3, None])
def test_what_is_no_outcome_per_item_means_retry(wrong: Any) -> None:
    answers = courier(ScriptedSender(lambda _: wrong)).deliver(request(3))
    assert all(isinstance(outcome, Retry) for outcome in outcomes(answers))


def test_a_plugin_that_cannot_preview_still_sends() -> None:
    answers = courier(ScriptedSender(preview_error=KeyError("x"))).deliver(request(2))
    assert outcomes(answers) == [Accepted("ref-e0"), Accepted("ref-e1")]
    assert [answer and answer.sent for answer in answers] == [None, None]


def test_what_was_sent_and_what_was_said_is_kept_masked() -> None:
    sender = ScriptedSender(lambda _: [Retry("buyer0@canary.example is not known", "secret-canary-token")])
    answer = courier(sender).deliver(request(1))[0]
    assert answer is not None
    assert answer.sent == {"id": "e0", "mail": "hidden", "agent": "sent", "value": "10.00"}
    assert answer.outcome == Retry("hidden is not known", "hidden")


def test_a_full_batch_of_different_people_is_masked_in_no_time() -> None:
    class Verbose(ScriptedSender):
        def preview(self, request: SendRequest) -> Sequence[Mapping[str, Any]]:
            notes = [f"https://shop.example/live-events/{number}/the-long-way-home" for number in range(15)]
            return [{**shown, "notes": notes} for shown in super().preview(request)]

    def complains(sent: SendRequest) -> Sequence[Outcome]:
        return [Retry(f"{item.event_id} of buyer7@canary.example: try again") for item in sent.items]

    sender = Verbose(complains, limits=ConversionLimits(1000, timedelta(days=7)))
    started = time.process_time()
    answers = courier(sender).deliver(request(1000))
    assert time.process_time() - started < 15
    for number, answer in enumerate(answers):
        assert answer
        assert answer.sent
        assert answer.sent["mail"] == "hidden"
        assert answer.outcome == Retry(f"e{number} of hidden: try again")


def test_when_time_is_up_what_was_not_tried_is_left_alone() -> None:
    allowed = iter([True, False, False])
    sender = ScriptedSender(limits=ConversionLimits(2, timedelta(days=7)))
    answers = courier(sender, lambda: next(allowed)).deliver(request(6))
    assert outcomes(answers) == [Accepted("ref-e0"), Accepted("ref-e1"), None, None, None, None]
