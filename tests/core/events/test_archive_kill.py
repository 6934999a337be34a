"""An archive run that is killed at any moment leaves nothing that the next one does not put right."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.events.api import TenantMonth, archived_parts, restore_month, verify_part
from core.events.archive_jobs import run
from tests.core.events.archive_and_die import POINTS
from tests.core.events.archiving import Admin, files, months_ago, partition, partitions, store_old, stored, visits
from tests.marketplace import Marketplace
from tests.process_state import use_environment

ROOT = Path(__file__).resolve().parents[3]


@contextmanager
def dying(folder: Path) -> Iterator[Callable[[str], int]]:
    """Kills an archive run at the point that it is given, and says how that ended."""
    command = [sys.executable, "-m", "tests.core.events.archive_and_die"]
    # What they leave in scratch goes with the test's own folder.
    places = {**os.environ, "TMPDIR": str(folder)}
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, env=places, stdin=pipe, stdout=pipe, text=True) as process:
        asked, answers = process.stdin, process.stdout
        assert asked is not None
        assert answers is not None

        def die(point: str) -> int:
            print(point, file=asked, flush=True)
            return int(answers.readline())

        yield die
        asked.close()


def test_a_run_that_is_killed_again_and_again_loses_and_doubles_nothing(
    marketplace: Marketplace, admin_connection: Admin, tmp_path: Path
) -> None:
    month = months_ago(26)
    store_old(marketplace, visits(month, 40))
    before = stored(admin_connection, marketplace)
    with use_environment(ADRAIL_ARCHIVE_URL=str(tmp_path)), dying(tmp_path) as die:
        for point in POINTS:
            assert die(point) == -signal.SIGKILL, point
            accounted = {part.path: part.facts.rows for part in archived_parts(tenant_id=marketplace.tenant_id)}
            left = len(stored(admin_connection, marketplace))
            assert sum(accounted.values()) + left == len(before), point
        run()
        assert partition(month) not in partitions(admin_connection)
        parts = archived_parts(tenant_id=marketplace.tenant_id)
        assert [verify_part(part) for part in parts] == [None] * len(parts)
        assert len(files(tmp_path, marketplace)) == len(parts)
        item = TenantMonth(marketplace.tenant_id, marketplace.slug, month)
        assert sum(restore_month(item, datetime.now(UTC) + timedelta(days=1))) == len(before)
        assert stored(admin_connection, marketplace) == before


@pytest.mark.parametrize("number", [1, 3])
def test_a_restore_that_stops_halfway_goes_on_where_it_was(
    marketplace: Marketplace,
    admin_connection: Admin,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    number: int,
) -> None:
    monkeypatch.setattr("core.events.archive_writing.PART_ROWS", 5)
    item = TenantMonth(marketplace.tenant_id, marketplace.slug, months_ago(26))
    store_old(marketplace, visits(item.month, 20))
    before = stored(admin_connection, marketplace)
    until = datetime.now(UTC) + timedelta(days=1)
    with use_environment(ADRAIL_ARCHIVE_URL=str(tmp_path)):
        run()
        for _ in zip(range(number), restore_month(item, until), strict=False):
            pass
        run()
        assert len(stored(admin_connection, marketplace)) == 5 * number
        sum(restore_month(item, until))
        assert stored(admin_connection, marketplace) == before
