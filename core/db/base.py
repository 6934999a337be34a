"""Declarative base and columns that declare their privacy class where they are written."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, DateTime, ForeignKey, Identity, MetaData, func
from sqlalchemy.orm import DeclarativeBase, Mapped, MappedColumn, mapped_column

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}


class PrivacyClass(StrEnum):
    """How close a column is to a human being."""

    NONE = "none"
    PSEUDONYMOUS = "pseudonymous"
    PERSONAL = "personal"
    SECRET = "secret"  # noqa: S105 - a class name, not a credential


@dataclass(frozen=True, slots=True)
class Privacy:
    """Class, how long the value is kept, and what erasing a person does to it."""

    cls: PrivacyClass
    retention: str
    eraser: str


def _column(privacy: Privacy, *args: Any, seal: str | None = None, **kwargs: Any) -> MappedColumn[Any]:
    # ``seal``: the purpose under which a master key sealed the value, so that key rotation finds it.
    return mapped_column(*args, info={"privacy": privacy, "seal": seal}, **kwargs)


def plain(*args: Any, **kwargs: Any) -> MappedColumn[Any]:
    """A column that says nothing about a person."""
    return _column(Privacy(PrivacyClass.NONE, "with_row", "keep"), *args, **kwargs)


def pseudonymous(*args: Any, retention: str = "24_months", eraser: str = "unlink", **kwargs: Any) -> MappedColumn[Any]:
    """A column that singles a person out without naming them (visitor ids, coarse traits)."""
    return _column(Privacy(PrivacyClass.PSEUDONYMOUS, retention, eraser), *args, **kwargs)


def personal(
    *args: Any, retention: str = "while_customer", eraser: str = "overwrite", **kwargs: Any
) -> MappedColumn[Any]:
    """A column that names or reaches a person; always ciphertext or a keyed index."""
    return _column(Privacy(PrivacyClass.PERSONAL, retention, eraser), *args, **kwargs)


def secret(*args: Any, retention: str = "with_row", eraser: str = "keep", **kwargs: Any) -> MappedColumn[Any]:
    """A column that holds a credential: hashed or encrypted."""
    return _column(Privacy(PrivacyClass.SECRET, retention, eraser), *args, **kwargs)


class Base(DeclarativeBase):
    """Base of all models. ``datetime`` is always `timestamptz`."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = {datetime: DateTime(timezone=True)}  # noqa: RUF012 - SQLAlchemy reads it as is


class HasId:
    """A `bigint` identity primary key."""

    id: Mapped[int] = plain(BigInteger, Identity(), primary_key=True, sort_order=-10)


class HasTenant:
    """The tenant every row belongs to; row-level security compares it with the session's tenant."""

    tenant_id: Mapped[int] = plain(
        BigInteger, ForeignKey("tenants.id", ondelete="CASCADE"), nullable=False, sort_order=-9
    )


class HasCreated:
    """When the row was written."""

    created_at: Mapped[datetime] = plain(server_default=func.now(), nullable=False, sort_order=90)
