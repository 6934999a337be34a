"""A slow database gets less at once, a quick one a whole transaction."""

from __future__ import annotations

from tracking.ingest.pace import LEAST, MOST, Pace


def test_a_take_shrinks_with_the_database_and_grows_again() -> None:
    pace = Pace()
    assert pace.events == MOST
    pace.note(2_000, 2.0)
    assert LEAST < pace.events < MOST / 2
    pace.note(1_000, 60.0)
    assert pace.events == LEAST
    pace.note(200, 0.01)
    assert pace.events == MOST


def test_a_few_events_say_nothing() -> None:
    pace = Pace()
    pace.note(1, 1.0)
    assert pace.events == MOST
