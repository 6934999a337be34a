"""Mails to staff."""

import sqlalchemy as sa
from alembic import op

revision = "0003_mails"
down_revision = "0002_row_level_security"
branch_labels = None
depends_on = None

OWN = "tenant_id = nullif(current_setting('adrail.tenant_id', true), '')::bigint"


def upgrade() -> None:
    op.create_table(
        "mails",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("recipient_ciphertext", sa.LargeBinary(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("dedup_key", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default="queued", nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True, comment="what the mail server answered, without addresses"),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f("fk_mails_tenant_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_mails_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mails")),
        sa.UniqueConstraint("tenant_id", "dedup_key", name=op.f("uq_mails_tenant_id_dedup_key")),
    )
    op.create_index("ix_mails_topic", "mails", ["tenant_id", "topic"])
    op.create_index("ix_mails_due", "mails", ["next_attempt_at"], postgresql_where=sa.text("state = 'queued'"))
    op.execute("ALTER TABLE mails ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE mails FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY tenant_isolation ON mails USING ({OWN}) WITH CHECK ({OWN})")
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON mails TO adrail_app")
    op.execute("GRANT ALL ON mails TO adrail_maintainer")


def downgrade() -> None:
    op.drop_table("mails")
