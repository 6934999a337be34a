"""The state machine: every outcome has one next state, and nothing is tried for more than three days on end."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adrail import Accepted, Auth, Ignored, Invalid, Outcome, Retry, Submitted, Throttled
from core.delivery import reasons
from core.delivery.backoff import GIVE_UP_AFTER
from core.delivery.verdicts import FINAL, STATES, judge

NOW = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)
texts = st.text(max_size=20)
outcomes: st.SearchStrategy[Outcome] = st.one_of(
    st.builds(Accepted, texts),
    st.builds(Submitted, texts, st.floats()),
    st.builds(Ignored, texts),
    st.builds(Retry, texts, texts),
    st.builds(Throttled, st.floats(), texts),
    st.builds(Invalid, texts, texts, texts),
    st.builds(Auth, texts, texts),
)
ages = st.none() | st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=10))


@given(outcomes, st.integers(1, 10_000), ages)
def test_every_outcome_leads_to_one_known_state_with_a_time_or_a_reason(
    outcome: Outcome, attempts: int, age: timedelta | None
) -> None:
    verdict = judge(outcome, attempts=attempts, failing_since=None if age is None else NOW - age, now=NOW)
    assert verdict.state in STATES
    assert (verdict.wait is None) == (verdict.state in FINAL)
    assert (verdict.reason is None) == (verdict.state == "accepted")
    if verdict.state in {"ignored", "dead"}:
        assert not isinstance(outcome, Accepted | Submitted | Auth)


@given(st.sampled_from([Retry("x"), Throttled(86_400.0)]), st.integers(1, 300), ages)
def test_a_run_of_failures_never_lasts_longer_than_three_days(
    outcome: Outcome, attempts: int, age: timedelta | None
) -> None:
    since = None if age is None else NOW - age
    verdict = judge(outcome, attempts=attempts, failing_since=since, now=NOW)
    if age is not None and age >= GIVE_UP_AFTER:
        assert (verdict.state, verdict.reason, verdict.attempt) == ("dead", reasons.GAVE_UP, "gave_up")
    else:
        assert verdict.state == "pending"
        assert verdict.wait is not None
        assert NOW + verdict.wait <= (since or NOW) + GIVE_UP_AFTER


@pytest.mark.parametrize("age", [None, timedelta(days=30)])
def test_waiting_for_a_new_token_has_no_end(age: timedelta | None) -> None:
    verdict = judge(Auth("expired", "190"), attempts=9, failing_since=None if age is None else NOW - age, now=NOW)
    assert (verdict.state, verdict.reason, verdict.wait) == ("pending", reasons.NEEDS_RECONNECT, timedelta(0))


def test_an_invalid_item_dies_and_names_the_field() -> None:
    verdict = judge(Invalid("/user_data", "too little", "100"), attempts=1, failing_since=None, now=NOW)
    assert (verdict.state, verdict.reason, verdict.detail, verdict.code) == (
        "dead",
        reasons.INVALID,
        "/user_data: too little",
        "100",
    )


def test_a_plugins_own_reason_is_kept_when_it_is_a_code_and_as_detail_otherwise() -> None:
    coded = judge(Ignored("too_old"), attempts=1, failing_since=None, now=NOW)
    spoken = judge(Ignored("There is no such event."), attempts=1, failing_since=None, now=NOW)
    assert (coded.reason, coded.detail) == ("too_old", None)
    assert (spoken.reason, spoken.detail) == (reasons.NOT_TAKEN, "There is no such event.")


def test_every_reason_of_ours_is_explained() -> None:
    codes = {value for name, value in vars(reasons).items() if name.isupper() and isinstance(value, str)}
    assert codes == set(reasons.EXPLAIN)
    assert all(what.endswith(".") and to_do.endswith(".") for what, to_do in reasons.EXPLAIN.values())
