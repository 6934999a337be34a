"""The numbers of PostgreSQL's advisory locks: each stands for one thing only, hence all in one place."""

from __future__ import annotations

from enum import IntEnum, unique


@unique
class Lock(IntEnum):
    """What is done by one at a time; those of a marketplace take its id as their second number."""

    PARTITIONS = 20262026
    INSTALLATION_KEY = 20262027
    AUDIT_LOG = 20262028
    PERSON_MERGES = 20262029
    MEMBERS = 20262030
    OWN_EVENTS = 20262031
    AUDIT_ANCHORS = 20262032
    EVENT_ARCHIVE = 20262033
    SALES_SUMS = 20262045
    MIGRATIONS = 0x616472_61696C
