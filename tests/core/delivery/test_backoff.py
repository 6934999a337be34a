"""Back-off: full jitter below a doubling ceiling, pauses within reason."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.delivery.backoff import CAP_SECONDS, pause, retry_delay


@pytest.mark.parametrize(
    ("attempts", "ceiling"), [(1, 2.0), (2, 4.0), (5, 32.0), (11, 2048.0), (12, CAP_SECONDS), (10_000, CAP_SECONDS)]
)
def test_the_ceiling_doubles_up_to_an_hour(attempts: int, ceiling: float) -> None:
    assert retry_delay(attempts, draw=lambda _, high: high) == timedelta(seconds=ceiling)
    assert retry_delay(attempts, draw=lambda low, _: low) == timedelta(0)


@given(st.integers(min_value=0, max_value=10**6))
def test_every_wait_lies_between_now_and_an_hour(attempts: int) -> None:
    assert timedelta(0) <= retry_delay(attempts) <= timedelta(hours=1)


@given(st.floats())
def test_a_pause_is_between_a_second_and_a_day_whatever_a_plugin_asks_for(seconds: float) -> None:
    assert timedelta(seconds=1) <= pause(seconds) <= timedelta(days=1)


def test_a_reasonable_pause_is_kept_exactly() -> None:
    assert pause(42.5) == timedelta(seconds=42.5)
