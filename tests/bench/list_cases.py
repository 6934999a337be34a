"""What the benchmark of lists is told: how to fill a marketplace, and which addresses to ask."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ListCase:
    """One address: a ``page`` for somebody signed in, else an endpoint for a server key; ``deep`` asks page two."""

    name: str
    path: str
    page: bool = False
    deep: bool = False


@dataclass(frozen=True, slots=True)
class ListSource:
    """Statements that fill the marketplace ``%(tenant)s``, the tables they fill, and the lists to ask then."""

    name: str
    fill: tuple[bytes, ...]
    tables: tuple[str, ...]
    cases: tuple[ListCase, ...]
