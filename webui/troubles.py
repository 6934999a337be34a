"""What a person must mend: one calm card each, with its remedy as a button."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from flask import url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from core.accounts.api import Actor
from core.codes.api import CodeView, list_codes
from core.connections.api import ConnectionView, list_connections
from core.delivery.api import ledger
from webui import formats, platforms, session
from webui.codes.rows import place

MOST = 200
SHOWN = 5
BROKEN = "needs_reconnect"


@dataclass(frozen=True, slots=True)
class Trouble:
    """One problem: what stopped, why and since when, what it means, and where to mend it."""

    title: str
    reason: str
    since: datetime
    meaning: str
    address: str
    remedy: str


def troubles(actor: Actor) -> list[Trouble]:
    """Return the accounts that need new tokens, at most five."""
    if not session.may("manage_connections"):
        return []
    broken = [item for item in list_connections(actor, limit=MOST).items if item.state == BROKEN]
    if not broken:
        return []
    places = {code.connection_id: _where(code) for code in list_codes(actor, limit=MOST).items}
    return [_trouble(actor, item, places.get(item.id)) for item in broken[:SHOWN]]


def _trouble(actor: Actor, connection: ConnectionView, where: str | None) -> Trouble:
    name = platforms.mark(connection.provider).name
    account = formats.public_id(connection.account_id)
    waiting = ledger(actor, connection_id=connection.id).pending
    if waiting:
        meaning = ngettext(
            "%(count)s conversion is waiting and will be sent, with the original time, once you reconnect.",
            "%(count)s conversions are waiting and will be sent, with the original time, once you reconnect.",
            waiting,
            count=formats.number(waiting, session.locale()),
        )
    else:
        meaning = _("What happens from now on waits and will be sent once you reconnect.")
    return Trouble(
        title=_("%(platform)s stopped accepting conversions for %(place)s.", platform=name, place=where or account),
        reason=reason(connection),
        since=connection.state_since,
        meaning=meaning,
        address=url_for("connections.show_connection", connection_id=connection.id),
        remedy=_("Reconnect %(platform)s", platform=name),
    )


def _where(code: CodeView) -> str:
    where = place(code)
    return where if code.live_event_title else f"{where[:1].lower()}{where[1:]}"


def reason(connection: ConnectionView) -> str:
    """Return in plain words why a connection stands still."""
    explained = platforms.explained(connection.provider, connection.state_code)
    return explained[0] if explained else connection.state_reason or _("The token is no longer valid.")
