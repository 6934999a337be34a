"""The archive: old months go into files that hold what was stored, come back whole, and forget whom they must."""

from __future__ import annotations

import json
import os
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest

from core.accounts.api import Actor
from core.catalog.api import upsert_persons
from core.db.partitions import make_room_for
from core.db.session import tenant_session
from core.errors import NotFoundError
from core.events import archive_files, archive_writing
from core.events.api import (
    ArchiveError,
    TenantMonth,
    archive_month,
    archived_parts,
    drop_empty_partitions,
    due_months,
    keep_events,
    lock_own_events,
    overdue_months,
    restore_month,
    verify_part,
)
from core.events.archive_jobs import run
from core.events.identity_decisions import link_visitor, undo_decisions
from tests.core.events.archiving import (
    Admin,
    files,
    later,
    months_ago,
    partition,
    partitions,
    store_old,
    stored,
    tenant_month,
    visits,
)
from tests.marketplace import Marketplace
from tests.process_state import use_environment
from tests.tracking.events import event


def test_what_is_old_goes_and_comes_back_as_it_was(
    marketplace: Marketplace, admin_connection: Admin, place: Path
) -> None:
    old, new = visits(months_ago(26), 40), visits(months_ago(23), 5)
    store_old(marketplace, [*old, *new])
    before = stored(admin_connection, marketplace)
    assert [str(item.month) for item in due_months(tenant_id=marketplace.tenant_id)] == [str(months_ago(26))]
    run()
    assert len(stored(admin_connection, marketplace)) == 5
    (part,) = archived_parts(tenant_id=marketplace.tenant_id)
    assert (part.state, part.facts.rows, verify_part(part)) == ("archived", 40, None)
    assert sum(restore_month(tenant_month(marketplace, 26), later())) == 40
    assert stored(admin_connection, marketplace) == before


def test_an_archived_id_still_counts_as_known(marketplace: Marketplace, admin_connection: Admin, place: Path) -> None:
    old = visits(months_ago(26), 3)
    store_old(marketplace, old)
    run()
    store_old(marketplace, old)
    assert stored(admin_connection, marketplace) == []
    sum(restore_month(tenant_month(marketplace, 26), later()))
    assert len(stored(admin_connection, marketplace)) == 3


def test_a_month_that_was_brought_back_stays_until_its_time_is_over(
    marketplace: Marketplace, admin_connection: Admin, place: Path
) -> None:
    store_old(marketplace, visits(months_ago(26), 4))
    run()
    first = files(place, marketplace)
    sum(restore_month(tenant_month(marketplace, 26), later()))
    run()
    assert len(stored(admin_connection, marketplace)) == 4
    admin_connection.execute("UPDATE event_archive_parts SET kept_until = now()")
    run()
    assert stored(admin_connection, marketplace) == []
    assert len(files(place, marketplace)) == 1
    assert files(place, marketplace) != first
    sum(restore_month(tenant_month(marketplace, 26), later()))
    assert len(stored(admin_connection, marketplace)) == 4


def test_a_month_that_is_brought_back_while_a_run_is_on_its_way_stays(
    marketplace: Marketplace, admin_connection: Admin, place: Path
) -> None:
    store_old(marketplace, visits(months_ago(26), 4))
    (item,) = due_months(tenant_id=marketplace.tenant_id)
    assert sum(archive_month(item)) == 4
    sum(restore_month(item, later()))
    assert list(archive_month(item)) == []
    assert len(stored(admin_connection, marketplace)) == 4


def test_what_is_due_follows_what_each_marketplace_keeps(
    marketplace: Marketplace, other_marketplace: Marketplace, place: Path
) -> None:
    for one in (marketplace, other_marketplace):
        for number in (30, 28, 26):
            store_old(one, visits(months_ago(number), 1))
    keep_events(Actor.system(other_marketplace.tenant_id, "test"), 27)
    ids = {marketplace.tenant_id: "one", other_marketplace.tenant_id: "other"}
    due = [(str(item.month), ids[item.tenant_id]) for item in due_months() if item.tenant_id in ids]
    old, mid, new = (str(months_ago(number)) for number in (30, 28, 26))
    assert due == [(old, "one"), (old, "other"), (mid, "one"), (mid, "other"), (new, "one")]
    late = [(item.month, item.tenant_id) for item in overdue_months() if item.tenant_id == marketplace.tenant_id]
    assert len(late) == 3
    for item in due_months():
        list(archive_month(item))


def test_events_that_come_late_join_their_month(marketplace: Marketplace, admin_connection: Admin, place: Path) -> None:
    store_old(marketplace, visits(months_ago(26), 4))
    run()
    store_old(marketplace, visits(months_ago(26), 3))
    run()
    assert [part.facts.rows for part in archived_parts(tenant_id=marketplace.tenant_id)] == [4, 3]
    assert sum(restore_month(tenant_month(marketplace, 26), later())) == 7
    assert len(stored(admin_connection, marketplace)) == 7


def test_the_archive_and_those_who_define_events_do_not_wait_for_each_other(
    marketplace: Marketplace, admin_connection: Admin, place: Path
) -> None:
    store_old(marketplace, visits(months_ago(26), 2))
    with tenant_session(marketplace.tenant_id) as session:
        lock_own_events(session, marketplace.tenant_id)
        assert sum(archive_month(tenant_month(marketplace, 26))) == 2


def test_a_large_month_goes_in_parts(
    marketplace: Marketplace, admin_connection: Admin, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive_writing, "PART_ROWS", 7)
    store_old(marketplace, visits(months_ago(26), 20))
    before = stored(admin_connection, marketplace)
    assert list(archive_month(tenant_month(marketplace, 26))) == [7, 7, 6]
    assert sum(restore_month(tenant_month(marketplace, 26), later())) == 20
    assert stored(admin_connection, marketplace) == before


def test_a_partition_goes_with_the_last_marketplaces_rows(
    marketplace: Marketplace, other_marketplace: Marketplace, admin_connection: Admin, place: Path
) -> None:
    month = months_ago(27)
    for one in (marketplace, other_marketplace):
        store_old(one, visits(month, 3))
    assert keep_events(Actor.system(other_marketplace.tenant_id, "test"), 36) == 36
    run()
    assert partition(month) in partitions(admin_connection)
    assert (len(stored(admin_connection, marketplace)), len(stored(admin_connection, other_marketplace))) == (0, 3)
    assert keep_events(Actor.system(other_marketplace.tenant_id, "test"), None) == 24
    run()
    assert partition(month) not in partitions(admin_connection)
    assert sum(restore_month(TenantMonth(marketplace.tenant_id, marketplace.slug, month), later())) == 3
    assert len(stored(admin_connection, marketplace)) == 3


def test_a_partition_that_holds_rows_is_never_dropped(
    marketplace: Marketplace, admin_connection: Admin, place: Path
) -> None:
    store_old(marketplace, visits(months_ago(28), 1))
    drop_empty_partitions()
    assert partition(months_ago(28)) in partitions(admin_connection)
    make_room_for(months_ago(29).start)
    assert str(months_ago(29)) in drop_empty_partitions()
    protected = "SELECT count(*) FROM pg_class WHERE relname = %s AND relrowsecurity AND relforcerowsecurity"
    assert admin_connection.execute(protected, [partition(months_ago(28))]).fetchone() == (1,)


@pytest.mark.parametrize("damage", ["other bytes", "fewer rows", "gone"])
def test_a_damaged_file_is_noticed_and_never_restored(
    marketplace: Marketplace, admin_connection: Admin, place: Path, damage: str
) -> None:
    store_old(marketplace, visits(months_ago(26), 9))
    run()
    (file,) = files(place, marketplace)
    if damage == "gone":
        file.unlink()
    elif damage == "other bytes":
        file.write_bytes(file.read_bytes()[:-1] + b"?")
    else:
        duckdb.sql(f"COPY (SELECT * FROM read_parquet('{file}') LIMIT 5) TO '{file}.x' (FORMAT parquet)")
        Path(f"{file}.x").replace(file)
    (part,) = archived_parts(tenant_id=marketplace.tenant_id)
    assert verify_part(part)
    with pytest.raises(ArchiveError):
        list(restore_month(tenant_month(marketplace, 26), later()))
    assert stored(admin_connection, marketplace) == []


def test_rows_that_change_while_they_are_archived_are_archived_as_they_are(
    marketplace: Marketplace, admin_connection: Admin, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store_old(marketplace, visits(months_ago(26), 6))
    write, changes = archive_files.write_parquet, iter([True])

    def interrupted(wire: Path, target: Path) -> None:
        write(wire, target)
        if next(changes, False):
            admin_connection.execute(
                "UPDATE tx_events SET browser = 'changed' WHERE browser IS DISTINCT FROM 'changed'"
            )

    monkeypatch.setattr(archive_writing, "write_parquet", interrupted)
    run()
    assert len(files(place, marketplace)) == 1
    sum(restore_month(tenant_month(marketplace, 26), later()))
    assert {row["browser"] for row in stored(admin_connection, marketplace)} == {"changed"}


def test_links_outlive_the_events_that_made_them(
    marketplace: Marketplace, admin_connection: Admin, place: Path
) -> None:
    with tenant_session(marketplace.tenant_id) as session:
        upsert_persons(session, marketplace.tenant_id, [{"external_id": name} for name in ("c-1", "c-2")])

    def told(number: int, day: int, name: str | None) -> None:
        kind = "person_identified" if name else "person_logged_out"
        when = (months_ago(number).start + timedelta(days=day)).isoformat()
        store_old(marketplace, [event(kind, visitor_id="v-1", person_id=name, occurred_at=when)], trusted=True)

    def links() -> list[tuple[object, ...]]:
        query = (
            "SELECT person_external_id, linked_at, unlinked_at FROM tx_identity_links WHERE tenant_id = %s ORDER BY 2"
        )
        return admin_connection.execute(query, [marketplace.tenant_id]).fetchall()

    told(27, 5, "c-1")
    told(27, 9, None)
    before = links()
    run()
    told(26, 3, "c-2")
    run()
    told(28, 1, "c-2")
    start = months_ago(28).start + timedelta(days=1)
    assert links() == [("c-2", start, before[0][1]), before[0], ("c-2", months_ago(26).start + timedelta(days=3), None)]


def test_a_persons_word_on_archived_history_can_be_taken_back(
    marketplace: Marketplace, admin_connection: Admin, place: Path
) -> None:
    with tenant_session(marketplace.tenant_id) as session:
        upsert_persons(session, marketplace.tenant_id, [{"external_id": name} for name in ("c-1", "c-2")])
    actor, start = Actor.system(marketplace.tenant_id, "test"), months_ago(27).start
    when = (start + timedelta(days=2)).isoformat()
    store_old(
        marketplace, [event("person_identified", visitor_id="v-1", person_id="c-1", occurred_at=when)], trusted=True
    )

    def links() -> list[tuple[object, ...]]:
        query = "SELECT person_external_id, unlinked_at FROM tx_identity_links WHERE tenant_id = %s ORDER BY linked_at"
        return admin_connection.execute(query, [marketplace.tenant_id]).fetchall()

    link_visitor(actor, "c-2", "v-1", start + timedelta(days=5))
    list(archive_month(tenant_month(marketplace, 27)))
    assert links() == [("c-1", start + timedelta(days=5)), ("c-2", None)]
    undo_decisions(actor, "c-2", "v-1")
    assert links() == [("c-1", None)]


def test_another_kind_of_place_serves_as_well(marketplace: Marketplace, admin_connection: Admin, database: str) -> None:
    with use_environment(ADRAIL_ARCHIVE_URL="memory://adrail"):
        store_old(marketplace, visits(months_ago(26), 5))
        run()
        assert stored(admin_connection, marketplace) == []
        assert sum(restore_month(tenant_month(marketplace, 26), later())) == 5


def test_without_a_place_nothing_moves_and_somebody_is_told(marketplace: Marketplace, admin_connection: Admin) -> None:
    store_old(marketplace, visits(months_ago(26), 2))
    run()
    assert len(stored(admin_connection, marketplace)) == 2
    assert marketplace.tenant_id in {item.tenant_id for item in overdue_months()}
    with pytest.raises(ArchiveError, match="ADRAIL_ARCHIVE_URL"):
        list(archive_month(tenant_month(marketplace, 26)))


@pytest.mark.parametrize("breaks", ["the file", "the query"])
def test_a_month_that_breaks_keeps_no_other_from_the_archive(
    marketplace: Marketplace,
    admin_connection: Admin,
    place: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    breaks: str,
) -> None:
    monkeypatch.setattr(archive_files, "LONGEST_ROW", 4_000)
    payload = '"no object"' if breaks == "the query" else json.dumps({"long": "x" * 5_000})
    store_old(marketplace, [*visits(months_ago(27), 2), *visits(months_ago(26), 3)])
    admin_connection.execute(
        "UPDATE tx_events SET payload = %s WHERE tenant_id = %s AND occurred_at < %s",
        [payload, marketplace.tenant_id, months_ago(26).start],
    )
    run()
    assert "xxx" not in capsys.readouterr().out
    assert len(stored(admin_connection, marketplace)) == 2
    (part,) = archived_parts(tenant_id=marketplace.tenant_id)
    assert (part.month, part.facts.rows) == (months_ago(26), 3)
    admin_connection.execute("DELETE FROM tx_events WHERE tenant_id = %s", [marketplace.tenant_id])


def test_every_folder_on_the_way_to_a_file_is_on_the_disk_before_rows_go(
    marketplace: Marketplace, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: set[str] = set()
    real = os.fsync

    def noting(descriptor: int) -> None:
        synced.add(str(Path(f"/proc/self/fd/{descriptor}").readlink()))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", noting)
    store_old(marketplace, visits(months_ago(26), 1))
    list(archive_month(tenant_month(marketplace, 26)))
    (file,) = files(place, marketplace)
    assert synced == {str(item) for item in (file, *file.parents) if item.is_relative_to(place.parent)}


@pytest.mark.parametrize("url", ["nosuch://ana:s3cret@store/x", "memory://ana:s3cret@store/x"])
def test_what_goes_wrong_is_told_without_the_places_password(marketplace: Marketplace, place: Path, url: str) -> None:
    store_old(marketplace, visits(months_ago(26), 1))
    run()
    (part,) = archived_parts(tenant_id=marketplace.tenant_id)
    with use_environment(ADRAIL_ARCHIVE_URL=url):
        problem = verify_part(part) or ""
    assert problem
    assert "s3cret" not in problem


def test_what_was_never_archived_cannot_be_restored(marketplace: Marketplace, place: Path) -> None:
    with pytest.raises(NotFoundError):
        list(restore_month(tenant_month(marketplace, 60), later()))
