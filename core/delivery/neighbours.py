"""The columns of other features' tables that the delivery log joins with; reading only."""

from sqlalchemy import BigInteger, Text, column, table

ORGANIZERS = table("organizers", column("id", BigInteger), column("name", Text))
LIVE_EVENTS = table("live_events", column("tenant_id", BigInteger), column("external_id", Text), column("title", Text))
CONNECTIONS = table("connections", column("id", BigInteger), column("state", Text))
