"""Every column says how close it is to a person, how long it is kept, and what erasing a person does to it."""

from __future__ import annotations

from sqlalchemy import DateTime, Float

from core.db.base import Privacy, PrivacyClass
from core.tables import metadata

COLUMNS = [column for table in metadata.tables.values() for column in table.columns]
ERASERS = {"keep", "unlink", "overwrite", "hash", "delete_row", "delete_mapping"}
NAMES_OF_PEOPLE = ("email", "phone", "first_name", "last_name", "display_name", "birthday", "street")
ABOUT_PEOPLE = {PrivacyClass.PERSONAL, PrivacyClass.PSEUDONYMOUS}


def privacy(column: object) -> Privacy | None:
    """What a column declares."""
    found = getattr(column, "info", {}).get("privacy")
    return found if isinstance(found, Privacy) else None


def test_every_column_declares_class_retention_and_eraser() -> None:
    incomplete = [
        str(column)
        for column in COLUMNS
        if (said := privacy(column)) is None or not said.retention or said.eraser not in ERASERS
    ]
    assert incomplete == [], "make columns with plain, pseudonymous, personal or secret"
    assert len(COLUMNS) > 250


def test_columns_about_people_say_how_long_they_are_kept() -> None:
    unlimited = [
        str(column)
        for column in COLUMNS
        if (said := privacy(column)) and said.cls in ABOUT_PEOPLE and said.retention == "with_row"
    ]
    assert unlimited == []


def test_columns_that_name_people_are_personal() -> None:
    named = [column for column in COLUMNS if column.name.startswith(NAMES_OF_PEOPLE)]
    readable = [str(column) for column in named if getattr(privacy(column), "cls", None) is not PrivacyClass.PERSONAL]
    assert readable == []
    assert {column.table.name for column in named} == {"persons", "users"}


def test_personal_columns_hold_ciphertext_or_keyed_indexes() -> None:
    readable = [
        str(column)
        for column in COLUMNS
        if (said := privacy(column)) and said.cls is PrivacyClass.PERSONAL and column.type.python_type is not bytes
    ]
    assert readable == []


def test_times_carry_a_zone_and_amounts_are_exact() -> None:
    assert [str(column) for column in COLUMNS if isinstance(column.type, DateTime) and not column.type.timezone] == []
    assert [str(column) for column in COLUMNS if isinstance(column.type, Float)] == []
