"""Keys with scopes and rotation, and the audit log's chain."""

import sqlalchemy as sa
from alembic import op

revision = "0005_keys_and_audit"
down_revision = "0004_accounts"
branch_labels = None
depends_on = None

OWN = "tenant_id = nullif(current_setting('adrail.tenant_id', true), '')::bigint"

FIND_SITE = """
CREATE OR REPLACE FUNCTION adrail_find_site(key text)
RETURNS TABLE (tenant_id bigint, site_pk bigint, site_id text, allowed_origins text[], dnt_policy text,
               uuid_namespace uuid, time_zone text, default_currency text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT s.tenant_id, s.id, s.site_id, s.allowed_origins, s.dnt_policy, t.uuid_namespace, t.time_zone,
         t.default_currency
  FROM sites s JOIN tenants t ON t.id = s.tenant_id
  WHERE {condition} AND t.status = 'active' $$;
"""
# The second kind of key is the one that a newer key has replaced, for as long as both count.
EITHER = "(s.write_key = key OR (s.previous_write_key = key AND s.previous_write_key_until > now()))"

FIND_KEY = """
CREATE FUNCTION adrail_find_api_key(hash bytea)
RETURNS TABLE (id bigint, tenant_id bigint, kind text, name text, organizer_id bigint, scopes text[],
               expires_at timestamptz, revoked_at timestamptz{columns})
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT k.id, k.tenant_id, k.kind, k.name, k.organizer_id, k.scopes, k.expires_at, k.revoked_at{values}
  FROM api_keys k JOIN tenants t ON t.id = k.tenant_id WHERE k.key_hash = hash AND t.status = 'active' $$;
"""
BINDING = {
    "columns": ", live_event_external_id text, gate text, device text",
    "values": ", k.live_event_external_id, k.gate, k.device",
}
FILTERS = {
    "ix_audit_log_tenant_id_at_id": ["tenant_id", "at", "id"],
    "ix_audit_log_tenant_id_actor_at_id": ["tenant_id", "actor", "at", "id"],
    "ix_audit_log_tenant_id_action_at_id": ["tenant_id", "action", "at", "id"],
    "ix_audit_log_tenant_id_subject_at_id": ["tenant_id", "subject", "at", "id"],
}


def upgrade() -> None:
    _widen_keys()
    op.add_column("sites", sa.Column("previous_write_key", sa.Text(), nullable=True))
    op.add_column("sites", sa.Column("previous_write_key_until", sa.DateTime(timezone=True), nullable=True))
    op.create_unique_constraint("uq_sites_previous_write_key", "sites", ["previous_write_key"])
    # Two entries after the same one would be two chains.
    op.create_unique_constraint("uq_audit_log_tenant_id_previous_hash", "audit_log", ["tenant_id", "previous_hash"])
    for name, columns in FILTERS.items():
        op.create_index(name, "audit_log", columns)
    _make_anchors()
    _replace_functions(FIND_SITE.format(condition=EITHER), FIND_KEY.format(**BINDING))


def _widen_keys() -> None:
    for name in ("created_by", "live_event_external_id", "gate", "device"):
        op.add_column("api_keys", sa.Column(name, sa.Text(), nullable=True))
    op.add_column("api_keys", sa.Column("replaced_by_id", sa.BigInteger(), nullable=True))
    op.create_foreign_key(
        "fk_api_keys_replaced_by_id", "api_keys", "api_keys", ["replaced_by_id"], ["id"], ondelete="SET NULL"
    )
    op.create_index("ix_api_keys_tenant_id_id", "api_keys", ["tenant_id", "id"])
    op.create_index(
        "ix_api_keys_expires_at", "api_keys", ["expires_at"], postgresql_where=sa.text("revoked_at IS NULL")
    )
    bound = "live_event_external_id IS NOT NULL AND gate IS NOT NULL AND device IS NOT NULL"
    op.create_check_constraint(op.f("ck_api_keys_scanner_is_bound"), "api_keys", f"kind <> 'scanner' OR ({bound})")


def _make_anchors() -> None:
    op.create_table(
        "audit_anchors",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("entry_id", sa.BigInteger(), nullable=False),
        sa.Column("entries", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("seal", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name=op.f("fk_audit_anchors_tenant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_anchors")),
        sa.UniqueConstraint("tenant_id", "number", name=op.f("uq_audit_anchors_tenant_id_number")),
    )
    op.execute("ALTER TABLE audit_anchors ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE audit_anchors FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY tenant_isolation ON audit_anchors USING ({OWN}) WITH CHECK ({OWN})")
    op.execute("GRANT SELECT, INSERT ON audit_anchors TO adrail_app")
    op.execute("GRANT ALL ON audit_anchors TO adrail_maintainer")


def _replace_functions(find_site: str, find_key: str) -> None:
    op.execute("SET LOCAL ROLE adrail_maintainer")
    op.execute(find_site)
    op.execute("DROP FUNCTION adrail_find_api_key(bytea)")
    op.execute(find_key)
    op.execute("REVOKE ALL ON FUNCTION adrail_find_api_key(bytea) FROM PUBLIC")
    op.execute("GRANT EXECUTE ON FUNCTION adrail_find_api_key(bytea) TO adrail_app")
    op.execute("SET LOCAL ROLE adrail_owner")


def downgrade() -> None:
    _replace_functions(FIND_SITE.format(condition="s.write_key = key"), FIND_KEY.format(columns="", values=""))
    op.drop_table("audit_anchors")
    for name in FILTERS:
        op.drop_index(name, table_name="audit_log")
    op.drop_constraint("uq_audit_log_tenant_id_previous_hash", "audit_log")
    op.drop_constraint("uq_sites_previous_write_key", "sites")
    op.drop_column("sites", "previous_write_key_until")
    op.drop_column("sites", "previous_write_key")
    op.drop_constraint(op.f("ck_api_keys_scanner_is_bound"), "api_keys")
    for name in ("ix_api_keys_expires_at", "ix_api_keys_tenant_id_id"):
        op.drop_index(name, table_name="api_keys")
    for name in ("replaced_by_id", "device", "gate", "live_event_external_id", "created_by"):
        op.drop_column("api_keys", name)
