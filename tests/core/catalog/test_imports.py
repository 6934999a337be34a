"""Imports as an operator runs them: files in, rows stored, refused ones told with line and reason."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import duckdb
import psycopg
import pytest
from click.testing import CliRunner, Result

from core.catalog.api import person_identifiers, person_ids_by_external
from core.db.session import tenant_session
from server.cli.main import main
from tests.core.catalog.backend import Backend
from tests.marketplace import Marketplace
from tests.pipeline import ingest, relay
from tests.waiting import until

PERSON_MAPPING = """
columns:
  external_id: Kunde
  email: E-Mail
  gender: Anrede
  birthday: Geburtstag
  consent.marketing: Newsletter
  consent.captured_at: Seit
constants:
  country: RO
values:
  gender: {Frau: female, Herr: male}
delimiter: ";"
date_format: "%d.%m.%Y"
time_zone: Europe/Bucharest
"""


def run(market: Marketplace, what: str, file: Path, *more: str) -> Result:
    """`adrail import` in this process."""
    command = ["import", what, str(file), "--tenant", market.slug, "--processes", "0", *more]
    return CliRunner().invoke(main, command, catch_exceptions=False)


def rejects(file: Path) -> list[dict[str, Any]]:
    """The rows that were refused."""
    path = file.with_name(f"{file.name}.rejects.ndjson")
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()] if path.exists() else []


def reasons(file: Path) -> list[tuple[int, list[str]]]:
    """Line and pointers of what was refused."""
    return [(row["line"], [reason["pointer"] for reason in row["reasons"]]) for row in rejects(file)]


def write_csv(path: Path, rows: list[dict[str, Any]]) -> Path:
    """A CSV file with these columns."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def write_lines(path: Path, rows: list[Any]) -> Path:
    """An NDJSON file."""
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


def test_persons_come_from_somebody_elses_columns(backend: Backend, tmp_path: Path) -> None:
    market = backend.marketplace
    file, mapping = tmp_path / "kunden.csv", tmp_path / "mapping.yaml"
    mapping.write_text(PERSON_MAPPING)
    file.write_text(
        "\ufeffKunde;E-Mail;Anrede;Geburtstag;Newsletter;Seit;Notiz\r\n"
        '1;ana@example.com;Frau;17.05.1990;ja;01.03.2024;"zwei\r\nZeilen"\r\n'
        "2;not an address;Herr;;;;\r\n"
        "3;bob@example.com;Herr;;nu;01.03.2024;\r\n"
        "4;too;few\r\n",
        "utf-8",
    )
    mapping.write_text(PERSON_MAPPING.replace("values:", "values:\n  consent.marketing: {ja: true}"))
    result = run(market, "catalog", file, "--kind", "persons", "--mapping", str(mapping))
    assert result.exit_code == 0, result.output
    assert "4 rows: 2 new, 0 updated, 0 known, 2 refused" in result.output
    assert reasons(file) == [(4, ["/email"]), (6, [""])]
    assert rejects(file)[0]["row"]["E-Mail"] == "not an address"
    flags = {row["external_id"]: row["marketing_consent"] for row in backend.rows("persons")}
    assert flags == {"1": True, "3": False}
    assert {name: row["gender"] for name, row in backend.traits().items()} == {"1": "female", "3": "male"}
    with tenant_session(market.tenant_id) as session:
        ids = person_ids_by_external(session, market.tenant_id, ["1"])
        opened = person_identifiers(session, market.tenant_id, list(ids.values()))[ids["1"]]
    assert opened.email is not None
    assert (opened.email.reveal(), opened.country) == ("ana@example.com", "RO")


def test_a_dry_run_says_the_same_and_stores_nothing(backend: Backend, tmp_path: Path) -> None:
    file = write_csv(tmp_path / "p.csv", [{"external_id": "1", "country": "RO"}, {"external_id": "2", "country": "ro"}])
    before = run(backend.marketplace, "catalog", file, "--kind", "persons", "--dry-run")
    assert "2 rows: 1 would be new" in before.output
    assert (backend.rows("persons"), backend.rows("imports")) == ([], [])
    assert reasons(file) == [(3, ["/country"])]
    assert "2 rows: 1 new" in run(backend.marketplace, "catalog", file, "--kind", "persons").output
    again = run(backend.marketplace, "catalog", file, "--kind", "persons")
    assert "2 rows: 0 new, 0 updated, 1 known, 1 refused" in again.output


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("wrong,email\n1,a@example.com\n", "/wrong: means nothing here"),
        ("", "is empty"),
        ("external_id\n\xff\n", "1 refused"),
    ],
)
def test_files_that_do_not_fit_say_why(backend: Backend, tmp_path: Path, text: str, told: str) -> None:
    file = tmp_path / "p.csv"
    file.write_bytes(text.encode("latin-1"))
    assert told in run(backend.marketplace, "catalog", file, "--kind", "persons").output


def test_orders_come_as_lines_of_a_table(backend: Backend, tmp_path: Path) -> None:
    line = {
        "external_id": "H-1",
        "status": "completed",
        "currency": "RON",
        "placed_at": "2025-03-01T10:00:00+02:00",
        "person.external_id": "c-1",
        "person.email": "ana@example.com",
        "visitor_id": "v-1",
        "consent.marketing": "yes",
        "consent.captured_at": "2025-03-01T09:59:00+02:00",
        "item.live_event_id": "ev-1",
        "item.ticket_type_id": "tt-1",
        "item.quantity": "2",
        "item.unit_price": "90.00",
    }
    rows = [
        line,
        {**line, "item.live_event_id": "ev-3", "item.ticket_type_id": "tt-3", "item.quantity": "1"},
        {**line, "external_id": "H-2", "item.live_event_id": "ev-404"},
        {**line, "external_id": "H-3", "item.unit_price": "90.001"},
        {**line, "external_id": "H-4", "status": "refunded"},
    ]
    file = write_csv(tmp_path / "orders.csv", rows)
    result = run(backend.marketplace, "orders", file)
    assert "5 rows: 2 new" in result.output, result.output
    assert reasons(file) == [(4, ["/items/0/live_event_id"]), (5, ["/items/0/unit_price"])]
    orders = {row["external_id"]: row for row in backend.rows("orders")}
    assert {name: (row["status"], float(row["gross"])) for name, row in orders.items()} == {
        "H-1": ("completed", 270.0),
        "H-4": ("refunded", 180.0),
    }
    assert len(backend.rows("order_items")) == 3
    assert [row["status"] for row in backend.rows("order_transitions")] == ["refunded"]
    assert {row["external_id"]: row["sold"] for row in backend.rows("ticket_types")} == {
        "tt-1": 4,
        "tt-2": 0,
        "tt-3": 1,
    }
    assert backend.rows("persons")[0]["marketing_consent"] is True
    assert backend.emitted() == []
    again = run(backend.marketplace, "orders", file)
    assert "0 new, 0 updated, 2 known" in again.output
    assert len(backend.rows("order_items")) == 3


def test_a_marketplace_goes_with_the_lines_of_its_orders(backend: Backend, tmp_path: Path) -> None:
    order = backend.marketplace.order("H-1", person={"external_id": "c-1", "city": "Cluj"})
    assert "1 new" in run(backend.marketplace, "orders", write_lines(tmp_path / "o.ndjson", [order])).output
    backend.admin.execute("DELETE FROM tenants WHERE id = %s", [backend.marketplace.tenant_id])
    assert {name: backend.rows(name) for name in ("orders", "order_items", "persons")} == {
        "orders": [],
        "order_items": [],
        "persons": [],
    }
    assert backend.traits() == {}


def test_old_orders_complete_a_person_and_overwrite_nothing(backend: Backend, tmp_path: Path) -> None:
    backend.placed("A-1", person={"external_id": "c-1", "email": "now@example.com"})
    known = backend.rows("persons")[0]
    person = {"external_id": "c-1", "email": "then@example.com", "phone": "0712345678", "city": "Cluj"}
    old = backend.marketplace.order("H-1", person=person, placed_at="2024-01-01T10:00:00Z")
    result = run(backend.marketplace, "orders", write_lines(tmp_path / "o.ndjson", [old]))
    assert "1 new" in result.output, result.output
    [person_row] = backend.rows("persons")
    assert person_row["email_ciphertext"] == known["email_ciphertext"]
    assert person_row["phone_ciphertext"] is not None
    assert backend.traits()["c-1"]["city"] == "Cluj"
    assert {row["person_id"] for row in backend.rows("orders")} == {person_row["id"]}


def test_the_same_number_with_another_amount_is_refused(backend: Backend, tmp_path: Path) -> None:
    backend.placed("A-1")
    changed = backend.marketplace.order("A-1", totals={"gross": "90.00", "net": "90.00"})
    file = write_lines(tmp_path / "o.ndjson", [changed, backend.marketplace.order("A-1"), {"external_id": 5}])
    assert "3 rows: 0 new" in run(backend.marketplace, "orders", file).output
    assert [line for line, _ in reasons(file)] == [1, 2, 3]


def test_a_few_orders_that_are_known_are_found_among_many_new_ones(backend: Backend, tmp_path: Path) -> None:
    def orders(numbers: Iterable[int], price: str = "90.00") -> list[dict[str, Any]]:
        row = {"currency": "RON", "placed_at": "2025-03-01T10:00:00Z", "item.live_event_id": "ev-1"}
        return [{"external_id": f"n-{number}", **row, "item.unit_price": price} for number in numbers]

    known, other = [1203, 1204, 1707], [1511]
    file = write_csv(tmp_path / "before.csv", orders(known) + orders(other, "80.00"))
    assert "4 rows: 4 new" in run(backend.marketplace, "orders", file).output
    file = write_csv(tmp_path / "all.csv", orders(range(2_200)))
    assert "2200 rows: 2196 new, 0 updated, 3 known, 1 refused" in run(backend.marketplace, "orders", file).output
    assert reasons(file) == [(1511 + 2, ["/external_id"])]
    assert len(backend.rows("order_items")) == len(backend.rows("orders")) == 2_200
    assert "0 new, 0 updated, 2199 known, 1 refused" in run(backend.marketplace, "orders", file).output


def test_parquet_brings_exact_decimals_and_times(backend: Backend, tmp_path: Path) -> None:
    file = tmp_path / "orders.parquet"
    query = """
        COPY (SELECT 'P-' || i AS external_id, 'RON' AS currency, TIMESTAMPTZ '2025-05-01 12:00:00+00' AS placed_at,
                     {'external_id': 'c-' || i, 'city': 'Cluj'} AS person,
                     [{'live_event_id': 'ev-1', 'quantity': i, 'unit_price': CAST(10.05 AS DECIMAL(10, 2))}] AS items
              FROM range(1, 4) t(i)) TO '$file' (FORMAT parquet)"""
    duckdb.sql(query.replace("$file", str(file)))
    result = run(backend.marketplace, "orders", file)
    assert "3 rows: 3 new" in result.output, result.output + str(rejects(file))
    assert [float(row["gross"]) for row in backend.rows("orders")] == [10.05, 20.1, 30.15]


def test_purchases_are_told_only_when_asked(backend: Backend, tmp_path: Path) -> None:
    market = backend.marketplace
    market.add_code("meta", "code", "123456789012345")
    file = write_lines(tmp_path / "o.ndjson", [market.order("D-1")])
    assert "1 new" in run(market, "orders", file, "--deliver").output
    [event] = backend.emitted()
    assert (event["event_name"], event["entities"], event["person_id"]) == (
        "order_completed",
        {"order_id": "D-1"},
        "c-7",
    )
    relay()
    ingest()
    assert len(backend.rows("conversion_deliveries")) == 1


def event(number: int, **changes: Any) -> dict[str, Any]:
    """A page view of long ago."""
    return {
        "event_id": f"00000000-0000-4000-8000-{number:012d}",
        "event_name": "page_view",
        "occurred_at": "2023-02-01T10:00:00Z",
        "source_system": "web",
        "visitor_id": "v-1",
        "session_id": "s-1",
        "consent_snapshot": {"analytics": True, "marketing": True, "captured_at": "2023-02-01T09:59:00Z"},
        "context": {"page": {"url": "https://shop.example/"}},
        "payload": {"page_type": "home"},
        **changes,
    }


def test_events_keep_their_time_and_make_no_deliveries(backend: Backend, tmp_path: Path) -> None:
    market = backend.marketplace
    market.add_code("meta", "code", "123456789012345")
    rows = [event(1), event(2), event(2), event(3, event_name="nothing_like_it"), event(4, consent_snapshot={})]
    file = write_lines(tmp_path / "e.ndjson", rows)
    result = run(market, "events", file)
    assert "5 rows: 2 new, 0 updated, 1 known, 2 refused" in result.output, result.output + str(rejects(file))
    assert reasons(file) == [(4, ["/event_name"]), (5, ["/consent_snapshot"])]
    query = "SELECT occurred_at::text FROM tx_events WHERE tenant_id = %s"
    times = {row[0] for row in backend.admin.execute(query, [market.tenant_id]).fetchall()}
    assert times == {"2023-02-01 10:00:00+00"}
    assert backend.rows("conversion_deliveries") == []
    assert "0 new, 0 updated, 3 known" in run(market, "events", file).output


def test_the_catalogue_comes_from_tables_too(backend: Backend, tmp_path: Path) -> None:
    file = write_csv(
        tmp_path / "venues.csv",
        [
            {"external_id": "hall", "name": "Big Hall", "city": "Iași", "country": "RO", "capacity": "1200"},
            {"external_id": "bad", "name": "", "city": "Iași", "country": "RO", "capacity": "many"},
        ],
    )
    result = run(backend.marketplace, "catalog", file, "--kind", "venues")
    assert "2 rows: 1 new" in result.output, result.output + str(rejects(file))
    assert [row["capacity"] for row in backend.rows("venues") if row["external_id"] == "hall"] == [1200]
    assert [line for line, _ in reasons(file)] == [3]


def killed_after_the_first_rows(command: list[str], admin: psycopg.Connection[Any], tenant_id: int) -> int:
    """Start an import and kill it once it has stored something; where it had come to."""

    def position() -> int:
        row = admin.execute(
            "SELECT coalesce(max(position), 0) FROM imports WHERE tenant_id = %s", [tenant_id]
        ).fetchone()
        return int(row[0]) if row else 0

    process = subprocess.Popen(command, env=os.environ.copy(), stdout=subprocess.DEVNULL)
    try:
        until(lambda: position() > 0, seconds=60, what="the first rows")
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait(30)
    return position()


def test_an_import_that_was_killed_goes_on_where_it_stopped(
    marketplace: Marketplace, admin_connection: psycopg.Connection[Any], tmp_path: Path
) -> None:
    rows = [{"external_id": f"k-{n}", "email": f"k{n}@example.com" if n % 1000 else "nobody"} for n in range(45_000)]
    file = write_csv(tmp_path / "many.csv", rows)
    command = [sys.executable, "-m", "server", "import", "catalog", str(file), "--kind", "persons"]
    command += ["--tenant", marketplace.slug, "--processes", "1"]
    stopped = killed_after_the_first_rows(command, admin_connection, marketplace.tenant_id)
    done = subprocess.run(command, env=os.environ.copy(), capture_output=True, text=True, timeout=120, check=True)
    assert 0 < stopped < file.stat().st_size
    assert "went on where the last run stopped" in done.stdout
    assert "45000 rows: 44955 new, 0 updated, 0 known, 45 refused" in done.stdout
    query = "SELECT count(*), count(DISTINCT external_id) FROM persons WHERE tenant_id = %s"
    assert admin_connection.execute(query, [marketplace.tenant_id]).fetchone() == (44_955, 44_955)
    assert [row["line"] for row in rejects(file)] == [n + 2 for n in range(0, 45_000, 1000)]


def test_orders_go_on_too_with_buyers_who_came_ahead(
    marketplace: Marketplace, admin_connection: psycopg.Connection[Any], tmp_path: Path
) -> None:
    rows = [
        {
            "external_id": f"k-{number}",
            "currency": "RON",
            "placed_at": "2025-03-01T10:00:00+02:00",
            "person.external_id": f"c-{number * 7919 % 6_000}",
            "person.email": f"c{number * 7919 % 6_000}@example.com",
            "item.live_event_id": "ev-1",
            "item.ticket_type_id": "tt-1" if number % 1000 else "tt-404",
            "item.unit_price": "90.00",
        }
        for number in range(12_000)
    ]
    file = write_csv(tmp_path / "many.csv", rows)
    command = [sys.executable, "-m", "server", "import", "orders", str(file)]
    command += ["--tenant", marketplace.slug, "--processes", "1"]
    stopped = killed_after_the_first_rows(command, admin_connection, marketplace.tenant_id)
    done = subprocess.run(command, env=os.environ.copy(), capture_output=True, text=True, timeout=120, check=True)
    assert 0 < stopped < file.stat().st_size
    assert "12000 rows: 11988 new, 0 updated, 0 known, 12 refused" in done.stdout, done.stdout
    query = """
        SELECT (SELECT count(*) FROM orders WHERE tenant_id = %(tenant)s),
          (SELECT count(DISTINCT o.external_id) FROM orders o JOIN persons p ON p.id = o.person_id
             AND p.external_id = 'c-' || substr(o.external_id, 3)::int * 7919 %% 6000 WHERE o.tenant_id = %(tenant)s),
          (SELECT count(*) FROM order_items WHERE tenant_id = %(tenant)s),
          (SELECT count(*) FROM persons WHERE tenant_id = %(tenant)s),
          (SELECT sold FROM ticket_types WHERE tenant_id = %(tenant)s AND external_id = 'tt-1')"""
    counts = admin_connection.execute(query, {"tenant": marketplace.tenant_id}).fetchone()
    assert counts == (11_988, 11_988, 11_988, 6_000, 11_988)
    assert [row["line"] for row in rejects(file)] == [number + 2 for number in range(0, 12_000, 1000)]
