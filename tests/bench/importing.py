"""How quickly persons and orders are imported from files, by the command as an operator runs it."""

from __future__ import annotations

import contextlib
import csv
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from core.embedded.paths import open_data_dir
from server.local_state import secrets_of
from tests.installation import FOREIGN, Installation

ROWS_PER_SECOND = 20_000
"""What is aimed at; files are made for so many rows in the given time."""
SLUG = "scena"


def imports_persons(installation: Installation, seconds: float) -> dict[str, Any]:
    """New persons with e-mail, phone, names, birthday: all of it encrypted, two blind indexes each."""
    return _measure(installation, "catalog", _persons(int(ROWS_PER_SECOND * seconds)), "--kind", "persons")


def imports_orders(installation: Installation, seconds: float) -> dict[str, Any]:
    """Paid orders with one line each, of buyers who come back now and then."""
    facts = installation.facts
    rows = _orders(int(ROWS_PER_SECOND * seconds), facts["demo_live_event_id"], facts["demo_ticket_type_id"])
    return _measure(installation, "orders", rows)


def _measure(installation: Installation, what: str, rows: Iterator[dict[str, Any]], *more: str) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="adrail-import-") as folder:
        path = Path(folder) / f"{what}.csv"
        count = _write(path, rows)
        command = [sys.executable, "-m", "server", "import", what, str(path), "--tenant", SLUG, *more]
        before, database = os.times(), _database_seconds(installation)
        started = time.perf_counter()
        done = subprocess.run(command, env=_environment(installation), capture_output=True, text=True, check=True)
        took = time.perf_counter() - started
        after, database = os.times(), _database_seconds(installation) - database
    assert f"{count} rows: {count} new" in done.stdout, done.stdout
    return {
        "value": round(count / took),
        "unit": "rows per second, from start to end of the command",
        "n": count,
        "seconds": round(took, 1),
        # CPU time of the command and its processes, start included, and of all of the database's processes.
        "cpu_us_per_row": round((sum(after[2:4]) - sum(before[2:4])) / count * 1e6, 1),
        "database_cpu_us_per_row": round(database / count * 1e6, 1),
    }


def _database_seconds(installation: Installation) -> float:
    """CPU seconds that the installation's PostgreSQL has used so far: server, living and ended backends."""
    server = int((installation.data_dir / "postgres" / "postmaster.pid").read_text().split()[0])
    ticks = sum(_ticks(server))
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError, ValueError):
            stat = (entry / "stat").read_text().rpartition(")")[2].split() if entry.name.isdigit() else []
            if stat and int(stat[1]) == server:
                ticks += sum(_ticks(int(entry.name))[:2])
    return ticks / os.sysconf("SC_CLK_TCK")


def _ticks(process: int) -> list[int]:
    """User and system time of a process, then of its ended children."""
    return [int(value) for value in Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[11:15]]


def _write(path: Path, rows: Iterator[dict[str, Any]]) -> int:
    first = next(rows)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(first))
        writer.writeheader()
        writer.writerow(first)
        count = 1
        for row in rows:
            writer.writerow(row)
            count += 1
    return count


def _persons(count: int) -> Iterator[dict[str, Any]]:
    for number in range(count):
        yield {
            "external_id": f"import-{number}",
            "email": f"import{number}@example.com",
            "phone": f"+40 7{number:08d}",
            "first_name": f"Ana {number % 1000}",
            "last_name": f"Popescu {number % 5000}",
            "birthday": f"19{60 + number % 40}-0{1 + number % 9}-1{number % 9}",
            "city": "Cluj-Napoca",
            "country": "RO",
            "gender": "female",
        }


def _orders(count: int, live_event: str, ticket_type: str) -> Iterator[dict[str, Any]]:
    for number in range(count):
        buyer = number * 7919 % max(count // 3, 1)
        yield {
            "external_id": f"import-{number}",
            "status": "completed",
            "currency": "RON",
            "placed_at": f"2025-0{1 + number % 9}-1{number % 9}T1{number % 9}:00:00+02:00",
            "person.external_id": f"buyer-{buyer}",
            "person.email": f"buyer{buyer}@example.com",
            "totals.gross": "180.00",
            "totals.net": "151.26",
            "item.live_event_id": live_event,
            "item.ticket_type_id": ticket_type,
            "item.quantity": 2,
            "item.unit_price": "90.00",
        }


def _environment(installation: Installation) -> dict[str, str]:
    return {
        **{name: value for name, value in os.environ.items() if name not in FOREIGN},
        **secrets_of(open_data_dir(installation.data_dir)),
        "DATABASE_URL": installation.facts["database_url"],
        "REDIS_URL": installation.facts["redis_url"],
    }


BENCHMARKS: tuple[Callable[[Installation, float], dict[str, Any]], ...] = (imports_persons, imports_orders)
