"""Background jobs of accounts; they carry ids only and may run twice without harm."""

from __future__ import annotations

from sqlalchemy import text

from core.accounts import passwords
from core.db.session import maintainer_session

OLD = (
    "DELETE FROM user_sessions WHERE expires_at < now()",
    "DELETE FROM password_resets WHERE expires_at < now() - interval '30 days'",
    "DELETE FROM invitations WHERE expires_at < now() - interval '90 days'",
)


def write_reset(user_id: int) -> None:
    """Mail a link for a new password to somebody, if there is such a person."""
    passwords.write_reset(user_id)


def sweep() -> None:
    """Erase sessions, links and invitations that ended long enough ago."""
    with maintainer_session() as session:
        for statement in OLD:
            session.execute(text(statement))
