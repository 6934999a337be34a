"""Files read by columns and files read row by row: the same rows, the same outcome, the same reasons."""

from __future__ import annotations

import csv
import json
import random
from pathlib import Path
from typing import Any

import psycopg
import pytest

from core.accounts.api import tenant_key
from tests.core.catalog.test_imports import rejects, run
from tests.marketplace import Marketplace

PERSON = {
    "external_id": ("p-1", "p-2", "p-3", "p-4", " p-5 ", "p\\6", "", "x" * 129, "tab\tbed"),
    "email": (
        "",
        "ana@example.com",
        "Ana.Popescu@Example.com ",
        "ștefan@exämple.ro",
        "nobody",
        "a@b",
        "x" * 250 + "@y.zz",
    ),
    "phone": ("", "+40 712 345 678", "0712", "٠٧١٢", "call me"),
    "first_name": ("", "Ana", " Ștefan ", "back\\slash", "x" * 101, "bell\x07"),
    "birthday": ("", "1990-05-17", "1899-01-01", "2990-01-01", "17.05.1990"),
    "street_address": ("", "Strada Lungă 5", "x" * 301),
    "city": ("", "Cluj-Napoca", "Iași", "x" * 101),
    "country": ("", "RO", "ro", "ROU"),
    "age_band": ("", "", "25-34", "teen"),
    "gender": ("", "female", "neither"),
    "consent.marketing": ("", "", "yes", "no", "perhaps"),
    "consent.captured_at": ("", "2024-03-01T10:00:00Z", "2024-03-01T10:00:00Z", "yesterday"),
}
ORDER = {
    "status": ("", "completed", "completed", "pending", "refunded", "partially_refunded", "lost"),
    "currency": ("RON", "RON", "JPY", "", "XXY"),
    "placed_at": (
        "2025-03-01T10:00:00+02:00",
        "2025-03-02T10:00:00Z",
        "20250303T100000Z",
        "2025-03-01",
        "",
        "1970-01-01T00:00:00Z",
    ),
    "status_at": ("", "", "2025-04-01T10:00:00Z", "later"),
    "visitor_id": ("", "v-1", " ", "x" * 65),
    "promo_code": ("", "SPRING\\25"),
    "person.external_id": ("", "c-1", "c-2", "c-3", "c-4", "c-5"),
    # Which of two addresses of a buyer counts, neither says.
    "person.email": ("", "ana@example.com", "nobody"),
    "person.city": ("", "Cluj-Napoca"),
    "consent.marketing": ("", "", "yes"),
    "consent.captured_at": ("", "2024-03-01T10:00:00Z"),
    "totals.gross": ("", "", "180.00", "180", "1.005"),
    "totals.net": ("", "151.26"),
}
LINE = {
    "item.line": ("", "", "", "a"),
    "item.live_event_id": ("ev-1", "ev-1", "ev-2", "ev-404", ""),
    "item.ticket_type_id": ("", "tt-1", "tt-2", "x" * 129),
    "item.quantity": ("", "1", "2", "0", "many"),
    "item.unit_price": ("90", "90.00", "90.00", "", "free", "9999999999999"),
    "item.discount": ("", "", "5"),
}
# A column of nothing but good values is what most files are: such rows come often enough to store some.
TAME = 0.85
MAPPING = "types: {item.quantity: integer, consent.marketing: flag}\n"
PERSON_MAPPING = "types: {consent.marketing: flag}\n"


def row_of(choice: random.Random, fields: dict[str, tuple[str, ...]]) -> dict[str, str]:
    """A row whose fields are mostly right."""
    return {
        name: values[choice.randrange(min(2, len(values)))] if choice.random() < TAME else choice.choice(values)
        for name, values in fields.items()
    }


def person_rows(choice: random.Random) -> list[dict[str, str]]:
    """Persons, some of whom come twice."""
    return [
        {**row_of(choice, PERSON), "external_id": choice.choice((*PERSON["external_id"], f"n-{n}", f"n-{n}"))}
        for n in range(300)
    ]


def order_rows(choice: random.Random) -> list[dict[str, str]]:
    """Orders of one to three lines, some of whose numbers come twice."""
    rows = []
    for number in range(200):
        name = choice.choice((f"H-{number}", f"H-{number}", f"H-{number}", f"H-{max(number - 2, 0)}", " H\\x ", ""))
        head = {"external_id": name, **row_of(choice, ORDER)}
        rows += [{**head, **row_of(choice, LINE)} for _ in range(choice.choice((1, 1, 1, 2, 3)))]
    return rows


def write(folder: Path, rows: list[dict[str, str]], mapping: str) -> tuple[Path, Path, Path]:
    """The same rows as a CSV file and as an NDJSON file, and the mapping that reads the latter."""
    table, lines, words = folder / "rows.csv", folder / "rows.ndjson", folder / "mapping.yaml"
    with table.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    # An empty line where the table has its header, so that both have the same line numbers.
    lines.write_text("\n" + "".join(json.dumps(nested(row)) + "\n" for row in rows), "utf-8")
    words.write_text(mapping)
    return table, lines, words


def nested(row: dict[str, str]) -> dict[str, Any]:
    """The object that a row of dotted columns stands for; empty cells say nothing."""
    made: dict[str, Any] = {}
    for name, value in row.items():
        if value:
            *path, last = name.split(".")
            inner = made
            for part in path:
                inner = inner.setdefault(part, {})
            inner[last] = value
    return made


def stored(market: Marketplace, admin: psycopg.Connection[Any]) -> dict[str, list[Any]]:
    """What the marketplace holds now, without numbers that differ from one to the other."""
    key = tenant_key(market.tenant_id)
    found: dict[str, list[Any]] = {
        name: admin.execute(query, [market.tenant_id]).fetchall() for name, query in QUERIES.items()
    }
    fields = ("email", "phone", "first_name", "birthday", "street_address")
    found["sealed"] = [
        (name, *(value and key.decrypt(value, f"persons.{field}") for field, value in zip(fields, sealed, strict=True)))
        for name, *sealed in found["sealed"]
    ]
    return found


def reasons_of(file: Path) -> list[tuple[int, Any]]:
    """Line and reasons of what was refused."""
    return [(row["line"], row["reasons"]) for row in rejects(file)]


QUERIES = {
    "sealed": """
        SELECT external_id, email_ciphertext, phone_ciphertext, first_name_ciphertext, birthday_ciphertext,
               street_address_ciphertext
        FROM persons WHERE tenant_id = %s ORDER BY 1""",
    "traits": """
        SELECT p.external_id, t.city, t.country, t.age_band, t.gender, p.email_index IS NULL, p.phone_index IS NULL,
               p.marketing_consent
        FROM persons p JOIN person_traits t ON t.person_id = p.id WHERE p.tenant_id = %s ORDER BY 1""",
    "same": """
        SELECT p.external_id, o.external_id, d.reason FROM person_duplicates d
        JOIN persons p ON p.id = d.person_id JOIN persons o ON o.id = d.other_id WHERE d.tenant_id = %s
        ORDER BY d.reason, least(p.external_id, o.external_id), greatest(p.external_id, o.external_id)""",
    "ledger": """
        SELECT subject_type, subject_id, purpose, granted, occurred_at FROM consent_ledger WHERE tenant_id = %s
        ORDER BY 1, 2, 3, 5""",
    "orders": """
        SELECT o.external_id, p.external_id, o.visitor_id, o.status, o.currency, o.gross, o.net, o.fees, o.consent,
               o.promo_code, o.placed_at
        FROM orders o LEFT JOIN persons p ON p.id = o.person_id WHERE o.tenant_id = %s ORDER BY 1""",
    "items": """
        SELECT o.external_id, i.line, e.external_id, t.external_id, i.quantity, i.unit_price, i.discount, i.placed_at
        FROM order_items i JOIN orders o ON o.id = i.order_id JOIN live_events e ON e.id = i.live_event_id
        LEFT JOIN ticket_types t ON t.id = i.ticket_type_id WHERE i.tenant_id = %s ORDER BY 1, 2""",
    "steps": """
        SELECT o.external_id, s.status, s.occurred_at FROM order_transitions s JOIN orders o ON o.id = s.order_id
        WHERE s.tenant_id = %s ORDER BY 1""",
    "sold": "SELECT external_id, sold FROM ticket_types WHERE tenant_id = %s ORDER BY 1",
}


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("what", ["persons", "orders"])
def test_columns_and_rows_come_to_the_same(
    what: str,
    seed: int,
    marketplace: Marketplace,
    other_marketplace: Marketplace,
    admin_connection: psycopg.Connection[Any],
    tmp_path: Path,
) -> None:
    choice = random.Random(seed)
    rows = person_rows(choice) if what == "persons" else order_rows(choice)
    table, lines, mapping = write(tmp_path, rows, PERSON_MAPPING if what == "persons" else MAPPING)
    command = ("catalog", "--kind", "persons") if what == "persons" else ("orders",)
    by_columns = run(marketplace, command[0], table, *command[1:])
    by_rows = run(other_marketplace, command[0], lines, *command[1:], "--mapping", str(mapping))
    assert by_columns.output.splitlines()[-2] == by_rows.output.splitlines()[-2]
    assert reasons_of(table) == reasons_of(lines)
    held = stored(marketplace, admin_connection)
    assert held == stored(other_marketplace, admin_connection)
    assert len(held["sealed"]) > 1
    assert what == "persons" or len(held["items"]) > 20
