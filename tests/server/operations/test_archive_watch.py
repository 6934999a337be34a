"""Doctor and metrics say when the archive cannot be used and what should be in it by now."""

from __future__ import annotations

from pathlib import Path

from flask.testing import FlaskClient

from core.events.archive_jobs import run
from server.doctor import archive
from server.doctor.findings import State
from tests.core.events.archiving import months_ago, store_old, visits
from tests.marketplace import Marketplace
from tests.process_state import use_environment

OVERDUE = "adrail_archive_overdue_months"


def states() -> dict[str, State]:
    return {item.check: item.state for check in (archive.place, archive.months) for item in check()}


def overdue(client: FlaskClient) -> float:
    lines = client.get("/metrics").text.splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith(OVERDUE))


def test_old_events_without_an_archive_are_told_of(client: FlaskClient, marketplace: Marketplace) -> None:
    assert states() == {"archive": State.OK}
    store_old(marketplace, visits(months_ago(27), 1))
    assert states() == {"archive": State.WARN}
    assert overdue(client) == 1


def test_an_archive_that_works_is_well_once_it_ran(
    client: FlaskClient, marketplace: Marketplace, tmp_path: Path
) -> None:
    store_old(marketplace, visits(months_ago(27), 1))
    with use_environment(ADRAIL_ARCHIVE_URL=str(tmp_path / "archive")):
        assert states() == {"archive": State.OK, "archived months": State.WARN}
        assert overdue(client) > 0
        run()
        assert states() == {"archive": State.OK, "archived months": State.OK}
        assert overdue(client) == 0
        assert not list((tmp_path / "archive").glob("probe-*"))


def test_a_place_that_cannot_be_written_is_broken(database: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    for url in (str(tmp_path / "file" / "archive"), "nosuchstore://bucket/archive"):
        with use_environment(ADRAIL_ARCHIVE_URL=url):
            assert states()["archive"] is State.FAIL
