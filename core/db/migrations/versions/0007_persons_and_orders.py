"""Persons who are merged, orders in full."""

revision = "0007_persons_and_orders"
down_revision = "0006_catalog"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
