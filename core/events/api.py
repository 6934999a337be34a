"""The door of the event store."""

from core.events.identity import (
    VisitorLink,
    linked_persons,
    move_person,
    update_links,
    visitor_counts,
    visitors_of,
)
from core.events.outbox import (
    CHANNEL,
    CONFIG_CHANGED,
    LIVE_EVENT_STATUS,
    TRACKING_EVENT,
    emit,
    emit_config_change,
    emit_status_changes,
)
from core.events.probing import is_stored, remove_event
from core.events.rejects import Reject, store_rejects
from core.events.sessions import erase_old_seals, update_sessions
from core.events.stream import Entry, StreamFullError, TooOftenError, append, decode, encode, ensure_group, shards
from core.events.visits import VisitContext, last_snapshots, visit_context
from core.events.writer import EventRow, stage, store

__all__ = [
    "CHANNEL",
    "CONFIG_CHANGED",
    "LIVE_EVENT_STATUS",
    "TRACKING_EVENT",
    "Entry",
    "EventRow",
    "Reject",
    "StreamFullError",
    "TooOftenError",
    "VisitContext",
    "VisitorLink",
    "append",
    "decode",
    "emit",
    "emit_config_change",
    "emit_status_changes",
    "encode",
    "ensure_group",
    "erase_old_seals",
    "is_stored",
    "last_snapshots",
    "linked_persons",
    "move_person",
    "remove_event",
    "shards",
    "stage",
    "store",
    "store_rejects",
    "update_links",
    "update_sessions",
    "visit_context",
    "visitor_counts",
    "visitors_of",
]
