"""Searching names and titles by the beginnings of their words, and making slugs."""

from __future__ import annotations

import unicodedata
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from core.catalog.offer_models import CatalogWord

MOST_WORDS = 6
MAX_SLUG = 80
# Sorts behind everything that a word can go on with.
LAST = "\U0010ffff"


def search_words(session: Session, given: str) -> list[str]:
    """Split what a person typed into words as the index has them: lower case, no accents; at most six."""
    if not given.strip():
        return []
    found = session.scalars(select(func.adrail_words(given[:200]))).all()
    return sorted(found, key=len, reverse=True)[:MOST_WORDS]


def has_words(kind: str, row_id: Any, tenant_id: int, words: list[str]) -> list[ColumnElement[bool]]:
    """Return conditions that every word begins a word of the row; ``kind`` as in `catalog_words`."""
    return [
        row_id.in_(
            select(CatalogWord.row_id).where(
                CatalogWord.tenant_id == tenant_id,
                CatalogWord.kind == kind,
                CatalogWord.word >= word,
                CatalogWord.word < word + LAST,
            )
        )
        for word in words
    ]


def slugify(title: str) -> str:
    """Lower-case ASCII words joined by hyphens, at most 80 characters; empty when nothing is left."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    words = "".join(character if character.isalnum() else " " for character in plain).split()
    return "-".join(words)[:MAX_SLUG].strip("-")
