"""Payments: endpoints that providers report to, what they reported, and whose an endpoint is."""

import sqlalchemy as sa
from alembic import op

revision = "0015_payments"
down_revision = "0014_archive_and_identity"
branch_labels = None
depends_on = None

OWN = "tenant_id = nullif(current_setting('adrail.tenant_id', true), '')::bigint"
TABLES = ("payment_endpoints", "payment_notices")

# Owned by the maintainer: a webhook brings the marketplace's public name and nothing else to find its secret by.
FIND_ENDPOINT = """
CREATE FUNCTION adrail_find_payment_endpoint(wanted_slug text, wanted_provider text)
RETURNS TABLE (tenant_id bigint, secret_sealed bytea, previous_sealed bytea)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT e.tenant_id, e.secret_sealed, CASE WHEN e.previous_until > now() THEN e.previous_sealed END
  FROM payment_endpoints e JOIN tenants t ON t.id = e.tenant_id
  WHERE t.slug = wanted_slug AND t.status = 'active' AND e.provider = wanted_provider $$
"""


def upgrade() -> None:
    op.create_table(
        "payment_endpoints",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("secret_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("secret_set_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("previous_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("previous_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("received", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("unused", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("last_received_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_refused_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.Column("problem_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=op.f("fk_payment_endpoints_tenant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment_endpoints")),
        sa.UniqueConstraint("tenant_id", "provider", name=op.f("uq_payment_endpoints_tenant_id_provider")),
    )
    op.create_table(
        "payment_notices",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("provider_event_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("payment_reference", sa.Text(), nullable=False),
        sa.Column("transition_id", sa.Text(), nullable=False),
        sa.Column("order_external_id", sa.Text(), nullable=True),
        sa.Column("amount", sa.Numeric(18, 4), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("failure_code", sa.Text(), nullable=True),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("state", sa.Text(), server_default="waiting", nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("tracking_event_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=op.f("fk_payment_notices_tenant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment_notices")),
        sa.UniqueConstraint(
            "tenant_id",
            "provider",
            "provider_event_id",
            name=op.f("uq_payment_notices_tenant_id_provider_provider_event_id"),
        ),
    )
    op.create_index("ix_payment_notices_payment", "payment_notices", ["tenant_id", "provider", "payment_reference"])
    op.create_index("ix_payment_notices_order", "payment_notices", ["tenant_id", "order_external_id"])
    op.create_index(
        "ix_payment_notices_open",
        "payment_notices",
        ["tenant_id", "id"],
        postgresql_where=sa.text("state <> 'matched'"),
    )
    for table in TABLES:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY tenant_isolation ON {table} USING ({OWN}) WITH CHECK ({OWN})")
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO adrail_app")
        op.execute(f"GRANT ALL ON {table} TO adrail_maintainer")
    op.execute("SET LOCAL ROLE adrail_maintainer")
    op.execute(FIND_ENDPOINT)
    op.execute("REVOKE ALL ON FUNCTION adrail_find_payment_endpoint(text, text) FROM PUBLIC")
    op.execute("GRANT EXECUTE ON FUNCTION adrail_find_payment_endpoint(text, text) TO adrail_app")
    op.execute("SET LOCAL ROLE adrail_owner")


def downgrade() -> None:
    op.execute("SET LOCAL ROLE adrail_maintainer")
    op.execute("DROP FUNCTION adrail_find_payment_endpoint(text, text)")
    op.execute("SET LOCAL ROLE adrail_owner")
    for table in reversed(TABLES):
        op.drop_table(table)
