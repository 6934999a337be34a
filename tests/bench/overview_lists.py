"""The overview at full size: sales per day against the period before, and what platforms said."""

from __future__ import annotations

from tests.bench.list_cases import ListCase, ListSource

# Orders that were just brought in are summed by a job; with a row per hour that takes it a minute or two.
SUMMED = b"""DO $$ BEGIN
  WHILE EXISTS (SELECT FROM sales_stale_hours) LOOP PERFORM pg_sleep(1); COMMIT; END LOOP;
END $$"""
CASES = (
    *(ListCase(f"overview_{days}_days", f"/?days={days}", page=True) for days in (7, 28, 90)),
    ListCase("overview_answers", "/overview/answers?days=28", page=True),
)
SOURCE = ListSource("overview", (SUMMED,), ("sales_hours", "sales_stale_hours"), CASES)
"""It reads the orders that other sources bring."""
