"""How a tracking code appears in a list: its state in a word, where it applies, when it was last heard."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext as _
from flask_babel import lazy_gettext as later

from core.codes.api import CodeView
from webui import session, words
from webui.words import State

WORKING = State(later("Working"), "good")
OFF = State(later("Off"), "calm")
RECONNECT = State(later("Reconnect"), "bad")
PAUSED = State(later("Paused"), "wait")
WAITING = State(later("Waiting for a visit"), "wait")


@dataclass(frozen=True, slots=True)
class CodeRow:
    """A code with its words. ``server`` is a sentence part instead of a time; ``sent_at`` the time, if any."""

    code: CodeView
    state: State
    place: str
    events: str
    server: str
    sent_at: datetime | None

    @property
    def browser_only(self) -> bool:
        """Whether nothing is sent from the server because there is no token."""
        return not self.code.has_server

    @property
    def stopped(self) -> bool:
        """Whether the server side stands still until somebody acts."""
        return self.state is RECONNECT


def row(code: CodeView, sent_at: datetime | None) -> CodeRow:
    """Return a code with its words; ``sent_at`` is when the platform last accepted something for it."""
    return CodeRow(
        code=code,
        state=_state(code, sent_at),
        place=place(code),
        events=words.events(code.conversion_events),
        server=_server(code, sent_at),
        sent_at=sent_at,
    )


def rows(codes: Iterable[CodeView], sent: Mapping[int, datetime]) -> list[CodeRow]:
    """Return rows of a list; ``sent`` holds the last accepted send by code."""
    return [row(code, sent.get(code.id)) for code in codes]


def place(code: CodeView) -> str:
    """Return where a code applies, in words."""
    if code.live_event_title:
        return code.live_event_title
    if code.level == "organizer":
        reader = session.profile_or_none()
        return _("All my events") if reader and reader.actor.organizer_id is not None else _("All events")
    return _("The whole marketplace")


def _state(code: CodeView, sent_at: datetime | None) -> State:
    if not code.enabled:
        return OFF
    if code.connection_state == "needs_reconnect":
        return RECONNECT
    if code.connection_state == "paused":
        return PAUSED
    if code.last_browser_hit_at is None and sent_at is None:
        return WAITING
    return WORKING


def _server(code: CodeView, sent_at: datetime | None) -> str:
    if not code.has_server:
        return _("browser only")
    if code.connection_state == "needs_reconnect":
        return _("stopped")
    if code.connection_state == "paused":
        return _("paused")
    return "" if sent_at else _("not yet")
