"""What accounts write to people, in their language: invitations, password links, security notices."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.accounts.models import Membership, User
from core.config import settings
from core.languages import DEFAULT

Kind = Literal["invitation", "password_reset", "password_changed", "two_step_off", "two_step_on", "recovery_codes"]
LINK = "{link}"

NOT_YOU = {
    "en": "If this was not you, choose a new password at once and end all other sessions:",
    "ro": "Dacă nu ați fost dumneavoastră, alegeți imediat o parolă nouă și încheiați toate celelalte sesiuni:",
}
WORDS: Mapping[Kind, Mapping[str, tuple[str, tuple[str, ...]]]] = {
    "invitation": {
        "en": (
            "{by} invites you to {place}",
            (
                "{by} invites you to work on {place} in adrail: see what tracking and advertising bring.",
                "Choose your name and password here, within {days} days:",
                LINK,
                "The link works once. If you do not know {by}, you need not do anything.",
            ),
        ),
        "ro": (
            "{by} vă invită la {place}",
            (
                "{by} vă invită să lucrați la {place} în adrail: vedeți ce aduc urmărirea și reclamele.",
                "Alegeți-vă numele și parola aici, în cel mult {days} zile:",
                LINK,
                "Linkul funcționează o singură dată. Dacă nu cunoașteți {by}, nu trebuie să faceți nimic.",
            ),
        ),
    },
    "password_reset": {
        "en": (
            "Choose a new password",
            (
                "Somebody, probably you, asked for a new password for your adrail account.",
                "Choose it here, within one hour:",
                LINK,
                "The link works once. If you did not ask for it, you need not do anything: your password stays.",
            ),
        ),
        "ro": (
            "Alegeți o parolă nouă",
            (
                "Cineva, probabil dumneavoastră, a cerut o parolă nouă pentru contul adrail.",
                "Alegeți-o aici, în cel mult o oră:",
                LINK,
                "Linkul funcționează o singură dată. Dacă nu ați cerut-o, nu trebuie să faceți nimic: parola rămâne.",
            ),
        ),
    },
    "password_changed": {
        "en": (
            "Your password was changed",
            ("The password of your adrail account was changed just now. All other sessions have ended.",),
        ),
        "ro": (
            "Parola a fost schimbată",
            ("Parola contului adrail tocmai a fost schimbată. Toate celelalte sesiuni s-au încheiat.",),
        ),
    },
    "two_step_on": {
        "en": (
            "Two-step sign-in is on",
            ("From now on, signing in to adrail needs your password and a code from your telephone.",),
        ),
        "ro": (
            "Autentificarea în doi pași este pornită",
            ("De acum, autentificarea în adrail cere parola și un cod de pe telefon.",),
        ),
    },
    "two_step_off": {
        "en": (
            "Two-step sign-in is off",
            ("From now on, your password alone is enough to sign in to adrail. Your recovery codes no longer work.",),
        ),
        "ro": (
            "Autentificarea în doi pași este oprită",
            ("De acum, parola ajunge pentru autentificarea în adrail. Codurile de recuperare nu mai funcționează.",),
        ),
    },
    "recovery_codes": {
        "en": (
            "You have new recovery codes",
            ("New recovery codes were made for your adrail account. The older ones no longer work.",),
        ),
        "ro": (
            "Aveți coduri de recuperare noi",
            ("Pentru contul adrail au fost create coduri de recuperare noi. Cele vechi nu mai funcționează.",),
        ),
    },
}


def words(kind: Kind, locale: str, data: Mapping[str, str]) -> tuple[str, str]:
    """Return subject and text of a letter; an unknown language reads English. A secret link stays ``{link}``."""
    subject, paragraphs = WORDS[kind].get(locale, WORDS[kind][DEFAULT])
    # Names are people's own words: only ours are a pattern.
    filled = [text if text == LINK else text.format_map(data) for text in paragraphs]
    if LINK not in filled:
        filled += [NOT_YOU.get(locale, NOT_YOU[DEFAULT]), f"{settings().base_url}/account/"]
    return subject.format_map(data), "\n\n".join(filled)


def post(
    session: Session,
    tenant_id: int,
    kind: Kind,
    *,
    recipient: bytes,
    locale: str,
    data: Mapping[str, str] | None = None,
    user_id: int | None = None,
    link: str | None = None,
) -> None:
    """Write a letter to a sealed address in the caller's transaction; it leaves after the commit."""
    # Notifications know accounts; the other way round they are met only while a letter is written.
    from core.notifications.api import Letter, write_letter  # noqa: PLC0415

    subject, body = words(kind, locale, data or {})
    topic = f"user:{user_id}" if user_id else "invitation"
    letter = Letter(
        kind=kind,
        topic=topic,
        subject=subject,
        body=body,
        recipient_ciphertext=recipient,
        dedup_key=f"{kind}|{topic}|{secrets.token_hex(8)}",
        user_id=user_id,
        secret_link=link,
    )
    write_letter(session, tenant_id, letter)


def warn(session: Session, kind: Kind, user: User, tenant_id: int | None = None) -> None:
    """Tell a person that something about their sign-in was changed; one without any membership gets no mail."""
    if tenant_id is None:
        tenant_id = home_of(session, user.id)
    if tenant_id is not None:
        post(session, tenant_id, kind, recipient=user.email_ciphertext, locale=user.locale, user_id=user.id)


def home_of(session: Session, user_id: int) -> int | None:
    """Return the marketplace whose mails reach a person: that of their oldest membership."""
    return session.scalar(
        select(Membership.tenant_id).where(Membership.user_id == user_id).order_by(Membership.id).limit(1)
    )
