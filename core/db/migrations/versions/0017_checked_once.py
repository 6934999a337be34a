"""Lines of orders and traits of persons have the tenant of what they belong to: it is not looked up for each again."""

from alembic import op

revision = "0017_checked_once"
down_revision = "0012_visitor_cookie"
branch_labels = None
depends_on = None

TABLES = ("order_items", "person_traits")
# Lines name live events, which go with their tenant, too: the lines must be gone by then. Whoever deletes a tenant may
# be a role that sees the rows of one tenant alone.
CLEAR = """
CREATE FUNCTION adrail_clear_tenant() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  seen text := coalesce(current_setting('adrail.tenant_id', true), '');
BEGIN
  PERFORM set_config('adrail.tenant_id', OLD.id::text, true);
  DELETE FROM order_items WHERE tenant_id = OLD.id;
  PERFORM set_config('adrail.tenant_id', seen, true);
  RETURN OLD;
END $$
"""
CLEAR_TRIGGER = """
CREATE TRIGGER clear_tenant BEFORE DELETE ON tenants FOR EACH ROW EXECUTE FUNCTION adrail_clear_tenant()
"""


def upgrade() -> None:
    op.execute(CLEAR)
    op.execute(CLEAR_TRIGGER)
    for table in TABLES:
        op.drop_constraint(f"fk_{table}_tenant_id", table, type_="foreignkey")


def downgrade() -> None:
    for table in TABLES:
        op.create_foreign_key(f"fk_{table}_tenant_id", table, "tenants", ["tenant_id"], ["id"], ondelete="CASCADE")
    op.execute("DROP TRIGGER clear_tenant ON tenants")
    op.execute("DROP FUNCTION adrail_clear_tenant()")
