"""Staff: creating users and finding whom to tell."""

from __future__ import annotations

import re
from dataclasses import dataclass

import psycopg
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from adrail import phrase
from core.accounts.audit import record_audit
from core.accounts.models import Membership, User
from core.accounts.permissions import ROLES
from core.accounts.service import Actor, tenant_key
from core.db.session import anonymous_session, maintainer_session
from core.errors import ConflictError, FieldProblem, InvalidInputError
from core.security.tokens import hash_password

MIN_PASSWORD, MAX_PASSWORD = 12, 500
# Of 4: fewer than 10^8 guesses, which those with a stolen table of hashes have time for.
MIN_STRENGTH = 3
MOST_WEIGHED = 72
MAX_NAME = 80
EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,190}\.[^@\s.]{2,63}")
MENDERS = {"organizer": ("owner", "admin", "manager"), "marketplace": ("owner", "admin")}
FIND_SIGN_IN = text("SELECT * FROM adrail_find_sign_in(:index)")


def normalise_email(email: str) -> str:
    """The form in which sign-in addresses are compared."""
    return email.strip().casefold()


def email_index(email: str) -> bytes:
    """Keyed hash under which an address is looked up."""
    return tenant_key(None).blind_index("users.email", normalise_email(email))


def user_with_email(email: str) -> int | None:
    """Id of the user who signs in with an address."""
    with anonymous_session() as session:
        row = session.execute(FIND_SIGN_IN, {"index": email_index(email)}).one_or_none()
    return row.user_id if row else None


@dataclass(frozen=True, slots=True)
class StaffMember:
    """Somebody to be told something, and in which language; the address stays sealed until a mail leaves."""

    user_id: int
    email_ciphertext: bytes
    locale: str


def staff_of(session: Session, tenant_id: int, organizer_id: int | None) -> list[StaffMember]:
    """Return who looks after an organiser's matters, or the marketplace's own for None.

    An organiser without staff is looked after by the marketplace.
    """
    level = "marketplace" if organizer_id is None else "organizer"
    query = (
        select(User.id, User.email_ciphertext, User.locale)
        .join(Membership, Membership.user_id == User.id)
        .where(
            Membership.tenant_id == tenant_id,
            Membership.organizer_id.is_not_distinct_from(organizer_id),
            Membership.subject_kind.is_(None),
            Membership.role.in_(MENDERS[level]),
            User.disabled_at.is_(None),
        )
        .order_by(User.id)
    )
    found = [StaffMember(row.id, row.email_ciphertext, row.locale) for row in session.execute(query)]
    return found or ([] if organizer_id is None else staff_of(session, tenant_id, None))


def readable_email(ciphertext: bytes) -> str:
    """Open an address of `StaffMember`; raises `DecryptionError`."""
    return tenant_key(None).decrypt(ciphertext, "users.email")


def check_new_user(*, email: str, password: str, role: str = "owner") -> None:
    """Raise `InvalidInputError` or `ConflictError` when `create_user` would."""
    problems = []
    if not EMAIL.fullmatch(email.strip()):
        problems.append(FieldProblem("/email", "email", phrase("use an address such as ana@scena.example")))
    if role not in ROLES:
        problems.append(FieldProblem("/role", "one_of", phrase("use one of: %(choices)s", choices=", ".join(ROLES))))
    problems += _password_problems(password, about=(email.partition("@")[0],))
    if problems:
        raise InvalidInputError(phrase("the user cannot be created"), errors=problems)
    if user_with_email(email) is not None:
        raise _taken()


def create_user(
    *, tenant_id: int, email: str, display_name: str, password: str, role: str, organizer_id: int | None = None
) -> int:
    """Create a user with one membership; returns its id. Raises `InvalidInputError` or `ConflictError`.

    Without organiser the role ``admin`` makes an administrator of the marketplace.
    """
    check_new_user(email=email, password=password, role=role)
    key = tenant_key(None)
    user = User(
        email_ciphertext=key.encrypt(email.strip(), "users.email"),
        email_index=email_index(email),
        display_name_ciphertext=key.encrypt(display_name, "users.display_name"),
        password_hash=hash_password(password),
    )
    try:
        with maintainer_session() as session:
            session.add(user)
            session.flush()
            session.add(_membership(tenant_id, user.id, role, organizer_id))
            record_audit(session, Actor.system(tenant_id, "setup"), "user.created", f"user:{user.id}", {"role": role})
    except IntegrityError as exc:
        if isinstance(exc.orig, psycopg.errors.UniqueViolation):
            raise _taken() from None
        raise
    return user.id


def _membership(tenant_id: int, user_id: int, role: str, organizer_id: int | None) -> Membership:
    account_type = "organizer" if organizer_id else ("admin" if role == "admin" else "marketplace")
    where = {"tenant_id": tenant_id, "organizer_id": organizer_id}
    return Membership(**where, user_id=user_id, account_type=account_type, role=role)


def add_membership(*, tenant_id: int, user_id: int, role: str, organizer_id: int | None = None) -> None:
    """Let a user act under a further membership, too; one that they have already stays as it is."""
    known = select(Membership.id).where(
        Membership.tenant_id == tenant_id,
        Membership.user_id == user_id,
        Membership.organizer_id.is_not_distinct_from(organizer_id),
        Membership.subject_kind.is_(None),
    )
    with maintainer_session() as session:
        if session.scalar(known) is not None:
            return
        session.add(_membership(tenant_id, user_id, role, organizer_id))
        session.flush()
        record_audit(session, Actor.system(tenant_id, "setup"), "member.joined", f"user:{user_id}", {"role": role})


def check_email(email: str) -> None:
    """Raise `InvalidInputError` for what is no e-mail address."""
    if not EMAIL.fullmatch(email.strip()) or not email.strip().isprintable():
        problem = FieldProblem("/email", "email", phrase("use an address such as ana@scena.example"))
        raise InvalidInputError(phrase("this is no e-mail address"), errors=[problem])


def check_name(name: str) -> None:
    """Raise `InvalidInputError` for a name that cannot be shown."""
    if not 0 < len(name.strip()) <= MAX_NAME or not name.strip().isprintable():
        problem = FieldProblem("/display_name", "length", phrase("use 1 to %(most)s characters", most=MAX_NAME))
        raise InvalidInputError(phrase("this name cannot be used"), errors=[problem])


def check_new_password(password: str, pointer: str = "/password") -> None:
    """Raise `InvalidInputError` for a password that cannot be used."""
    if problems := _password_problems(password, pointer):
        raise InvalidInputError(phrase("the password cannot be used"), errors=problems)


def _taken() -> ConflictError:
    problem = FieldProblem("/email", "unique", phrase("use another address"))
    return ConflictError(phrase("a user with this e-mail address exists already"), errors=[problem], code="email_taken")


def _password_problems(password: str, pointer: str = "/password", about: tuple[str, ...] = ()) -> list[FieldProblem]:
    """Say what is wrong with a password; ``about`` are words that those who guess would try first.

    It is weighed against the thirty thousand that leaked most often, and names, words, keys side by side, dates: here,
    asking nobody.
    """
    if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
        return [
            FieldProblem(
                pointer, "length", phrase("use %(least)s to %(most)s characters", least=MIN_PASSWORD, most=MAX_PASSWORD)
            )
        ]
    from zxcvbn import zxcvbn  # noqa: PLC0415 - its word lists are large, and only setting a password needs them

    weighed = zxcvbn(password[:MOST_WEIGHED], user_inputs=["adrail", *about])
    if weighed["score"] < MIN_STRENGTH:
        return [FieldProblem(pointer, "simple", phrase("this would be guessed at once; use a few unrelated words"))]
    return []
