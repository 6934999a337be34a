"""The columns of other features' tables that accounts look at; reading only."""

from collections.abc import Mapping

from sqlalchemy import BigInteger, TableClause, Text, column, table

LIVE_EVENTS = table(
    "live_events",
    column("tenant_id", BigInteger),
    column("external_id", Text),
    column("organizer_id", BigInteger),
)
SUBJECT_ROWS: Mapping[str, TableClause] = {
    kind: table(name, column("tenant_id", BigInteger), column("external_id", Text), column("name", Text))
    for kind, name in (("artist", "artists"), ("venue", "venues"), ("organizer", "organizers"))
}
"""Kinds of subjects that the catalogue knows; the others are known to the marketplace alone."""
