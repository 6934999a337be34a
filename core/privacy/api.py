"""The door of privacy: append to the consent ledger and read what holds."""

from core.privacy.ledger import (
    DIRECT_SOURCE,
    PURPOSES,
    ConsentStatement,
    append_statements,
    current_consent,
    denied_after,
    explicit_grants,
    record_statements,
)

__all__ = [
    "DIRECT_SOURCE",
    "PURPOSES",
    "ConsentStatement",
    "append_statements",
    "current_consent",
    "denied_after",
    "explicit_grants",
    "record_statements",
]
