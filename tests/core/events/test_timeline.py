"""Who a visitor was when, against an account kept minute by minute."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from core.events.timeline import Stretch, Turn, stretches

START = datetime(2026, 11, 20, tzinfo=UTC)
TURNS = st.lists(st.tuples(st.integers(1, 30), st.sampled_from([None, 1, 2, 3])), max_size=12)


def at(minute: int) -> datetime:
    return START + timedelta(minutes=minute)


def person_at(found: list[Stretch], minute: int) -> int | None:
    holding = [item for item in found if item.since <= at(minute) and (item.until is None or at(minute) < item.until)]
    assert len(holding) <= 1
    return holding[0].person_id if holding else None


@given(TURNS, st.none() | st.sampled_from([1, 2]))
def test_at_every_minute_the_last_turn_holds(turns: list[tuple[int, int | None]], before: int | None) -> None:
    ordered = sorted(turns, key=lambda turn: turn[0])
    standing = Stretch(before, at(0), at(99)) if before else None
    found = stretches([Turn(at(minute), person) for minute, person in ordered], standing)
    for minute in range(32):
        said = [person for when, person in ordered if when <= minute]
        assert person_at(found, minute) == (said[-1] if said else before)


def test_the_same_person_again_begins_nothing_new() -> None:
    found = stretches([Turn(at(1), 1, "order_completed", "A-1"), Turn(at(2), 1), Turn(at(3), None)])
    assert found == [Stretch(1, at(1), at(3), "order_completed", "A-1")]


def test_a_stretch_without_a_moment_is_left_out() -> None:
    assert stretches([Turn(at(1), 1), Turn(at(1), 2)]) == [Stretch(2, at(1))]
