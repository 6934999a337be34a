"""Words for orders: states, steps, periods."""

from __future__ import annotations

from flask_babel import lazy_gettext as later

from webui.words import State, translated

STATES = {
    "pending": State(later("Not paid yet"), "wait"),
    "completed": State(later("Paid"), "good"),
    "partially_refunded": State(later("Partly paid back"), "calm"),
    "refunded": State(later("Paid back"), "calm"),
    "cancelled": State(later("Cancelled"), "calm"),
    "charged_back": State(later("Charged back"), "bad"),
}
STEPS = {
    "completed": later("Paid"),
    "partially_refunded": later("Part of it was paid back"),
    "refunded": later("All of it was paid back"),
    "cancelled": later("Cancelled"),
    "charged_back": later("The buyer’s bank took the money back"),
}
PERIODS = {"7": later("Last 7 days"), "30": later("Last 30 days"), "365": later("Last 12 months")}


def state(status: str) -> State:
    """The word for an order's status."""
    return STATES.get(status) or State(translated(status), "calm")


def step(status: str) -> str:
    """The sentence for a change of state."""
    return str(STEPS.get(status, status))
