"""The columns of other features' tables that accounts look at; reading only."""

from sqlalchemy import BigInteger, Text, column, table

LIVE_EVENTS = table(
    "live_events",
    column("tenant_id", BigInteger),
    column("external_id", Text),
    column("organizer_id", BigInteger),
)
