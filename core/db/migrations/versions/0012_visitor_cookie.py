"""Sites whose collector stands under their own address may keep the visitor's id in a cookie of that address."""

import sqlalchemy as sa
from alembic import op

revision = "0012_visitor_cookie"
down_revision = "0015_payments"
branch_labels = None
depends_on = None

# A function of its own beside the older one: releases that run on this schema read every column of that one.
SITE_OF_KEY = """
CREATE FUNCTION adrail_site_of_key(key text)
RETURNS TABLE (tenant_id bigint, site_pk bigint, site_id text, allowed_origins text[], dnt_policy text,
               uuid_namespace uuid, time_zone text, default_currency text, visitor_cookie boolean, cookie_domain text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT s.tenant_id, s.id, s.site_id, s.allowed_origins, s.dnt_policy, t.uuid_namespace, t.time_zone,
         t.default_currency, s.visitor_cookie, s.cookie_domain
  FROM sites s JOIN tenants t ON t.id = s.tenant_id
  WHERE (s.write_key = key OR (s.previous_write_key = key AND s.previous_write_key_until > now()))
    AND t.status = 'active' $$;
"""


def upgrade() -> None:
    op.add_column("sites", sa.Column("visitor_cookie", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    comment = "none: the host that asks, alone"
    op.add_column("sites", sa.Column("cookie_domain", sa.Text(), nullable=True, comment=comment))
    op.execute("SET LOCAL ROLE adrail_maintainer")
    op.execute(SITE_OF_KEY)
    op.execute("REVOKE ALL ON FUNCTION adrail_site_of_key(text) FROM PUBLIC")
    op.execute("GRANT EXECUTE ON FUNCTION adrail_site_of_key(text) TO adrail_app")
    op.execute("SET LOCAL ROLE adrail_owner")


def downgrade() -> None:
    op.execute("SET LOCAL ROLE adrail_maintainer")
    op.execute("DROP FUNCTION adrail_site_of_key(text)")
    op.execute("SET LOCAL ROLE adrail_owner")
    op.drop_column("sites", "cookie_domain")
    op.drop_column("sites", "visitor_cookie")
