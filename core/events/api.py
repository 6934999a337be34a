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
from core.events.reject_queries import (
    RejectFilter,
    RejectGroup,
    RejectRow,
    count_open_rejects,
    reject_groups,
    reject_totals,
    reject_with_id,
    rejects_of,
)
from core.events.reject_settling import settle_rejects, take_open_rejects
from core.events.rejects import (
    BLOCKED,
    DISCARDED,
    OPEN,
    REJECT_STATES,
    REPLAYED,
    Reject,
    group_key,
    place_of,
    store_rejects,
)
from core.events.sessions import erase_old_seals, update_sessions
from core.events.stream import Entry, StreamFullError, TooOftenError, append, decode, encode, ensure_group, shards
from core.events.visits import VisitContext, last_snapshots, visit_context
from core.events.writer import EventRow, stage, store

__all__ = [
    "BLOCKED",
    "CHANNEL",
    "CONFIG_CHANGED",
    "DISCARDED",
    "LIVE_EVENT_STATUS",
    "OPEN",
    "REJECT_STATES",
    "REPLAYED",
    "TRACKING_EVENT",
    "Entry",
    "EventRow",
    "Reject",
    "RejectFilter",
    "RejectGroup",
    "RejectRow",
    "StreamFullError",
    "TooOftenError",
    "VisitContext",
    "VisitorLink",
    "append",
    "count_open_rejects",
    "decode",
    "emit",
    "emit_config_change",
    "emit_status_changes",
    "encode",
    "ensure_group",
    "erase_old_seals",
    "group_key",
    "is_stored",
    "last_snapshots",
    "linked_persons",
    "move_person",
    "place_of",
    "reject_groups",
    "reject_totals",
    "reject_with_id",
    "rejects_of",
    "remove_event",
    "settle_rejects",
    "shards",
    "stage",
    "store",
    "store_rejects",
    "take_open_rejects",
    "update_links",
    "update_sessions",
    "visit_context",
    "visitor_counts",
    "visitors_of",
]
