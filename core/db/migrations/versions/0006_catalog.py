"""The rest of the catalogue."""

revision = "0006_catalog"
down_revision = "0005_keys_and_audit"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
