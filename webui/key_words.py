"""The words people read for kinds, scopes and states of keys."""

from __future__ import annotations

from flask_babel import lazy_gettext as later

from core.accounts.api import KeyView
from webui.words import State, plain

KINDS = {
    "server": later("Server key"),
    "organizer": later("Organiser token"),
    "scanner": later("Scanner key"),
}
PURPOSES = {
    "server": later("For the marketplace’s own backend: orders, catalogue, trusted events."),
    "organizer": later("For an organiser, or an agency that works for one: its own codes and deliveries."),
    "scanner": later("For one device at one gate of one live event. It can send scans, nothing else."),
}
SCOPES = {
    "collect": later("Send trusted events"),
    "collect_scans": later("Send scans of its gate"),
    "place_orders": later("Report orders and refunds"),
    "view_orders": later("Read orders"),
    "view_persons": later("Read persons"),
    "manage_catalog": later("Change the catalogue"),
    "view_events": later("Read live events"),
    "create_events": later("Add and change its own live events"),
    "manage_tracking_codes": later("Change tracking codes"),
    "manage_connections": later("Change connections, and send dead deliveries again"),
    "view_deliveries": later("Read deliveries"),
    "view_collection": later("Read refused events and how much arrives"),
    "manage_collection": later("Repair refused events, define own events"),
    "view_audit": later("Read the audit log"),
    "manage_users": later("Invite, change and remove people"),
    "manage_keys": later("Make, replace and revoke keys"),
}
STATES = {
    "active": (later("Works"), "good"),
    "ending": (later("Replaced"), "wait"),
    "expired": (later("Expired"), "calm"),
    "revoked": (later("Revoked"), "calm"),
}


def scope(name: str) -> str:
    """Return what a scope lets a key do."""
    return str(SCOPES.get(name) or plain(name))


def kind(name: str) -> str:
    """Return what a kind of key is called."""
    return str(KINDS.get(name) or plain(name))


def purpose(name: str) -> str:
    """Return what a kind of key is for."""
    return str(PURPOSES.get(name, ""))


def state(key: KeyView) -> State:
    """Return the word for a key's state."""
    word, tone = STATES[key.state]
    return State(str(word), tone)
