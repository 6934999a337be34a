"""What a member of staff chooses for themselves alone: the language of pages and mails."""

from __future__ import annotations

from sqlalchemy import select

from core.accounts.audit import record_audit
from core.accounts.models import User
from core.accounts.service import Actor
from core.db.session import maintainer_session
from core.errors import FieldProblem, InvalidInputError
from core.languages import LANGUAGES


def set_language(actor: Actor, code: str) -> None:
    """Write pages and mails of the signed-in person in a language; raises `InvalidInputError` for an unknown code."""
    if code not in LANGUAGES:
        problem = FieldProblem("/language", "one_of", f"use one of: {', '.join(LANGUAGES)}")
        raise InvalidInputError("the language cannot be used", errors=[problem])
    # Users belong to no marketplace alone, so the application role may only read them.
    with maintainer_session() as session:
        user = session.scalars(select(User).where(User.id == actor.user_id)).one()
        if user.locale != code:
            user.locale = code
            record_audit(session, actor, "user.language_changed", f"user:{user.id}", {"language": code})
