"""Words for persons: fields, consent, where a link between visitor and person came from."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from babel.dates import format_date
from flask_babel import gettext as _
from flask_babel import lazy_gettext as later

from core.catalog.api import PersonDetail
from core.errors import DomainError
from core.events.api import LINKED, NOT_LINKED
from webui import session, words
from webui.words import State

FIELDS = {
    "first_name": later("First name"),
    "last_name": later("Last name"),
    "email": later("E-mail"),
    "phone": later("Phone"),
    "birthday": later("Birthday"),
    "street_address": later("Address"),
}
GENDERS = {"female": later("female"), "male": later("male"), "other": later("other")}
BANDS = {"under-18": later("under 18")}
SOURCES = {
    "order_completed": later("through an order"),
    "login": later("by signing in"),
    "manual": later("linked by staff"),
    "scanner": later("at the gate"),
}
REASONS = {"email": later("Same e-mail address"), "phone": later("Same phone number")}
SIDES = {
    "already_merged": later("One of them is merged into another person already."),
    "same_person": later("Choose two different persons."),
}


def facts(detail: PersonDetail, clear: Mapping[str, str] | None) -> list[tuple[str, str]]:
    """Label and value of everything that names somebody, masked or clear."""
    shown = detail.masked if clear is None else clear
    return [(str(label), _value(name, shown[name], clear)) for name, label in FIELDS.items() if name in shown]


def _value(name: str, value: str, clear: Mapping[str, str] | None) -> str:
    if name != "birthday" or clear is None:
        return value
    return format_date(date.fromisoformat(value), "long", locale=session.locale())


def consent(granted: bool | None) -> State:
    """The word for a consent flag."""
    if granted is None:
        return State(_("never asked"), "calm")
    return State(_("agreed"), "good") if granted else State(_("refused"), "calm")


def purpose(name: str) -> str:
    """The word for a purpose."""
    return str(words.purpose(name))


def gender(name: str | None) -> str:
    """The word for a gender."""
    return str(GENDERS.get(name or "", name or ""))


def age(band: str | None) -> str:
    """An age band in words."""
    return str(BANDS.get(band or "", (band or "").replace("-", "\u2013")))


def source(name: str) -> str:
    """How a visitor was recognised."""
    return str(SOURCES.get(name, name))


def reason(name: str) -> str:
    """Why two persons may be one."""
    return str(REASONS.get(name, name))


def decided(state: str) -> tuple[str, str]:
    """What to say once somebody decided about a visitor: title and the rest."""
    if state == LINKED:
        return _("They are linked"), _("What this browser did, and will do, counts for this person within a minute.")
    if state == NOT_LINKED:
        return _("They are apart"), _(
            "What this browser did no longer counts for this person. Their orders stay theirs."
        )
    return _("Taken back"), _("Orders and sign-ins decide again whose browser this is.")


def refusal(error: DomainError) -> str:
    """Why two persons cannot be merged."""
    if error.code == "not_found":
        return _("One of these ids belongs to nobody here. Check them and try again.")
    return str(SIDES.get(error.code) or words.sentence(error.detail))
