"""The columns of other features' tables that queries over codes join with; reading only."""

from sqlalchemy import BigInteger, Text, column, table

ORGANIZERS = table(
    "organizers", column("id", BigInteger), column("external_id", Text), column("slug", Text), column("name", Text)
)
LIVE_EVENTS = table(
    "live_events",
    column("id", BigInteger),
    column("external_id", Text),
    column("organizer_id", BigInteger),
    column("slug", Text),
    column("title", Text),
)
