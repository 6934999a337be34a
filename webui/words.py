"""The words people read for states, events and reasons. Colour only helps; the word says it."""

from __future__ import annotations

from dataclasses import dataclass

from core.delivery.api import LedgerCounts


@dataclass(frozen=True, slots=True)
class State:
    """A state's word and its tone: ``good``, ``wait``, ``bad`` or ``calm``."""

    word: str
    tone: str


EVENTS = {
    "page_view": "Page view",
    "event_view": "Event page view",
    "search_performed": "Search",
    "add_to_cart": "Add to cart",
    "checkout_started": "Checkout started",
    "payment_method_selected": "Payment method chosen",
    "order_completed": "Purchase",
}
SHORT_EVENTS = {
    "page_view": "pages",
    "event_view": "view",
    "search_performed": "search",
    "add_to_cart": "cart",
    "checkout_started": "checkout",
    "payment_method_selected": "payment",
    "order_completed": "purchase",
}
PURPOSES = {
    "marketing": "Marketing",
    "analytics": "Statistics",
    "data_processing": "Data processing",
    "necessary": "Necessary",
}
DELIVERY_STATES = {
    "accepted": State("Accepted", "good"),
    "pending": State("Waiting", "wait"),
    "ignored": State("Not sent", "calm"),
    "dead": State("Needs you", "bad"),
}
REASONS = {
    "no_consent": "The visitor did not agree",
    "consent_withdrawn": "The visitor withdrew consent",
    "bot": "A robot, not a person",
    "code_disabled": "The code is switched off",
    "too_old": "Too old for the platform",
    "not_taken": "The platform does not take it from our server",
    "retrying": "Tried again by itself",
    "throttled": "The platform asked for a pause",
    "needs_reconnect": "Until you reconnect",
    "connection_paused": "While the account is paused",
    "submitted": "The platform is deciding",
    "replayed": "Sent again by a person",
    "invalid": "The platform refused it",
    "gave_up": "Tried for three days",
}
OUTCOMES = {
    "accepted": State("Accepted", "good"),
    "submitted": State("Handed over", "wait"),
    "ignored": State("Not sent", "calm"),
    "retry": State("Did not get through", "wait"),
    "throttled": State("Asked to slow down", "wait"),
    "invalid": State("Refused", "bad"),
    "auth": State("Access refused", "bad"),
    "gave_up": State("Given up", "bad"),
    "replay": State("Sent again by a person", "calm"),
}
CONNECTION_STATES = {
    "active": State("Connected", "good"),
    "needs_reconnect": State("Reconnect", "bad"),
    "paused": State("Paused", "wait"),
}
MAIL_STATES = {
    "queued": State("Waiting", "wait"),
    "sent": State("Sent", "good"),
    "failed": State("Not delivered", "bad"),
    "kept": State("Kept, not sent", "calm"),
}
LIVE_EVENT_STATES = {
    "draft": State("Draft", "calm"),
    "on_sale": State("On sale", "good"),
    "sold_out": State("Sold out", "wait"),
    "postponed": State("Postponed", "wait"),
    "cancelled": State("Cancelled", "bad"),
    "ended": State("Over", "calm"),
}


def event(canonical: str) -> str:
    """Return what a canonical conversion is called."""
    return EVENTS.get(canonical, plain(canonical))


def events(canonical: tuple[str, ...] | list[str]) -> str:
    """Return a short list of canonical conversions, «everything» when nothing is left out."""
    if set(canonical) >= set(EVENTS):
        return "everything"
    return ", ".join(SHORT_EVENTS.get(name, plain(name).lower()) for name in canonical) or "nothing"


def purpose(name: str) -> str:
    """Return what a consent purpose is called."""
    return PURPOSES.get(name, plain(name))


def reason(code: str | None) -> str:
    """Return why a conversion was not sent or waits."""
    return REASONS.get(code, plain(code)) if code else ""


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


def mostly(counts: LedgerCounts) -> str:
    """Return « because visitors did not agree» when that explains most of what was not sent."""
    refused = sum(counts.reasons.get(name, 0) for name in ("no_consent", "consent_withdrawn"))
    if 2 * refused <= counts.ignored:
        return ""
    return f", {'' if refused == counts.ignored else 'mostly '}because visitors did not agree"


def plain(code: str) -> str:
    """Return a code we have no words for as readable as it gets."""
    return code.replace("_", " ").strip().capitalize()


def count(number: int, one: str, many: str) -> str:
    """Return «1 purchase» or «14 purchases»."""
    return f"{number:,} {one if number == 1 else many}"
