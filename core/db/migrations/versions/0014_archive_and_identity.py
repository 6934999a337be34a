"""The archive of old events, what people decided about visitors, and whose events are to be attributed anew."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0014_archive_and_identity"
down_revision = "0016_shop_words"
branch_labels = None
depends_on = None

OWN = "tenant_id = nullif(current_setting('adrail.tenant_id', true), '')::bigint"
TABLES = ("event_archive_parts", "archive_references", "tx_identity_decisions", "tx_stale_visitors")
# As its maker, it runs as the schema owner: only that one may drop a partition. Not a row is lost: under the lock
# nobody can add one, and a partition that holds any stays.
DROP_FUNCTION = """
CREATE FUNCTION adrail_drop_events_partition(month date) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  name text := 'tx_events_p' || to_char(date_trunc('month', month), 'YYYYMM');
  filled boolean;
BEGIN
  IF to_regclass('public.' || name) IS NULL THEN
    RETURN false;
  END IF;
  EXECUTE 'LOCK TABLE ONLY tx_events IN ACCESS EXCLUSIVE MODE';
  EXECUTE format('LOCK TABLE %I IN ACCESS EXCLUSIVE MODE', name);
  EXECUTE format('ALTER TABLE %I NO FORCE ROW LEVEL SECURITY', name);
  EXECUTE format('SELECT EXISTS (SELECT 1 FROM %I)', name) INTO filled;
  IF filled THEN
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
    RETURN false;
  END IF;
  EXECUTE format('DROP TABLE %I', name);
  RETURN true;
END $$
"""
SIGNATURE = "adrail_drop_events_partition(date)"


def upgrade() -> None:
    op.create_table(
        "event_archive_parts",
        *_head(),
        sa.Column("month", sa.Date(), nullable=False, comment="its first day, in UTC"),
        sa.Column("path", sa.Text(), nullable=False, comment="below the archive's place"),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("rows", sa.Integer(), server_default="0", nullable=False),
        sa.Column("checksum", sa.Text(), nullable=True, comment="of the rows, whatever their order"),
        sa.Column("sha256", sa.Text(), nullable=True, comment="of the file"),
        sa.Column("bytes", sa.BigInteger(), nullable=True),
        sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("restored_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("kept_until", sa.DateTime(timezone=True), nullable=True),
        _created(),
        sa.CheckConstraint("state IN ('writing', 'archived', 'restored')", name=op.f("ck_event_archive_parts_state")),
        *_tail("event_archive_parts"),
    )
    op.create_index(op.f("ix_event_archive_parts_tenant_id_month"), "event_archive_parts", ["tenant_id", "month"])
    op.create_table(
        "archive_references",
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False, comment="visitor or session"),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("reference", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=op.f("fk_archive_references_tenant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("tenant_id", "kind", "subject", name=op.f("pk_archive_references")),
        sa.UniqueConstraint("tenant_id", "reference", name=op.f("uq_archive_references_tenant_id_reference")),
    )
    op.create_table(
        "tx_identity_decisions",
        *_head(),
        sa.Column("visitor_id", sa.Text(), nullable=False),
        sa.Column("person_external_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.Text(), nullable=False, comment="label of the actor"),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_by", sa.Text(), nullable=True),
        _created(),
        sa.CheckConstraint("kind IN ('link', 'unlink')", name=op.f("ck_tx_identity_decisions_kind")),
        sa.CheckConstraint("(kind = 'link') = (since IS NOT NULL)", name=op.f("ck_tx_identity_decisions_since")),
        *_tail("tx_identity_decisions"),
    )
    op.create_index(
        "uq_tx_identity_decisions_standing",
        "tx_identity_decisions",
        ["tenant_id", "visitor_id", "person_external_id", "kind"],
        unique=True,
        postgresql_where=sa.text("revoked_at IS NULL"),
    )
    op.create_table(
        "tx_stale_visitors",
        *_head(),
        sa.Column("visitor_id", sa.Text(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=True),
        *_tail("tx_stale_visitors"),
    )
    op.create_index(op.f("ix_tx_stale_visitors_tenant_id_visitor_id"), "tx_stale_visitors", ["tenant_id", "visitor_id"])
    for table in TABLES:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY tenant_isolation ON {table} USING ({OWN}) WITH CHECK ({OWN})")
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO adrail_app")
        op.execute(f"GRANT ALL ON {table} TO adrail_maintainer")
    op.execute(DROP_FUNCTION)
    op.execute(f"REVOKE ALL ON FUNCTION {SIGNATURE} FROM PUBLIC")
    op.execute(f"GRANT EXECUTE ON FUNCTION {SIGNATURE} TO adrail_maintainer")
    # Whoever was linked before has events that nobody looked at yet.
    op.execute("SET LOCAL ROLE adrail_maintainer")
    op.execute(
        "INSERT INTO tx_stale_visitors (tenant_id, visitor_id) SELECT DISTINCT tenant_id, visitor_id FROM tx_identity_links"
    )
    op.execute("SET LOCAL ROLE adrail_owner")


def _head() -> tuple[sa.Column[Any], sa.Column[Any]]:
    return (
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
    )


def _created() -> sa.Column[Any]:
    return sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False)


def _tail(table: str) -> tuple[sa.ForeignKeyConstraint, sa.PrimaryKeyConstraint]:
    return (
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f(f"fk_{table}_tenant_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
    )


def downgrade() -> None:
    op.execute(f"DROP FUNCTION {SIGNATURE}")
    for table in reversed(TABLES):
        op.drop_table(table)
