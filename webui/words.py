"""The words people read for states, events and reasons. Colour only helps; the word says it."""

from __future__ import annotations

from dataclasses import dataclass

from flask_babel import get_locale, ngettext
from flask_babel import gettext as _
from flask_babel import lazy_gettext as later

from adrail import Phrase
from core.delivery.api import LedgerCounts
from core.errors import DomainError
from core.languages import DEFAULT
from webui import formats


@dataclass(frozen=True, slots=True)
class State:
    """A state's word and its tone: ``good``, ``wait``, ``bad`` or ``calm``."""

    word: str
    tone: str


EVENTS = {
    "page_view": later("Page view"),
    "event_view": later("Event page view"),
    "search_performed": later("Search"),
    "add_to_cart": later("Add to cart"),
    "checkout_started": later("Checkout started"),
    "payment_method_selected": later("Payment method chosen"),
    "order_completed": later("Purchase"),
}
SHORT_EVENTS = {
    "page_view": later("pages"),
    "event_view": later("view"),
    "search_performed": later("search"),
    "add_to_cart": later("cart"),
    "checkout_started": later("checkout"),
    "payment_method_selected": later("payment"),
    "order_completed": later("purchase"),
}
PURPOSES = {
    "marketing": later("Marketing"),
    "analytics": later("Statistics"),
    "data_processing": later("Data processing"),
    "necessary": later("Necessary"),
}
DELIVERY_STATES = {
    "accepted": State(later("Accepted"), "good"),
    "pending": State(later("Waiting"), "wait"),
    "ignored": State(later("Not sent"), "calm"),
    "dead": State(later("Needs you"), "bad"),
}
REASONS = {
    "no_consent": later("The visitor did not agree"),
    "consent_withdrawn": later("The visitor withdrew consent"),
    "bot": later("A robot, not a person"),
    "code_disabled": later("The code is switched off"),
    "too_old": later("Too old for the platform"),
    "not_taken": later("The platform does not take it from our server"),
    "retrying": later("Tried again by itself"),
    "throttled": later("The platform asked for a pause"),
    "needs_reconnect": later("Until you reconnect"),
    "connection_paused": later("While the account is paused"),
    "submitted": later("The platform is deciding"),
    "replayed": later("Sent again by a person"),
    "invalid": later("The platform refused it"),
    "gave_up": later("Tried for three days"),
}
OUTCOMES = {
    "accepted": State(later("Accepted"), "good"),
    "submitted": State(later("Handed over"), "wait"),
    "ignored": State(later("Not sent"), "calm"),
    "retry": State(later("Did not get through"), "wait"),
    "throttled": State(later("Asked to slow down"), "wait"),
    "invalid": State(later("Refused"), "bad"),
    "auth": State(later("Access refused"), "bad"),
    "gave_up": State(later("Given up"), "bad"),
    "replay": State(later("Sent again by a person"), "calm"),
}
CONNECTION_STATES = {
    "active": State(later("Connected"), "good"),
    "needs_reconnect": State(later("Reconnect"), "bad"),
    "paused": State(later("Paused"), "wait"),
}
MAIL_STATES = {
    "queued": State(later("Waiting"), "wait"),
    "sent": State(later("Sent"), "good"),
    "failed": State(later("Not delivered"), "bad"),
    "kept": State(later("Kept, not sent"), "calm"),
}
LIVE_EVENT_STATES = {
    "draft": State(later("Draft"), "calm"),
    "on_sale": State(later("On sale"), "good"),
    "sold_out": State(later("Sold out"), "wait"),
    "postponed": State(later("Postponed"), "wait"),
    "cancelled": State(later("Cancelled"), "bad"),
    "ended": State(later("Over"), "calm"),
}


def event(canonical: str) -> str:
    """Return what a canonical conversion is called."""
    return str(EVENTS.get(canonical, plain(canonical)))


def events(canonical: tuple[str, ...] | list[str]) -> str:
    """Return a short list of canonical conversions, «everything» when nothing is left out."""
    if set(canonical) >= set(EVENTS):
        return _("everything")
    return ", ".join(str(SHORT_EVENTS.get(name, plain(name).lower())) for name in canonical) or _("nothing")


def purpose(name: str) -> str:
    """Return what a consent purpose is called."""
    return str(PURPOSES.get(name, plain(name)))


def reason(code: str | None) -> str:
    """Return why a conversion was not sent or waits."""
    return str(REASONS.get(code, plain(code))) if code else ""


def delivery_state(state: str) -> State:
    """Return the word for a delivery's state."""
    return DELIVERY_STATES.get(state, State(plain(state), "calm"))


def outcome(name: str) -> State:
    """Return the word for what one attempt came to."""
    return OUTCOMES.get(name, State(plain(name), "calm"))


def connection_state(state: str) -> State:
    """Return the word for a connection's state."""
    return CONNECTION_STATES.get(state, State(plain(state), "calm"))


def mail_state(state: str) -> State:
    """Return the word for a mail's state."""
    return MAIL_STATES.get(state, State(plain(state), "calm"))


def live_event_state(status: str) -> State:
    """Return the word for a live event's status."""
    return LIVE_EVENT_STATES.get(status, State(plain(status), "calm"))


def not_sent(counts: LedgerCounts) -> str:
    """Return how many were not sent, and that visitors did not agree when that explains most of them."""
    refused = sum(counts.reasons.get(name, 0) for name in ("no_consent", "consent_withdrawn"))
    many = formats.number(counts.ignored, str(get_locale() or DEFAULT))
    if 2 * refused <= counts.ignored:
        return ngettext("%(count)s was not sent.", "%(count)s were not sent.", counts.ignored, count=many)
    if refused < counts.ignored:
        return ngettext(
            "%(count)s was not sent, mostly because visitors did not agree.",
            "%(count)s were not sent, mostly because visitors did not agree.",
            counts.ignored,
            count=many,
        )
    return ngettext(
        "%(count)s was not sent, because the visitor did not agree.",
        "%(count)s were not sent, because visitors did not agree.",
        counts.ignored,
        count=many,
    )


def plain(code: str) -> str:
    """Return a code we have no words for as readable as it gets."""
    return code.replace("_", " ").strip().capitalize()


def translated(text: str) -> str:
    """Return what core or a plugin says, in the reader's language where a catalogue knows it."""
    if isinstance(text, Phrase):
        return _(text.template) % text.values
    return _(text) if text else ""


def sentence(text: str) -> str:
    """Return what core or a plugin says as a sentence of its own, in the reader's language."""
    said = translated(text).strip()
    return f"{said[:1].upper()}{said[1:]}{'' if said.endswith(('.', '!', '?')) else '.'}" if said else ""


def said_of(error: DomainError) -> str:
    """Return why something was refused, in the reader's language: the first wrong field, else the whole."""
    return sentence(error.errors[0].message if error.errors else error.detail)


def wrong_fields(error: DomainError) -> dict[str, str]:
    """Return what is wrong with each field of a form, in the reader's language."""
    return {item.pointer.strip("/"): sentence(item.message) for item in error.errors}
