"""Row-level security, grants, look-up functions and event partitions."""

from alembic import op

revision = "0002_row_level_security"
down_revision = "0001_tables"
branch_labels = None
depends_on = None

CURRENT = "nullif(current_setting('adrail.tenant_id', true), '')::bigint"

TENANT_TABLES = (
    "api_keys",
    "connections",
    "consent_ledger",
    "conversion_deliveries",
    "delivery_attempts",
    "event_outbox",
    "event_tracking_codes",
    "idempotency_records",
    "live_events",
    "memberships",
    "order_items",
    "order_transitions",
    "orders",
    "organizers",
    "persons",
    "schedules",
    "sites",
    "ticket_types",
    "tracking_code_history",
    "tx_event_keys",
    "tx_events",
    "tx_idempotency_keys",
    "tx_identity_links",
    "tx_rejected_events",
    "tx_sessions",
    "venues",
)
APPEND_ONLY = ("audit_log", "consent_ledger", "tracking_code_history")

# Tables whose rows are not simply «of the current tenant».
POLICIES = {
    "tenants": f"id = {CURRENT}",
    "data_keys": f"tenant_id IS NULL OR tenant_id = {CURRENT}",
    "users": f"EXISTS (SELECT 1 FROM memberships m WHERE m.user_id = users.id AND m.tenant_id = {CURRENT})",
    "audit_log": f"tenant_id = {CURRENT}",
    **dict.fromkeys(TENANT_TABLES, f"tenant_id = {CURRENT}"),
}

# Owned by the maintainer, who may look across tenants; each returns what belongs to one unguessable secret or one user.
# Temporary objects come last in the path, so that no caller can put its own table in front of ours.
FUNCTIONS = """
CREATE FUNCTION adrail_find_site(key text)
RETURNS TABLE (tenant_id bigint, site_pk bigint, site_id text, allowed_origins text[], dnt_policy text,
               uuid_namespace uuid, time_zone text, default_currency text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT s.tenant_id, s.id, s.site_id, s.allowed_origins, s.dnt_policy, t.uuid_namespace, t.time_zone,
         t.default_currency
  FROM sites s JOIN tenants t ON t.id = s.tenant_id WHERE s.write_key = key AND t.status = 'active' $$;

CREATE FUNCTION adrail_find_api_key(hash bytea)
RETURNS TABLE (id bigint, tenant_id bigint, kind text, name text, organizer_id bigint, scopes text[],
               expires_at timestamptz, revoked_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT k.id, k.tenant_id, k.kind, k.name, k.organizer_id, k.scopes, k.expires_at, k.revoked_at
  FROM api_keys k JOIN tenants t ON t.id = k.tenant_id WHERE k.key_hash = hash AND t.status = 'active' $$;

CREATE FUNCTION adrail_find_sign_in(index bytea)
RETURNS TABLE (user_id bigint, password_hash text, disabled_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT u.id, u.password_hash, u.disabled_at FROM users u WHERE u.email_index = index $$;

CREATE FUNCTION adrail_find_memberships(who bigint)
RETURNS TABLE (tenant_id bigint, organizer_id bigint, account_type text, role text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT m.tenant_id, m.organizer_id, m.account_type, m.role FROM memberships m
  JOIN tenants t ON t.id = m.tenant_id WHERE m.user_id = who AND t.status = 'active' ORDER BY m.id $$;
"""
FUNCTION_SIGNATURES = (
    "adrail_find_site(text)",
    "adrail_find_api_key(bytea)",
    "adrail_find_sign_in(bytea)",
    "adrail_find_memberships(bigint)",
)

# Runs as the schema owner, because only the owner of the parent may add a partition. Partitions grant nothing to the
# application: reaching one directly would pass by the parent's policy.
PARTITION_FUNCTION = """
CREATE FUNCTION adrail_make_events_partition(month date) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  first date := date_trunc('month', month)::date;
  name text := 'tx_events_p' || to_char(first, 'YYYYMM');
BEGIN
  IF to_regclass('public.' || name) IS NULL THEN
    EXECUTE format('CREATE TABLE %I PARTITION OF tx_events FOR VALUES FROM (%L) TO (%L)', name,
                   first::timestamp AT TIME ZONE 'UTC', (first + interval '1 month')::timestamp AT TIME ZONE 'UTC');
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
    EXECUTE format('GRANT ALL ON %I TO adrail_maintainer', name);
  END IF;
  RETURN name;
END $$
"""


def upgrade() -> None:
    for table, condition in POLICIES.items():
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY tenant_isolation ON {table} USING ({condition}) WITH CHECK ({condition})")
        rights = "SELECT, INSERT" if table in APPEND_ONLY else "SELECT, INSERT, UPDATE, DELETE"
        op.execute(f"GRANT {rights} ON {table} TO adrail_app")
        op.execute(f"GRANT ALL ON {table} TO adrail_maintainer")
    op.execute("GRANT SELECT ON alembic_version TO adrail_app, adrail_maintainer")
    op.execute("REVOKE INSERT, UPDATE, DELETE ON tenants, users, data_keys FROM adrail_app")
    op.execute("GRANT UPDATE (settings, name) ON tenants TO adrail_app")
    op.execute("SET LOCAL ROLE adrail_maintainer")
    op.execute(FUNCTIONS)
    for signature in FUNCTION_SIGNATURES:
        op.execute(f"REVOKE ALL ON FUNCTION {signature} FROM PUBLIC")
        op.execute(f"GRANT EXECUTE ON FUNCTION {signature} TO adrail_app")
    op.execute("SET LOCAL ROLE adrail_owner")
    op.execute(PARTITION_FUNCTION)
    op.execute("REVOKE ALL ON FUNCTION adrail_make_events_partition(date) FROM PUBLIC")
    op.execute("GRANT EXECUTE ON FUNCTION adrail_make_events_partition(date) TO adrail_maintainer")


def downgrade() -> None:
    op.execute("DROP FUNCTION adrail_make_events_partition(date)")
    op.execute("SET LOCAL ROLE adrail_maintainer")
    for signature in FUNCTION_SIGNATURES:
        op.execute(f"DROP FUNCTION {signature}")
    op.execute("SET LOCAL ROLE adrail_owner")
    for table in POLICIES:
        op.execute(f"DROP POLICY tenant_isolation ON {table}")
        op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")
        op.execute(f"REVOKE ALL ON {table} FROM adrail_app, adrail_maintainer")
