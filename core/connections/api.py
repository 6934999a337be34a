"""The door of connections: the only module other features import."""

from core.connections.health import check
from core.connections.queries import find, get_connection, list_connections, open_for_sending, views
from core.connections.rewrapping import dead_secrets, rewrap_secrets, secret_keys
from core.connections.service import (
    link,
    mark_needs_reconnect,
    mark_working,
    pause,
    replace_secrets,
    resume,
    throttle,
)
from core.connections.views import ConnectionView, OpenConnection

__all__ = [
    "ConnectionView",
    "OpenConnection",
    "check",
    "dead_secrets",
    "find",
    "get_connection",
    "link",
    "list_connections",
    "mark_needs_reconnect",
    "mark_working",
    "open_for_sending",
    "pause",
    "replace_secrets",
    "resume",
    "rewrap_secrets",
    "secret_keys",
    "throttle",
    "views",
]
