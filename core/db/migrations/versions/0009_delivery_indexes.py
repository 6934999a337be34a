"""Indexes for the delivery log of one live event, the ledger, and erasing what was sent.

Building them takes about five seconds per million deliveries, in which events wait on their stream and nothing is
lost. Who has very many can build them beforehand, as the owner, with the statements below and ``CONCURRENTLY``.
"""

import sqlalchemy as sa
from alembic import op

revision = "0009_delivery_indexes"
down_revision = "0008_imports"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_conversion_deliveries_live_event",
        "conversion_deliveries",
        ["tenant_id", "live_event_id", "id"],
        postgresql_where=sa.text("live_event_id IS NOT NULL"),
        if_not_exists=True,
    )
    op.create_index(
        "ix_conversion_deliveries_several",
        "conversion_deliveries",
        ["tenant_id", "id"],
        postgresql_where=sa.text("order_id IS NOT NULL AND live_event_id IS NULL"),
        if_not_exists=True,
    )
    op.create_index(
        "ix_conversion_deliveries_ledger",
        "conversion_deliveries",
        ["tenant_id", "organizer_id", "received_at"],
        postgresql_include=["state", "reason", "canonical", "provider"],
        if_not_exists=True,
    )
    op.create_index(
        "ix_delivery_attempts_sent",
        "delivery_attempts",
        ["at"],
        postgresql_where=sa.text("sent IS NOT NULL"),
        if_not_exists=True,
    )


def downgrade() -> None:
    op.drop_index("ix_delivery_attempts_sent", "delivery_attempts")
    op.drop_index("ix_conversion_deliveries_ledger", "conversion_deliveries")
    op.drop_index("ix_conversion_deliveries_several", "conversion_deliveries")
    op.drop_index("ix_conversion_deliveries_live_event", "conversion_deliveries")
