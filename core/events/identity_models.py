"""Tables beside the identity links: what people decided about them, and whose events must be looked at again."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, Text, text
from sqlalchemy.orm import Mapped

from core.db.base import Base, HasCreated, HasId, HasTenant, plain, pseudonymous

LINK, UNLINK = "link", "unlink"


class IdentityDecision(HasId, HasTenant, HasCreated, Base):
    """Somebody of the marketplace said that a visitor is a person from ``since`` on, or is not that person at all.

    Links are derived from events and from the decisions that stand; a revoked one is as if it had never been made.
    """

    __tablename__ = "tx_identity_decisions"
    __table_args__ = (
        Index(
            "uq_tx_identity_decisions_standing",
            "tenant_id",
            "visitor_id",
            "person_external_id",
            "kind",
            unique=True,
            postgresql_where=text("revoked_at IS NULL"),
        ),
        CheckConstraint(f"kind IN ('{LINK}', '{UNLINK}')", name="kind"),
        CheckConstraint(f"(kind = '{LINK}') = (since IS NOT NULL)", name="since"),
    )

    visitor_id: Mapped[str] = pseudonymous(Text, eraser="delete_row")
    person_external_id: Mapped[str] = pseudonymous(Text, eraser="delete_row")
    kind: Mapped[str] = plain(Text)
    since: Mapped[datetime | None] = plain()
    decided_by: Mapped[str] = plain(Text, comment="label of the actor")
    revoked_at: Mapped[datetime | None] = plain()
    revoked_by: Mapped[str | None] = plain(Text)


class StaleVisitor(HasId, HasTenant, Base):
    """A visitor whose events may belong to somebody else now: those from ``since`` on, or all of them.

    Rows are only added and removed, never changed: no two writers wait for each other.
    """

    __tablename__ = "tx_stale_visitors"
    __table_args__ = (Index(None, "tenant_id", "visitor_id"),)

    visitor_id: Mapped[str] = pseudonymous(Text, retention="until_attributed", eraser="delete_row")
    since: Mapped[datetime | None] = plain()
