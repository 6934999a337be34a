"""The audit log in sentences: who did what to what, in the reader's language, instead of codes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as later

from core.accounts.api import AuditLine
from webui import key_words
from webui.words import plain

SENTENCES: Mapping[str, Any] = {
    "archive.keep": later("%(who)s chose how long events stay before they are archived"),
    "connection.paused": later("%(who)s paused %(what)s"),
    "connection.resumed": later("%(who)s resumed %(what)s"),
    "connection.secret_set": later("%(who)s gave %(what)s new credentials"),
    "custom_event.retired": later("%(who)s retired %(what)s"),
    "dead_entry.discarded": later("%(who)s gave up a request that could not be stored"),
    "dead_entry.replayed": later("%(who)s let a request be tried again that could not be stored"),
    "delivery.replayed": later("%(who)s sent deliveries again"),
    "invitation.resent": later("%(who)s sent an invitation again"),
    "invitation.sent": later("%(who)s invited somebody"),
    "invitation.withdrawn": later("%(who)s withdrew an invitation"),
    "key.created": later("%(who)s made %(what)s"),
    "key.revoked": later("%(who)s revoked %(what)s"),
    "key.rotated": later("%(who)s replaced a key: the new one is %(what)s"),
    "member.changed": later("%(who)s changed what a member may do"),
    "member.joined": later("%(who)s joined"),
    "member.removed": later("%(who)s removed a member"),
    "payments.disconnected": later("%(who)s disconnected %(what)s"),
    "payments.secret_retired": later("%(who)s ended the old secret of %(what)s"),
    "payments.secret_set": later("%(who)s stored a signing secret of %(what)s"),
    "permissions.changed": later("%(who)s changed what account types may do"),
    "person.tastes": later("%(who)s sent what persons like"),
    "person.merge": later("%(who)s merged duplicates into %(what)s"),
    "person.not_duplicate": later("%(who)s said that %(what)s is no duplicate"),
    "person.reveal": later("%(who)s looked at the clear data of %(what)s"),
    "person.unmerge": later("%(who)s took the merging of %(what)s back"),
    "rejected_event.discarded": later("%(who)s put refused events away"),
    "rejected_event.replayed": later("%(who)s mended refused events"),
    "session.others_revoked": later("%(who)s ended their other sessions"),
    "session.revoked": later("%(who)s ended a session"),
    "site.write_key_retired": later("%(who)s ended the old write key of %(what)s"),
    "site.write_key_rotated": later("%(who)s replaced the write key of %(what)s"),
    "tenant.created": later("%(who)s created the marketplace"),
    "tier.changed": later("%(who)s changed a subscription"),
    "user.disabled": later("%(who)s blocked %(what)s"),
    "user.enabled": later("%(who)s let %(what)s in again"),
    "user.language_changed": later("%(who)s chose another language"),
    "user.name_changed": later("%(who)s changed their name"),
    "user.password_changed": later("%(who)s changed the password of %(what)s"),
    "user.recovery_codes_renewed": later("%(who)s made new recovery codes"),
    "user.time_zone_changed": later("%(who)s chose another time zone"),
    "user.two_step_off": later("%(who)s switched the second step of signing in off"),
    "user.two_step_on": later("%(who)s switched the second step of signing in on"),
    "verification.asked": later("%(who)s asked for a verification"),
    "verification.decided": later("%(who)s decided on a verification"),
    "verification.set": later("%(who)s set a verification level"),
    "visitor.link": later("%(who)s linked a visitor with %(what)s"),
    "visitor.undo": later("%(who)s took back what was said about a visitor of %(what)s"),
    "visitor.unlink": later("%(who)s said that a visitor is not %(what)s"),
}
VERBS: Mapping[str, Any] = {
    "created": later("%(who)s added %(what)s"),
    "changed": later("%(who)s changed %(what)s"),
    "updated": later("%(who)s changed %(what)s"),
    "deleted": later("%(who)s deleted %(what)s"),
    "restored": later("%(who)s took a change of %(what)s back"),
    "undone": later("%(who)s took a change of %(what)s back"),
    "upserted": later("%(who)s sent rows for %(what)s"),
    "imported": later("%(who)s imported %(what)s"),
}
"""What any kind of thing can go through; a sentence of its own comes first."""
NOUNS: Mapping[str, Any] = {
    "artist": later("the artist %(name)s"),
    "catalog": later("the catalogue (%(name)s)"),
    "connection": later("connection %(name)s"),
    "custom_event": later("the event %(name)s"),
    "genre": later("the genre %(name)s"),
    "affiliate": later("the partner %(name)s"),
    "key": later("the key %(name)s"),
    "live_event": later("the live event %(name)s"),
    "organizer": later("the organiser %(name)s"),
    "payments": later("the payment provider %(name)s"),
    "person": later("person %(name)s"),
    "product": later("the product %(name)s"),
    "shipment": later("the parcel %(name)s"),
    "shop_order": later("the shop order %(name)s"),
    "site": later("the site %(name)s"),
    "ticket_link": later("the other seller %(name)s"),
    "ticket_type": later("the ticket type %(name)s"),
    "tracking_code": later("tracking code %(name)s"),
    "user": later("%(name)s"),
    "venue": later("the venue %(name)s"),
}
PAGES: Mapping[str, tuple[str, str]] = {
    "connection": ("connections.show_connection", "connection_id"),
    "key": ("keys.show", "key_id"),
    "site": ("sites.show_edit", "site_id"),
    "tracking_code": ("codes.show_code", "code_id"),
}
"""Where things have a page of their own: endpoint and the name of its number."""


def is_known(action: str) -> bool:
    """Whether an action has a sentence."""
    return action in SENTENCES or action.rpartition(".")[2] in VERBS


def sentence(line: AuditLine) -> str:
    """Return what happened as one sentence."""
    template = SENTENCES.get(line.action) or VERBS.get(line.action.rpartition(".")[2])
    said = {"who": who(line.actor, line.actor_name), "what": what(line.subject, line.subject_name)}
    if template is None:
        return _("%(who)s: %(did)s, %(what)s", did=did(line.action), **said)
    return str(template) % said


def who(label: str, name: str | None) -> str:
    """Return who acted."""
    kind, _sep, rest = label.partition(":")
    if kind == "user":
        return name or _("Somebody who left")
    if kind == "key":
        return _("The key %(name)s", name=name or rest)
    return _("The command line") if rest == "cli" else _("adrail itself")


def what(label: str, name: str | None) -> str:
    """Return what it was done to."""
    kind, _sep, rest = label.partition(":")
    noun = NOUNS.get(kind)
    return str(noun) % {"name": name or rest} if noun else f"{plain(kind)} {name or rest}".strip()


def did(action: str) -> str:
    """Return an action's name for a list of choices."""
    area, _sep, verb = action.partition(".")
    return f"{plain(area)}: {plain(verb).lower()}" if verb else plain(area)


def address(label: str) -> str | None:
    """Return the address of the page of what something was done to; None when it has none."""
    kind, _sep, number = label.partition(":")
    if kind not in PAGES or not (number.isdecimal() and number.isascii() and len(number) < 19):
        return None
    endpoint, name = PAGES[kind]
    return url_for(endpoint, **{name: int(number)})  # type: ignore[arg-type]


def facts(detail: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the details of an entry as label and text."""
    return [(plain(name), _value(_worded(name, value))) for name, value in sorted(detail.items())]


def _worded(name: str, value: Any) -> Any:
    """Scopes of keys as people read them elsewhere."""
    return [key_words.scope(str(item)) for item in value] if name == "scopes" and isinstance(value, list) else value


def _value(value: Any) -> str:
    if value is None or value in ([], {}):
        return _("none")
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, list):
        return ", ".join(map(_value, value))
    if isinstance(value, dict):
        return "; ".join(f"{plain(str(name))}: {_value(item)}" for name, item in value.items())
    return str(value)
