"""Products, other sellers, partners, orders of products and parcels are found by their words and listed by name."""

from alembic import op

revision = "0016_shop_words"
down_revision = "0013_event_collection"
branch_labels = None
depends_on = None

# Table -> (kind in catalog_words, the text that is found, its columns that change)
SEARCHED = {
    "products": (
        "product",
        "concat_ws(' ', row.name, row.category, row.seller, row.external_id)",
        ("name", "category", "seller"),
    ),
    "ticket_links": ("ticket_link", "concat_ws(' ', row.seller, row.external_id)", ("seller",)),
    "affiliates": ("affiliate", "concat_ws(' ', row.name, row.external_id)", ("name",)),
    "shop_orders": ("shop_order", "row.external_id", ("external_id",)),
    "shipments": ("shipment", "concat_ws(' ', row.external_id, row.carrier)", ("external_id", "carrier")),
}
INDEXES = {
    "products": ["tenant_id", "name", "id"],
    "ticket_links": ["tenant_id", "seller", "id"],
    "affiliates": ["tenant_id", "name", "id"],
    "person_follows": ["tenant_id", "id"],
    "person_interests": ["tenant_id", "id"],
}

FILL = """
INSERT INTO catalog_words (tenant_id, kind, word, row_id)
SELECT row.tenant_id, '{kind}', word, row.id FROM {source} AS row CROSS JOIN LATERAL adrail_words({text}) AS word
ON CONFLICT DO NOTHING
"""
TRIGGERS = """
CREATE FUNCTION adrail_index_new_{table}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  {fill};
  RETURN NULL;
END $$;
CREATE FUNCTION adrail_index_changed_{table}() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  row {table} := NEW;
BEGIN
  DELETE FROM catalog_words WHERE tenant_id = NEW.tenant_id AND kind = '{kind}' AND row_id = NEW.id;
  INSERT INTO catalog_words (tenant_id, kind, word, row_id)
  SELECT NEW.tenant_id, '{kind}', word, NEW.id FROM adrail_words({text}) AS word ON CONFLICT DO NOTHING;
  RETURN NULL;
END $$;
CREATE FUNCTION adrail_index_gone_{table}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM catalog_words WHERE tenant_id = OLD.tenant_id AND kind = '{kind}' AND row_id = OLD.id;
  RETURN NULL;
END $$;
CREATE TRIGGER index_new AFTER INSERT ON {table} REFERENCING NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION adrail_index_new_{table}();
CREATE TRIGGER index_changed AFTER UPDATE OF {columns} ON {table}
  FOR EACH ROW WHEN ({differs}) EXECUTE FUNCTION adrail_index_changed_{table}();
CREATE TRIGGER index_gone AFTER DELETE ON {table}
  FOR EACH ROW EXECUTE FUNCTION adrail_index_gone_{table}()
"""


def _index_words(table: str) -> None:
    kind, text, columns = SEARCHED[table]
    op.execute(
        TRIGGERS.format(
            table=table,
            kind=kind,
            text=text,
            columns=", ".join(columns),
            differs=" OR ".join(f"OLD.{name} IS DISTINCT FROM NEW.{name}" for name in columns),
            fill=FILL.format(kind=kind, source="new_rows", text=text).strip(),
        )
    )
    op.execute("SET LOCAL ROLE adrail_maintainer")
    op.execute(FILL.format(kind=kind, source=table, text=text))
    op.execute("SET LOCAL ROLE adrail_owner")


def upgrade() -> None:
    for table, columns in INDEXES.items():
        op.create_index(op.f(f"ix_{table}_{'_'.join(columns)}"), table, columns, unique=False)
    for table in SEARCHED:
        _index_words(table)


def downgrade() -> None:
    for table, (kind, _text, _columns) in SEARCHED.items():
        for trigger in ("index_new", "index_changed", "index_gone"):
            op.execute(f"DROP TRIGGER {trigger} ON {table}")
            op.execute(f"DROP FUNCTION adrail_{trigger}_{table}()")
        op.execute("SET LOCAL ROLE adrail_maintainer")
        op.execute(f"DELETE FROM catalog_words WHERE kind = '{kind}'")
        op.execute("SET LOCAL ROLE adrail_owner")
    for table, columns in INDEXES.items():
        op.drop_index(op.f(f"ix_{table}_{'_'.join(columns)}"), table_name=table)
