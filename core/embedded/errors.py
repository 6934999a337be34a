"""What can go wrong with the servers adrail runs or is given; each message says what to do."""

from __future__ import annotations


class EmbeddedServerError(Exception):
    """A server or process adrail depends on cannot be started, stopped or used."""


class DataDirError(EmbeddedServerError):
    """The data directory cannot be used as it is."""


class DataDirInUseError(DataDirError):
    """Another start of adrail holds the data directory."""


class ServerRequirementError(EmbeddedServerError):
    """A given PostgreSQL or Valkey/Redis does not do what adrail relies on."""
