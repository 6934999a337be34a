"""Sums of sales per hour, and the marks that say which of them are out of date."""

import sqlalchemy as sa
from alembic import op

revision = "0010_analytics"
down_revision = "0009_delivery_indexes"
branch_labels = None
depends_on = None

OWN = "tenant_id = nullif(current_setting('adrail.tenant_id', true), '')::bigint"
TABLES = ("sales_hours", "sales_stale_hours")
# One mark per hour and statement: bulk loads write few, and no two writers ever wait for the same row.
MARK_ORDERS = """
CREATE FUNCTION adrail_mark_sales() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO sales_stale_hours (tenant_id, hour)
  SELECT DISTINCT tenant_id, date_trunc('hour', placed_at, 'UTC') FROM changed;
  RETURN NULL;
END $$
"""
MARK_TRANSITIONS = """
CREATE FUNCTION adrail_mark_sales_of_transitions() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO sales_stale_hours (tenant_id, hour)
  SELECT DISTINCT orders.tenant_id, date_trunc('hour', orders.placed_at, 'UTC')
  FROM changed JOIN orders ON orders.tenant_id = changed.tenant_id AND orders.id = changed.order_id;
  RETURN NULL;
END $$
"""
TRIGGER = (
    "CREATE TRIGGER adrail_mark_sales_{what} AFTER {what} ON {table} REFERENCING NEW TABLE AS changed "
    "FOR EACH STATEMENT EXECUTE FUNCTION {function}()"
)
MARK_ALL = (
    "INSERT INTO sales_stale_hours (tenant_id, hour) "
    "SELECT DISTINCT tenant_id, date_trunc('hour', placed_at, 'UTC') FROM orders"
)


def upgrade() -> None:
    op.create_table(
        "sales_hours",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("organizer_id", sa.BigInteger(), nullable=True),
        sa.Column("hour", sa.DateTime(timezone=True), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("orders", sa.Integer(), nullable=False),
        sa.Column("tickets", sa.Integer(), nullable=False),
        sa.Column("revenue", sa.Numeric(18, 4), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=op.f("fk_sales_hours_tenant_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["organizer_id"], ["organizers.id"], name=op.f("fk_sales_hours_organizer_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sales_hours")),
        sa.UniqueConstraint(
            "tenant_id",
            "organizer_id",
            "hour",
            "currency",
            name="uq_sales_hours_scope",
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_table(
        "sales_stale_hours",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("hour", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=op.f("fk_sales_stale_hours_tenant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sales_stale_hours")),
    )
    op.create_index("ix_sales_stale_hours_tenant_id_hour", "sales_stale_hours", ["tenant_id", "hour"])
    for table in TABLES:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY tenant_isolation ON {table} USING ({OWN}) WITH CHECK ({OWN})")
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO adrail_app")
        op.execute(f"GRANT ALL ON {table} TO adrail_maintainer")
    op.execute(MARK_ORDERS)
    op.execute(MARK_TRANSITIONS)
    for what in ("INSERT", "UPDATE"):
        op.execute(TRIGGER.format(what=what, table="orders", function="adrail_mark_sales"))
    op.execute(TRIGGER.format(what="INSERT", table="order_transitions", function="adrail_mark_sales_of_transitions"))
    op.execute(MARK_ALL)


def downgrade() -> None:
    for what, table in (("INSERT", "orders"), ("UPDATE", "orders"), ("INSERT", "order_transitions")):
        op.execute(f"DROP TRIGGER adrail_mark_sales_{what} ON {table}")
    op.execute("DROP FUNCTION adrail_mark_sales()")
    op.execute("DROP FUNCTION adrail_mark_sales_of_transitions()")
    for table in reversed(TABLES):
        op.drop_table(table)
