"""Persons that can be merged, coarse traits, consent flags kept by triggers; orders found by what people ask for."""

import sqlalchemy as sa
from alembic import op

revision = "0007_persons_and_orders"
down_revision = "0006_catalog"
branch_labels = None
depends_on = None

OWN = "tenant_id = nullif(current_setting('adrail.tenant_id', true), '')::bigint"
TABLES = ("person_traits", "person_merges", "person_duplicates")
PERSON_COLUMNS = (
    ("birthday_ciphertext", sa.LargeBinary()),
    ("street_address_ciphertext", sa.LargeBinary()),
    ("merged_into_id", sa.BigInteger()),
    ("root_id", sa.BigInteger()),
    ("marketing_consent", sa.Boolean()),
    ("data_processing_consent", sa.Boolean()),
)

# The flags of everybody who is one person with ``roots`` become the last words of the ledger under any of their names.
# Rows are locked first: the statement after it then sees what a writer before us committed.
PROJECT = """
CREATE FUNCTION adrail_project_consent(tenant bigint, roots bigint[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM 1 FROM persons p WHERE p.tenant_id = tenant AND (p.id = ANY(roots) OR p.root_id = ANY(roots))
  ORDER BY p.id FOR NO KEY UPDATE;
  WITH members AS (
    SELECT p.id, coalesce(p.root_id, p.id) AS root, p.external_id FROM persons p
    WHERE p.tenant_id = tenant AND (p.id = ANY(roots) OR p.root_id = ANY(roots))
  ), words AS (
    SELECT DISTINCT ON (m.root, c.purpose) m.root, c.purpose, c.granted
    FROM members m JOIN consent_ledger c ON c.tenant_id = tenant AND c.subject_type = 'person'
      AND c.subject_id = m.external_id AND c.purpose IN ('marketing', 'data_processing')
    ORDER BY m.root, c.purpose, c.occurred_at DESC, c.id DESC
  ), flags AS (
    SELECT m.id, bool_or(w.granted) FILTER (WHERE w.purpose = 'marketing') AS marketing,
           bool_or(w.granted) FILTER (WHERE w.purpose = 'data_processing') AS data_processing
    FROM members m LEFT JOIN words w ON w.root = m.root GROUP BY m.id
  )
  UPDATE persons p SET marketing_consent = f.marketing, data_processing_consent = f.data_processing
  FROM flags f WHERE p.id = f.id AND p.tenant_id = tenant
    AND (p.marketing_consent, p.data_processing_consent) IS DISTINCT FROM (f.marketing, f.data_processing);
END $$
"""
SPOKEN = """
CREATE FUNCTION adrail_consent_spoken() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  said record;
BEGIN
  FOR said IN
    SELECT p.tenant_id, array_agg(DISTINCT coalesce(p.root_id, p.id)) AS roots
    FROM (SELECT DISTINCT tenant_id, subject_id FROM spoken WHERE subject_type = 'person') s
    JOIN persons p ON p.tenant_id = s.tenant_id AND p.external_id = s.subject_id
    GROUP BY p.tenant_id
  LOOP
    PERFORM adrail_project_consent(said.tenant_id, said.roots);
  END LOOP;
  RETURN NULL;
END $$
"""
SPOKEN_TRIGGER = """
CREATE TRIGGER consent_spoken AFTER INSERT ON consent_ledger REFERENCING NEW TABLE AS spoken
FOR EACH STATEMENT EXECUTE FUNCTION adrail_consent_spoken()
"""
# Words about persons that are not stored yet are kept, too; they hold once the person arrives.
BACKFILL = (
    """INSERT INTO person_traits (tenant_id, person_id, city, country)
       SELECT tenant_id, id, city, country FROM persons""",
    "UPDATE order_items i SET placed_at = o.placed_at FROM orders o WHERE o.id = i.order_id",
    "UPDATE tx_identity_links l SET person_external_id = p.external_id FROM persons p WHERE p.id = l.person_id",
    """SELECT adrail_project_consent(tenant_id, array_agg(id)) FROM persons GROUP BY tenant_id""",
)


def upgrade() -> None:
    for name, kind in PERSON_COLUMNS:
        op.add_column("persons", sa.Column(name, kind, nullable=True))
    for name in ("merged_into_id", "root_id"):
        op.create_foreign_key(f"fk_persons_{name}", "persons", "persons", [name], ["id"], ondelete="SET NULL")
    standing = sa.text("root_id IS NULL")
    op.create_index("ix_persons_standing", "persons", ["tenant_id", "id"], postgresql_where=standing)
    merged = sa.text("root_id IS NOT NULL")
    op.create_index("ix_persons_merged", "persons", ["root_id"], postgresql_where=merged)
    into = sa.text("merged_into_id IS NOT NULL")
    op.create_index("ix_persons_merged_into", "persons", ["merged_into_id"], postgresql_where=into)
    _traits()
    _merges()
    _duplicates()
    for table in TABLES:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY tenant_isolation ON {table} USING ({OWN}) WITH CHECK ({OWN})")
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO adrail_app")
        op.execute(f"GRANT ALL ON {table} TO adrail_maintainer")
    _orders()
    _links()
    op.execute(PROJECT)
    op.execute(SPOKEN)
    op.execute(SPOKEN_TRIGGER)
    op.execute("SET LOCAL ROLE adrail_maintainer")
    for statement in BACKFILL:
        op.execute(statement)
    op.execute("SET LOCAL ROLE adrail_owner")


def _traits() -> None:
    op.create_table(
        "person_traits",
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("city", sa.Text(), nullable=True),
        sa.Column("country", sa.Text(), nullable=True),
        sa.Column("age_band", sa.Text(), nullable=True),
        sa.Column("gender", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_person_traits_tenant_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name="fk_person_traits_person_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("tenant_id", "person_id", name="pk_person_traits"),
    )


def _merges() -> None:
    op.create_table(
        "person_merges",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("survivor_id", sa.BigInteger(), nullable=False),
        sa.Column("merged_id", sa.BigInteger(), nullable=False),
        sa.Column("merged_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("merged_by", sa.Text(), nullable=False),
        sa.Column("unmerged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("unmerged_by", sa.Text(), nullable=True),
        *_two_persons("person_merges", "survivor_id", "merged_id"),
    )
    op.create_index("ix_person_merges_tenant_id_survivor_id", "person_merges", ["tenant_id", "survivor_id"])
    op.create_index(
        "uq_person_merges_open",
        "person_merges",
        ["tenant_id", "merged_id"],
        unique=True,
        postgresql_where=sa.text("unmerged_at IS NULL"),
    )


def _duplicates() -> None:
    op.create_table(
        "person_duplicates",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("other_id", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("dismissed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        *_two_persons("person_duplicates", "person_id", "other_id"),
        sa.UniqueConstraint(
            "tenant_id", "person_id", "other_id", name="uq_person_duplicates_tenant_id_person_id_other_id"
        ),
    )
    op.create_index("ix_person_duplicates_tenant_id_other_id", "person_duplicates", ["tenant_id", "other_id"])


def _two_persons(table: str, first: str, second: str) -> list[sa.Constraint]:
    return [
        sa.PrimaryKeyConstraint("id", name=f"pk_{table}"),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=f"fk_{table}_tenant_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint([first], ["persons.id"], name=f"fk_{table}_{first}", ondelete="CASCADE"),
        sa.ForeignKeyConstraint([second], ["persons.id"], name=f"fk_{table}_{second}", ondelete="CASCADE"),
    ]


def _orders() -> None:
    op.add_column("orders", sa.Column("original_person_id", sa.BigInteger(), nullable=True))
    op.drop_index("ix_orders_tenant_id_person_id", "orders")
    op.drop_index("ix_orders_tenant_id_placed_at", "orders")
    op.create_index("ix_orders_person", "orders", ["tenant_id", "person_id", "placed_at", "id"])
    op.create_index("ix_orders_placed", "orders", ["tenant_id", "placed_at", "id"])
    op.create_index("ix_orders_status", "orders", ["tenant_id", "status", "placed_at", "id"])
    now = sa.text("now()")
    op.add_column("order_items", sa.Column("placed_at", sa.DateTime(timezone=True), server_default=now, nullable=False))
    for name, column in (("organizer", "organizer_id"), ("live_event", "live_event_id")):
        columns = ["tenant_id", column, "placed_at", "order_id"]
        op.create_index(f"ix_order_items_{name}", "order_items", columns)
    op.add_column(
        "order_transitions", sa.Column("created_at", sa.DateTime(timezone=True), server_default=now, nullable=False)
    )


def _links() -> None:
    op.add_column("tx_identity_links", sa.Column("person_external_id", sa.Text(), nullable=True))
    op.drop_index("uq_tx_identity_links_open", "tx_identity_links")
    op.create_index(
        "uq_tx_identity_links_open",
        "tx_identity_links",
        ["tenant_id", "visitor_id", "person_external_id"],
        unique=True,
        postgresql_where=sa.text("unlinked_at IS NULL"),
    )


def downgrade() -> None:
    op.execute("DROP TRIGGER consent_spoken ON consent_ledger")
    op.execute("DROP FUNCTION adrail_consent_spoken()")
    op.execute("DROP FUNCTION adrail_project_consent(bigint, bigint[])")
    op.drop_index("uq_tx_identity_links_open", "tx_identity_links")
    op.drop_column("tx_identity_links", "person_external_id")
    op.create_index(
        "uq_tx_identity_links_open",
        "tx_identity_links",
        ["tenant_id", "visitor_id", "person_id"],
        unique=True,
        postgresql_where=sa.text("unlinked_at IS NULL"),
    )
    op.drop_column("order_transitions", "created_at")
    op.drop_index("ix_order_items_live_event", "order_items")
    op.drop_index("ix_order_items_organizer", "order_items")
    op.drop_column("order_items", "placed_at")
    for name in ("status", "placed", "person"):
        op.drop_index(f"ix_orders_{name}", "orders")
    op.create_index("ix_orders_tenant_id_placed_at", "orders", ["tenant_id", "placed_at"])
    op.create_index("ix_orders_tenant_id_person_id", "orders", ["tenant_id", "person_id"])
    op.drop_column("orders", "original_person_id")
    for table in reversed(TABLES):
        op.drop_table(table)
    for name in ("merged_into", "merged", "standing"):
        op.drop_index(f"ix_persons_{name}", "persons")
    for name, _ in reversed(PERSON_COLUMNS):
        op.drop_column("persons", name)
