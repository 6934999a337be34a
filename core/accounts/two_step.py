"""Two-step sign-in: one-time codes from a telephone (TOTP, RFC 6238) and recovery codes for when it is lost."""

from __future__ import annotations

import base64
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime

import pyotp
import redis
import segno
from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.orm import Session

from adrail import phrase
from core.accounts.audit import record_audit
from core.accounts.letters import home_of, warn
from core.accounts.models import RecoveryCode, User
from core.accounts.service import Actor, tenant_key
from core.accounts.throttle import Tries
from core.db.session import maintainer_session
from core.errors import ConflictError, FieldProblem, InvalidInputError, UnavailableError

FIELD = "users.totp"
STEP_SECONDS = 30
TRIES_PER_USER = 10
CODES = 10
CODE_BYTES = 10
ISSUER = "adrail"


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What the telephone has to know; ``picture`` is the same as an SVG element."""

    secret: str
    picture: str


def begin_two_step(actor: Actor, email: str) -> Enrolment:
    """Make a secret that counts only after `confirm_two_step`; raises `ConflictError` when one counts already."""
    secret = pyotp.random_base32()
    with maintainer_session() as session:
        user = _user(session, actor)
        if user.totp_since is not None:
            raise ConflictError(phrase("two-step sign-in is on already; switch it off first"), code="two_step_on")
        user.totp_ciphertext = tenant_key(None).encrypt(secret, FIELD)
    return enrolment(secret, email)


def pending_two_step(actor: Actor, email: str) -> Enrolment | None:
    """Return the secret that waits for its first code, so that a reload shows the same one."""
    with maintainer_session() as session:
        user = _user(session, actor)
        if user.totp_since is not None or user.totp_ciphertext is None:
            return None
        return enrolment(tenant_key(None).decrypt(user.totp_ciphertext, FIELD), email)


def enrolment(secret: str, email: str) -> Enrolment:
    """Draw a secret."""
    address = pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name=ISSUER)
    picture = segno.make(address, error="m").svg_inline(border=2, svgclass="qr", lineclass=None, omitsize=True)
    return Enrolment(secret, picture)


def confirm_two_step(actor: Actor, code: str) -> list[str]:
    """Switch two-step sign-in on with the first code, and return ten recovery codes, this once.

    Raises `InvalidInputError` for a wrong code, `ConflictError` when there is nothing to confirm.
    """
    tries = _throttle(actor.user_id or 0)
    with maintainer_session() as session:
        user = _user(session, actor)
        if user.totp_since is not None or user.totp_ciphertext is None:
            raise ConflictError(phrase("start again: there is no secret to confirm"), code="two_step_not_started")
        if not _take_code(session, user, code):
            problem = FieldProblem("/code", "match", phrase("use the six digits that your telephone shows now"))
            raise InvalidInputError(phrase("two-step sign-in is not on yet"), errors=[problem])
        user.totp_since = datetime.now(UTC)
        codes = _new_codes(session, user)
        record_audit(session, actor, "user.two_step_on", f"user:{user.id}")
        warn(session, "two_step_on", user, actor.tenant_id)
    tries.forget(_subject(actor.user_id or 0))
    return codes


def switch_two_step_off(actor: Actor) -> None:
    """Let the password be enough again; secret and recovery codes are destroyed."""
    with maintainer_session() as session:
        _forget(session, _user(session, actor), actor)


def forget_two_step(user_id: int) -> None:
    """Switch two-step sign-in off for somebody who lost telephone and codes; for operators."""
    with maintainer_session() as session:
        user = session.scalars(select(User).where(User.id == user_id).with_for_update()).one()
        home = home_of(session, user_id)
        if home is not None:
            _forget(session, user, Actor.system(home, "cli"))


def _forget(session: Session, user: User, actor: Actor) -> None:
    was_on = user.totp_since is not None
    user.totp_ciphertext = user.totp_since = user.totp_last_step = None
    session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user.id))
    if was_on:
        record_audit(session, actor, "user.two_step_off", f"user:{user.id}")
        warn(session, "two_step_off", user, actor.tenant_id)


def renew_recovery_codes(actor: Actor) -> list[str]:
    """Replace the recovery codes and return the new ones, this once; raises `ConflictError` while it is off."""
    with maintainer_session() as session:
        user = _user(session, actor)
        if user.totp_since is None:
            raise ConflictError(phrase("two-step sign-in is off, so there is nothing to recover"), code="two_step_off")
        codes = _new_codes(session, user)
        record_audit(session, actor, "user.recovery_codes_renewed", f"user:{user.id}")
        warn(session, "recovery_codes", user, actor.tenant_id)
    return codes


def recovery_codes_left(actor: Actor) -> int:
    """Return how many recovery codes still work."""
    with maintainer_session() as session:
        unused = RecoveryCode.user_id == actor.user_id, RecoveryCode.used_at.is_(None)
        return session.scalar(select(func.count()).select_from(RecoveryCode).where(*unused)) or 0


def take_second_step(user_id: int, code: str) -> bool:
    """Check a one-time or a recovery code; each is taken once, whoever tries at the same moment.

    Raises `TooManyRequestsError` after 10 failures in 5 minutes, `UnavailableError` when they cannot be counted.
    """
    tries = _throttle(user_id)
    with maintainer_session() as session:
        user = session.scalars(select(User).where(User.id == user_id).with_for_update()).one_or_none()
        if user is None or user.disabled_at or user.totp_since is None:
            return False
        taken = _take_code(session, user, code) or _take_recovery_code(session, user, code)
    if taken:
        tries.forget(_subject(user_id))
    return taken


def _subject(user_id: int) -> str:
    return f"second-step-{user_id}"


def _throttle(user_id: int) -> Tries:
    try:
        tries = Tries({_subject(user_id): TRIES_PER_USER})
        tries.count()
    except redis.RedisError:
        raise UnavailableError("codes cannot be checked right now; try again in a moment") from None
    return tries


def _user(session: Session, actor: Actor) -> User:
    return session.scalars(select(User).where(User.id == actor.user_id).with_for_update()).one()


def _take_code(session: Session, user: User, code: str) -> bool:
    """Find the time step whose code this is, one to either side of now, and never take it or an older one again."""
    if user.totp_ciphertext is None:
        return False
    typed = "".join(code.split()).encode()
    totp = pyotp.TOTP(tenant_key(None).decrypt(user.totp_ciphertext, FIELD), interval=STEP_SECONDS)
    now = int(datetime.now(UTC).timestamp()) // STEP_SECONDS
    step = next(
        (at for at in (now, now - 1, now + 1) if secrets.compare_digest(totp.generate_otp(at).encode(), typed)), None
    )
    if step is None:
        return False
    unused = or_(User.totp_last_step.is_(None), User.totp_last_step < step)
    taken = update(User).where(User.id == user.id, unused).values(totp_last_step=step).returning(User.id)
    return session.scalar(taken) is not None


def _take_recovery_code(session: Session, user: User, code: str) -> bool:
    taken = session.scalar(
        update(RecoveryCode)
        .where(
            RecoveryCode.user_id == user.id,
            RecoveryCode.code_hash == _code_hash(code),
            RecoveryCode.used_at.is_(None),
        )
        .values(used_at=datetime.now(UTC))
        .returning(RecoveryCode.id)
    )
    return taken is not None


def _new_codes(session: Session, user: User) -> list[str]:
    session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user.id))
    codes = [_new_code() for _ in range(CODES)]
    session.add_all(RecoveryCode(user_id=user.id, code_hash=_code_hash(code)) for code in codes)
    return codes


def _new_code() -> str:
    """Eighty random bits as four groups that can be typed from paper."""
    text = base64.b32encode(secrets.token_bytes(CODE_BYTES)).decode().lower()
    return "-".join(text[place : place + 4] for place in range(0, len(text), 4))


def _code_hash(code: str) -> bytes:
    typed = "".join(char for char in code.lower() if char.isalnum())
    return tenant_key(None).blind_index("recovery", typed)
