"""Imports that can be resumed."""

revision = "0008_imports"
down_revision = "0007_persons_and_orders"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
