"""What a member of staff chooses for themselves alone: name, language and time zone of pages and mails."""

from __future__ import annotations

from zoneinfo import available_timezones

from sqlalchemy import select

from adrail import phrase
from core.accounts.audit import record_audit
from core.accounts.models import User
from core.accounts.people import check_name
from core.accounts.service import Actor, tenant_key
from core.db.session import maintainer_session
from core.errors import FieldProblem, InvalidInputError
from core.languages import LANGUAGES


def set_language(actor: Actor, code: str) -> None:
    """Write pages and mails of the signed-in person in a language; raises `InvalidInputError` for an unknown code."""
    if code not in LANGUAGES:
        problem = FieldProblem("/language", "one_of", phrase("use one of: %(choices)s", choices=", ".join(LANGUAGES)))
        raise InvalidInputError(phrase("the language cannot be used"), errors=[problem])
    # Users belong to no marketplace alone, so the application role may only read them.
    with maintainer_session() as session:
        user = session.scalars(select(User).where(User.id == actor.user_id)).one()
        if user.locale != code:
            user.locale = code
            record_audit(session, actor, "user.language_changed", f"user:{user.id}", {"language": code})


def set_name(actor: Actor, name: str) -> None:
    """Change how the signed-in person is called; raises `InvalidInputError`."""
    check_name(name)
    with maintainer_session() as session:
        user = session.scalars(select(User).where(User.id == actor.user_id)).one()
        user.display_name_ciphertext = tenant_key(None).encrypt(name.strip(), "users.display_name")
        record_audit(session, actor, "user.name_changed", f"user:{user.id}")


def set_time_zone(actor: Actor, zone: str | None) -> None:
    """Write times of the signed-in person in a zone (IANA name), or in the marketplace's for None.

    Raises `InvalidInputError` for an unknown zone.
    """
    if zone is not None and zone not in available_timezones():
        problem = FieldProblem("/time_zone", "iana", phrase("use a name such as Europe/Bucharest"))
        raise InvalidInputError(phrase("the time zone cannot be used"), errors=[problem])
    with maintainer_session() as session:
        user = session.scalars(select(User).where(User.id == actor.user_id)).one()
        if user.time_zone != zone:
            user.time_zone = zone
            record_audit(session, actor, "user.time_zone_changed", f"user:{user.id}", {"time_zone": zone})
