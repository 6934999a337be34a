"""Refused events can be grouped, repaired and replayed; own events of marketplaces; how many events arrive."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0013_event_collection"
down_revision = "0010_analytics"
branch_labels = None
depends_on = None

OWN = "tenant_id = nullif(current_setting('adrail.tenant_id', true), '')::bigint"
TABLES = ("custom_events", "collection_days")
REJECTS = "tx_rejected_events"
# As `core.events.rejects.group_key` makes it.
GROUP_OLD = """
UPDATE tx_rejected_events SET group_key = encode(sha256(convert_to(
  code || '|' || coalesce(event_name, '') || '|' || coalesce((
    SELECT string_agg(problem, ',' ORDER BY problem COLLATE "C") FROM (
      SELECT DISTINCT regexp_replace(item ->> 'pointer', '/[0-9]+(?=/|$)', '/*', 'g') || ' ' || (item ->> 'rule')
      FROM jsonb_array_elements(problems) item) AS found(problem)), ''), 'UTF8')), 'hex')
"""


def upgrade() -> None:
    op.add_column(REJECTS, sa.Column("group_key", sa.Text(), server_default="", nullable=False))
    op.add_column(REJECTS, sa.Column("trusted", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.add_column(REJECTS, sa.Column("flags", JSONB(), server_default=sa.text("'{}'"), nullable=False))
    op.add_column(REJECTS, sa.Column("sealed_client", sa.LargeBinary(), nullable=True))
    op.add_column(REJECTS, sa.Column("state", sa.Text(), server_default="open", nullable=False))
    op.add_column(REJECTS, sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column(REJECTS, sa.Column("settled_by", sa.Text(), nullable=True, comment="label of the actor"))
    op.create_check_constraint(
        op.f("ck_tx_rejected_events_state"), REJECTS, "state IN ('open', 'replayed', 'blocked', 'discarded')"
    )
    # Row-level security hides every row from the tables' owner while no marketplace is named.
    op.execute("SET LOCAL ROLE adrail_maintainer")
    op.execute(GROUP_OLD)
    op.execute("SET LOCAL ROLE adrail_owner")
    op.create_index("ix_tx_rejected_events_group", REJECTS, ["tenant_id", "state", "group_key", "id"])
    op.create_table(
        "custom_events",
        *_head(),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("version", sa.SmallInteger(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("sources", JSONB(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("fields", JSONB(), nullable=False),
        sa.Column("example", JSONB(), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("name LIKE 'custom.%'", name=op.f("ck_custom_events_name")),
        *_tail("custom_events"),
        sa.UniqueConstraint("tenant_id", "name", "version", name=op.f("uq_custom_events_tenant_id_name_version")),
    )
    op.create_table(
        "collection_days",
        *_head(),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("site_id", sa.Text(), nullable=False, comment="empty: the event named no site"),
        sa.Column("visitors", sa.Integer(), nullable=False),
        sa.Column("received", sa.BigInteger(), nullable=False),
        sa.Column("missing", sa.BigInteger(), nullable=False),
        sa.Column("computed_at", sa.DateTime(timezone=True), nullable=False),
        *_tail("collection_days"),
        sa.UniqueConstraint("tenant_id", "day", "site_id", name=op.f("uq_collection_days_tenant_id_day_site_id")),
    )
    for table in TABLES:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY tenant_isolation ON {table} USING ({OWN}) WITH CHECK ({OWN})")
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO adrail_app")
        op.execute(f"GRANT ALL ON {table} TO adrail_maintainer")


def _head() -> tuple[sa.Column[Any], sa.Column[Any]]:
    return (
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
    )


def _tail(table: str) -> tuple[sa.ForeignKeyConstraint, sa.PrimaryKeyConstraint]:
    return (
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f(f"fk_{table}_tenant_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
    )


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)
    op.drop_index("ix_tx_rejected_events_group", REJECTS)
    op.drop_constraint(op.f("ck_tx_rejected_events_state"), REJECTS)
    for column in ("settled_by", "settled_at", "state", "sealed_client", "flags", "trusted", "group_key"):
        op.drop_column(REJECTS, column)
