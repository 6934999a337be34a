"""The rest of the catalogue: artists, genres, tickets, the shop, tastes, status history, and words for searching."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006_catalog"
down_revision = "0005_keys_and_audit"
branch_labels = None
depends_on = None

OWN = "tenant_id = nullif(current_setting('adrail.tenant_id', true), '')::bigint"
TABLES = (
    "affiliates",
    "artist_genres",
    "artists",
    "catalog_changes",
    "catalog_words",
    "genres",
    "live_event_artists",
    "live_event_genres",
    "live_event_status_changes",
    "person_follows",
    "person_interests",
    "products",
    "shipments",
    "shop_order_items",
    "shop_orders",
    "ticket_links",
    "tickets",
)
APPEND_ONLY = ("catalog_changes", "live_event_status_changes")

# Lower-case words without accents. Written with functions that every database has: extensions may be missing.
WORDS = r"""
CREATE FUNCTION adrail_words(given text) RETURNS SETOF text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT DISTINCT left(word, 64)
  FROM regexp_split_to_table(
         lower(regexp_replace(normalize(given, NFKD), '[\u0300-\u036f]', '', 'g')), '[^[:alnum:]]+') AS word
  WHERE word <> '' $$
"""

# Table -> (kind in catalog_words, the text that is found, its columns that change)
SEARCHED = {
    "organizers": ("organizer", "concat_ws(' ', row.name, row.external_id)", ("name",)),
    "venues": ("venue", "concat_ws(' ', row.name, row.city, row.external_id)", ("name", "city")),
    "artists": ("artist", "concat_ws(' ', row.name, row.external_id)", ("name",)),
    "genres": (
        "genre",
        "concat_ws(' ', row.name, row.external_id, (SELECT string_agg(t.value ->> 'name', ' ') FROM jsonb_each(row.translations) t))",
        ("name", "translations"),
    ),
    "live_events": (
        "live_event",
        "concat_ws(' ', row.title, row.external_id, (SELECT string_agg(t.value ->> 'title', ' ') FROM jsonb_each(row.translations) t))",
        ("title", "translations"),
    ),
    "ticket_types": (
        "ticket_type",
        "concat_ws(' ', row.name, row.category, row.external_id)",
        ("name", "category"),
    ),
}

FILL = """
INSERT INTO catalog_words (tenant_id, kind, word, row_id)
SELECT row.tenant_id, '{kind}', word, row.id FROM {source} AS row CROSS JOIN LATERAL adrail_words({text}) AS word
ON CONFLICT DO NOTHING
"""

# New rows are read by whole statements: a thousand cost one more insert. Changed ones one by one, and only when their
# words changed, because joining what was with what is has no statistics to be planned by.
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


def _protect(table: str) -> None:
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY tenant_isolation ON {table} USING ({OWN}) WITH CHECK ({OWN})")
    rights = "SELECT, INSERT" if table in APPEND_ONLY else "SELECT, INSERT, UPDATE, DELETE"
    op.execute(f"GRANT {rights} ON {table} TO adrail_app")
    op.execute(f"GRANT ALL ON {table} TO adrail_maintainer")


def upgrade() -> None:
    op.create_table(
        "affiliates",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("commission_percent", sa.Numeric(precision=5, scale=2), nullable=True),
        sa.Column("status", sa.Text(), server_default="active", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=op.f("fk_affiliates_tenant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_affiliates")),
        sa.UniqueConstraint("tenant_id", "external_id", name=op.f("uq_affiliates_tenant_id_external_id")),
    )
    op.create_table(
        "artists",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("country", sa.Text(), nullable=True),
        sa.Column("website", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f("fk_artists_tenant_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_artists")),
        sa.UniqueConstraint("tenant_id", "external_id", name=op.f("uq_artists_tenant_id_external_id")),
    )
    op.create_index(op.f("ix_artists_tenant_id_name_id"), "artists", ["tenant_id", "name", "id"], unique=False)
    op.create_table(
        "catalog_changes",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("row_id", sa.BigInteger(), nullable=False),
        sa.Column("before", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("after", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=op.f("fk_catalog_changes_tenant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_catalog_changes")),
    )
    op.create_index(
        op.f("ix_catalog_changes_tenant_id_kind_row_id_id"),
        "catalog_changes",
        ["tenant_id", "kind", "row_id", "id"],
        unique=False,
    )
    op.create_table(
        "catalog_words",
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("word", sa.Text(collation="C"), nullable=False),
        sa.Column("row_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=op.f("fk_catalog_words_tenant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("tenant_id", "kind", "word", "row_id", name=op.f("pk_catalog_words")),
    )
    op.create_index(
        op.f("ix_catalog_words_tenant_id_kind_row_id_word"),
        "catalog_words",
        ["tenant_id", "kind", "row_id", "word"],
        unique=False,
    )
    op.create_table(
        "genres",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column(
            "translations", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f("fk_genres_tenant_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_genres")),
        sa.UniqueConstraint("tenant_id", "external_id", name=op.f("uq_genres_tenant_id_external_id")),
    )
    op.create_index(op.f("ix_genres_tenant_id_name_id"), "genres", ["tenant_id", "name", "id"], unique=False)
    op.create_table(
        "artist_genres",
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("artist_id", sa.BigInteger(), nullable=False),
        sa.Column("genre_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.SmallInteger(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(
            ["artist_id"], ["artists.id"], name=op.f("fk_artist_genres_artist_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["genre_id"], ["genres.id"], name=op.f("fk_artist_genres_genre_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=op.f("fk_artist_genres_tenant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("artist_id", "genre_id", name=op.f("pk_artist_genres")),
    )
    op.create_index(
        op.f("ix_artist_genres_tenant_id_genre_id"), "artist_genres", ["tenant_id", "genre_id"], unique=False
    )
    op.create_table(
        "person_follows",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("subject_kind", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.BigInteger(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["persons.id"], name=op.f("fk_person_follows_person_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=op.f("fk_person_follows_tenant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person_follows")),
        sa.UniqueConstraint(
            "tenant_id",
            "person_id",
            "subject_kind",
            "subject_id",
            name=op.f("uq_person_follows_tenant_id_person_id_subject_kind_subject_id"),
        ),
    )
    op.create_index(
        op.f("ix_person_follows_tenant_id_subject_kind_subject_id"),
        "person_follows",
        ["tenant_id", "subject_kind", "subject_id"],
        unique=False,
    )
    op.create_table(
        "person_interests",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("subject_kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("weight", sa.Numeric(precision=4, scale=3), server_default="1", nullable=False),
        sa.Column("consent_granted", sa.Boolean(), nullable=False),
        sa.Column("consented_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["persons.id"], name=op.f("fk_person_interests_person_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=op.f("fk_person_interests_tenant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person_interests")),
        sa.UniqueConstraint(
            "tenant_id",
            "person_id",
            "source",
            "subject_kind",
            "subject",
            name=op.f("uq_person_interests_tenant_id_person_id_source_subject_kind_subject"),
        ),
    )
    op.create_index(op.f("ix_person_interests_expires_at"), "person_interests", ["expires_at"], unique=False)
    op.create_index(
        op.f("ix_person_interests_tenant_id_subject_kind_subject"),
        "person_interests",
        ["tenant_id", "subject_kind", "subject"],
        unique=False,
    )
    op.create_table(
        "products",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("organizer_id", sa.BigInteger(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("price", sa.Numeric(precision=18, scale=4), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("seller", sa.Text(), nullable=False),
        sa.Column("on_sale", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["organizer_id"], ["organizers.id"], name=op.f("fk_products_organizer_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f("fk_products_tenant_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_products")),
        sa.UniqueConstraint("tenant_id", "external_id", name=op.f("uq_products_tenant_id_external_id")),
    )
    op.create_index(
        op.f("ix_products_tenant_id_category_id"), "products", ["tenant_id", "category", "id"], unique=False
    )
    op.create_table(
        "shop_orders",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=True),
        sa.Column("visitor_id", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("gross", sa.Numeric(precision=18, scale=4), nullable=False),
        sa.Column("shipping", sa.Numeric(precision=18, scale=4), server_default="0", nullable=False),
        sa.Column("placed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["persons.id"], name=op.f("fk_shop_orders_person_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=op.f("fk_shop_orders_tenant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shop_orders")),
        sa.UniqueConstraint("tenant_id", "external_id", name=op.f("uq_shop_orders_tenant_id_external_id")),
    )
    op.create_index(op.f("ix_shop_orders_tenant_id_person_id"), "shop_orders", ["tenant_id", "person_id"], unique=False)
    op.create_index(
        op.f("ix_shop_orders_tenant_id_placed_at_id"), "shop_orders", ["tenant_id", "placed_at", "id"], unique=False
    )
    op.create_table(
        "live_event_artists",
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("live_event_id", sa.BigInteger(), nullable=False),
        sa.Column("artist_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.SmallInteger(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(
            ["artist_id"], ["artists.id"], name=op.f("fk_live_event_artists_artist_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["live_event_id"], ["live_events.id"], name=op.f("fk_live_event_artists_live_event_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=op.f("fk_live_event_artists_tenant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("live_event_id", "artist_id", name=op.f("pk_live_event_artists")),
    )
    op.create_index(
        op.f("ix_live_event_artists_tenant_id_artist_id"),
        "live_event_artists",
        ["tenant_id", "artist_id"],
        unique=False,
    )
    op.create_table(
        "live_event_genres",
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("live_event_id", sa.BigInteger(), nullable=False),
        sa.Column("genre_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.SmallInteger(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(
            ["genre_id"], ["genres.id"], name=op.f("fk_live_event_genres_genre_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["live_event_id"], ["live_events.id"], name=op.f("fk_live_event_genres_live_event_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=op.f("fk_live_event_genres_tenant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("live_event_id", "genre_id", name=op.f("pk_live_event_genres")),
    )
    op.create_index(
        op.f("ix_live_event_genres_tenant_id_genre_id"), "live_event_genres", ["tenant_id", "genre_id"], unique=False
    )
    op.create_table(
        "live_event_status_changes",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("live_event_id", sa.BigInteger(), nullable=False),
        sa.Column("before", sa.Text(), nullable=True),
        sa.Column("after", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["live_event_id"],
            ["live_events.id"],
            name=op.f("fk_live_event_status_changes_live_event_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=op.f("fk_live_event_status_changes_tenant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_live_event_status_changes")),
    )
    op.create_index(
        op.f("ix_live_event_status_changes_tenant_id_live_event_id_id"),
        "live_event_status_changes",
        ["tenant_id", "live_event_id", "id"],
        unique=False,
    )
    op.create_table(
        "shipments",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("shop_order_id", sa.BigInteger(), nullable=False),
        sa.Column("carrier", sa.Text(), nullable=True),
        sa.Column("tracking_number", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), server_default="pending", nullable=False),
        sa.Column("shipped_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["shop_order_id"], ["shop_orders.id"], name=op.f("fk_shipments_shop_order_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f("fk_shipments_tenant_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shipments")),
        sa.UniqueConstraint("tenant_id", "external_id", name=op.f("uq_shipments_tenant_id_external_id")),
    )
    op.create_index(
        op.f("ix_shipments_tenant_id_shop_order_id"), "shipments", ["tenant_id", "shop_order_id"], unique=False
    )
    op.create_table(
        "shop_order_items",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("shop_order_id", sa.BigInteger(), nullable=False),
        sa.Column("line", sa.Text(), nullable=False),
        sa.Column("product_id", sa.BigInteger(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("unit_price", sa.Numeric(precision=18, scale=4), nullable=False),
        sa.ForeignKeyConstraint(["product_id"], ["products.id"], name=op.f("fk_shop_order_items_product_id")),
        sa.ForeignKeyConstraint(
            ["shop_order_id"], ["shop_orders.id"], name=op.f("fk_shop_order_items_shop_order_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=op.f("fk_shop_order_items_tenant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shop_order_items")),
        sa.UniqueConstraint(
            "tenant_id", "shop_order_id", "line", name=op.f("uq_shop_order_items_tenant_id_shop_order_id_line")
        ),
    )
    op.create_index(
        op.f("ix_shop_order_items_tenant_id_product_id"), "shop_order_items", ["tenant_id", "product_id"], unique=False
    )
    op.create_table(
        "ticket_links",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("live_event_id", sa.BigInteger(), nullable=False),
        sa.Column("seller", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("utm", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("commission_percent", sa.Numeric(precision=5, scale=2), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["live_event_id"], ["live_events.id"], name=op.f("fk_ticket_links_live_event_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=op.f("fk_ticket_links_tenant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ticket_links")),
        sa.UniqueConstraint("tenant_id", "external_id", name=op.f("uq_ticket_links_tenant_id_external_id")),
    )
    op.create_index(
        op.f("ix_ticket_links_tenant_id_live_event_id"), "ticket_links", ["tenant_id", "live_event_id"], unique=False
    )
    op.create_table(
        "tickets",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("order_item_id", sa.BigInteger(), nullable=False),
        sa.Column("ticket_type_id", sa.BigInteger(), nullable=True),
        sa.Column("holder_id", sa.BigInteger(), nullable=True),
        sa.Column("code_hash", sa.LargeBinary(), nullable=True),
        sa.Column("status", sa.Text(), server_default="valid", nullable=False),
        sa.Column("valid_gate", sa.Text(), nullable=True),
        sa.Column("valid_day", sa.Date(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["holder_id"], ["persons.id"], name=op.f("fk_tickets_holder_id"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(
            ["order_item_id"], ["order_items.id"], name=op.f("fk_tickets_order_item_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f("fk_tickets_tenant_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["ticket_type_id"], ["ticket_types.id"], name=op.f("fk_tickets_ticket_type_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tickets")),
        sa.UniqueConstraint("tenant_id", "code_hash", name=op.f("uq_tickets_tenant_id_code_hash")),
        sa.UniqueConstraint("tenant_id", "external_id", name=op.f("uq_tickets_tenant_id_external_id")),
    )
    op.create_index(op.f("ix_tickets_tenant_id_holder_id"), "tickets", ["tenant_id", "holder_id"], unique=False)
    op.create_index(op.f("ix_tickets_tenant_id_order_item_id"), "tickets", ["tenant_id", "order_item_id"], unique=False)
    op.add_column(
        "live_events",
        sa.Column(
            "translations", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False
        ),
    )
    op.add_column("live_events", sa.Column("promoted", sa.Boolean(), server_default="false", nullable=False))
    op.add_column("live_events", sa.Column("promotion_budget", sa.Numeric(precision=18, scale=4), nullable=True))
    op.create_index(
        "ix_live_events_running",
        "live_events",
        ["starts_at"],
        unique=False,
        postgresql_where=sa.text("status IN ('on_sale', 'sold_out')"),
    )
    op.create_index(
        op.f("ix_live_events_tenant_id_starts_at_id"), "live_events", ["tenant_id", "starts_at", "id"], unique=False
    )
    op.create_index(
        op.f("ix_live_events_tenant_id_status_starts_at_id"),
        "live_events",
        ["tenant_id", "status", "starts_at", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_live_events_tenant_id_venue_id_starts_at_id"),
        "live_events",
        ["tenant_id", "venue_id", "starts_at", "id"],
        unique=False,
    )
    op.create_index(op.f("ix_organizers_tenant_id_name_id"), "organizers", ["tenant_id", "name", "id"], unique=False)
    op.add_column("ticket_types", sa.Column("sale_price", sa.Numeric(precision=18, scale=4), nullable=True))
    op.create_index(
        op.f("ix_ticket_types_tenant_id_name_id"), "ticket_types", ["tenant_id", "name", "id"], unique=False
    )
    op.create_index(
        op.f("ix_venues_tenant_id_city_name_id"), "venues", ["tenant_id", "city", "name", "id"], unique=False
    )
    op.create_index(op.f("ix_venues_tenant_id_name_id"), "venues", ["tenant_id", "name", "id"], unique=False)
    for table in TABLES:
        _protect(table)
    op.execute(WORDS)
    for table in SEARCHED:
        _index_words(table)


def downgrade() -> None:
    for table in SEARCHED:
        for trigger in ("index_new", "index_changed", "index_gone"):
            op.execute(f"DROP TRIGGER {trigger} ON {table}")
            op.execute(f"DROP FUNCTION adrail_{trigger}_{table}()")
    op.drop_index(op.f("ix_venues_tenant_id_name_id"), table_name="venues")
    op.drop_index(op.f("ix_venues_tenant_id_city_name_id"), table_name="venues")
    op.drop_index(op.f("ix_ticket_types_tenant_id_name_id"), table_name="ticket_types")
    op.drop_column("ticket_types", "sale_price")
    op.drop_index(op.f("ix_organizers_tenant_id_name_id"), table_name="organizers")
    op.drop_index(op.f("ix_live_events_tenant_id_venue_id_starts_at_id"), table_name="live_events")
    op.drop_index(op.f("ix_live_events_tenant_id_status_starts_at_id"), table_name="live_events")
    op.drop_index(op.f("ix_live_events_tenant_id_starts_at_id"), table_name="live_events")
    op.drop_index(
        "ix_live_events_running",
        table_name="live_events",
        postgresql_where=sa.text("status IN ('on_sale', 'sold_out')"),
    )
    op.drop_column("live_events", "promotion_budget")
    op.drop_column("live_events", "promoted")
    op.drop_column("live_events", "translations")
    op.drop_table("tickets")
    op.drop_table("ticket_links")
    op.drop_table("shop_order_items")
    op.drop_table("shipments")
    op.drop_table("live_event_status_changes")
    op.drop_table("live_event_genres")
    op.drop_table("live_event_artists")
    op.drop_table("shop_orders")
    op.drop_table("products")
    op.drop_table("person_interests")
    op.drop_table("person_follows")
    op.drop_table("artist_genres")
    op.drop_table("genres")
    op.drop_table("catalog_words")
    op.drop_table("catalog_changes")
    op.drop_table("artists")
    op.drop_table("affiliates")
    op.execute("DROP FUNCTION adrail_words(text)")
