"""Keys with scopes and rotation, and the audit log's chain."""

revision = "0005_keys_and_audit"
down_revision = "0004_accounts"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
