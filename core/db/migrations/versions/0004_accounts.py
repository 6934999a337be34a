"""Accounts: types, permissions, verification, tiers, invitations, sign-in."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0004_accounts"
down_revision = "0003_mails"
branch_labels = None
depends_on = None

CURRENT = "nullif(current_setting('adrail.tenant_id', true), '')::bigint"
OF_TENANT = ("invitations", "permission_grants", "subscriptions", "verification_requests")
# A person may belong to several marketplaces: their rows show wherever they are a member, and only look-ups and the
# maintainer, who asks for one person, write them.
OF_PERSON = ("password_resets", "recovery_codes", "user_sessions")

FUNCTIONS = """
CREATE FUNCTION adrail_find_workplaces(who bigint)
RETURNS TABLE (membership_id bigint, tenant_id bigint, organizer_id bigint, subject_kind text, subject_id text,
               account_type text, role text, verification text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT m.id, m.tenant_id, m.organizer_id, m.subject_kind, m.subject_id, m.account_type, m.role, m.verification
  FROM memberships m JOIN tenants t ON t.id = m.tenant_id
  WHERE m.user_id = who AND t.status = 'active' ORDER BY m.id $$;

CREATE FUNCTION adrail_find_session(hash bytea)
RETURNS TABLE (session_id bigint, user_id bigint, membership_id bigint, last_seen_at timestamptz,
               confirmed_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT s.id, s.user_id, s.membership_id, s.last_seen_at, s.confirmed_at
  FROM user_sessions s JOIN users u ON u.id = s.user_id
  WHERE s.token_hash = hash AND s.expires_at > now() AND u.disabled_at IS NULL
    AND u.sign_in_version = s.sign_in_version $$;

CREATE FUNCTION adrail_find_invitation(hash bytea)
RETURNS TABLE (tenant_id bigint, invitation_id bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT i.tenant_id, i.id FROM invitations i JOIN tenants t ON t.id = i.tenant_id
  WHERE i.token_hash = hash AND t.status = 'active' $$;

CREATE FUNCTION adrail_find_password_reset(hash bytea)
RETURNS TABLE (reset_id bigint, user_id bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT r.id, r.user_id FROM password_resets r JOIN users u ON u.id = r.user_id
  WHERE r.token_hash = hash AND r.used_at IS NULL AND r.expires_at > now() AND u.disabled_at IS NULL $$;

-- Servers of the version before know only these two subjects; a venue's member must not look like the whole marketplace.
CREATE OR REPLACE FUNCTION adrail_find_memberships(who bigint)
RETURNS TABLE (tenant_id bigint, organizer_id bigint, account_type text, role text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT m.tenant_id, m.organizer_id, m.account_type, m.role FROM memberships m
  JOIN tenants t ON t.id = m.tenant_id
  WHERE m.user_id = who AND m.subject_kind IS NULL AND t.status = 'active' ORDER BY m.id $$;
"""
BEFORE = """
CREATE OR REPLACE FUNCTION adrail_find_memberships(who bigint)
RETURNS TABLE (tenant_id bigint, organizer_id bigint, account_type text, role text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT m.tenant_id, m.organizer_id, m.account_type, m.role FROM memberships m
  JOIN tenants t ON t.id = m.tenant_id WHERE m.user_id = who AND t.status = 'active' ORDER BY m.id $$;
"""
SIGNATURES = (
    "adrail_find_workplaces(bigint)",
    "adrail_find_session(bytea)",
    "adrail_find_invitation(bytea)",
    "adrail_find_password_reset(bytea)",
)


def upgrade() -> None:
    op.add_column("users", sa.Column("time_zone", sa.Text(), nullable=True, comment="none: the marketplace's"))
    op.add_column("users", sa.Column("totp_ciphertext", sa.LargeBinary(), nullable=True))
    op.add_column("users", sa.Column("totp_since", sa.DateTime(timezone=True), nullable=True))
    op.add_column(
        "users",
        sa.Column(
            "totp_last_step", sa.BigInteger(), nullable=True, comment="no code of this time step or before is taken"
        ),
    )
    _widen_memberships()
    op.alter_column("mails", "user_id", nullable=True)
    op.add_column(
        "mails",
        sa.Column(
            "secret_ciphertext",
            sa.LargeBinary(),
            nullable=True,
            comment="the link that belongs into the text; gone once the mail is sent",
        ),
    )
    _create_tables_of_people()
    _create_tables_of_tenants()
    _protect()


def _widen_memberships() -> None:
    op.add_column(
        "memberships",
        sa.Column("subject_kind", sa.Text(), nullable=True, comment="artist, venue, label, promoter or ad_account"),
    )
    op.add_column("memberships", sa.Column("subject_id", sa.Text(), nullable=True))
    op.add_column("memberships", sa.Column("verification", sa.Text(), server_default="none", nullable=False))
    op.drop_constraint("uq_memberships_tenant_id_user_id_organizer_id", "memberships")
    op.create_unique_constraint(
        op.f("uq_memberships_subject"),
        "memberships",
        ["tenant_id", "user_id", "organizer_id", "subject_kind", "subject_id"],
        postgresql_nulls_not_distinct=True,
    )
    op.create_check_constraint(
        op.f("ck_memberships_one_subject"),
        "memberships",
        "(subject_kind IS NULL) = (subject_id IS NULL) AND (subject_kind IS NULL OR organizer_id IS NULL)",
    )
    op.create_index(op.f("ix_memberships_tenant_id_id"), "memberships", ["tenant_id", "id"])
    # The owner of the tables is under the policies, too; the maintainer is not.
    op.execute("SET LOCAL ROLE adrail_maintainer")
    op.execute("UPDATE memberships SET account_type = 'admin' WHERE role = 'admin' AND organizer_id IS NULL")
    op.execute("SET LOCAL ROLE adrail_owner")


def _id() -> sa.Column[Any]:
    return sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False)


def _tenant() -> sa.Column[Any]:
    return sa.Column("tenant_id", sa.BigInteger(), nullable=False)


def _created() -> sa.Column[Any]:
    return sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False)


def _moment(name: str, nullable: bool = False, **kwargs: Any) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable, **kwargs)


def _refers(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{target}.id"], name=op.f(f"fk_{table}_{column}"), ondelete="CASCADE")


def _key(table: str) -> sa.PrimaryKeyConstraint:
    return sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}"))


def _create_tables_of_people() -> None:
    op.create_table(
        "user_sessions",
        _id(),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("membership_id", sa.BigInteger(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("sign_in_version", sa.BigInteger(), nullable=False),
        sa.Column("device", sa.Text(), nullable=False, comment="browser and system, coarse"),
        sa.Column("address", sa.Text(), nullable=False, comment="network, never the host"),
        _moment("last_seen_at"),
        _moment("confirmed_at", comment="when the password was typed last"),
        _moment("expires_at"),
        _created(),
        _refers("user_sessions", "user_id", "users"),
        _refers("user_sessions", "membership_id", "memberships"),
        _key("user_sessions"),
        sa.UniqueConstraint("token_hash", name=op.f("uq_user_sessions_token_hash")),
    )
    op.create_index(op.f("ix_user_sessions_user_id"), "user_sessions", ["user_id"])
    op.create_index(op.f("ix_user_sessions_membership_id"), "user_sessions", ["membership_id"])
    op.create_index(op.f("ix_user_sessions_expires_at"), "user_sessions", ["expires_at"])
    op.create_table(
        "recovery_codes",
        _id(),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        _moment("used_at", nullable=True),
        _created(),
        _refers("recovery_codes", "user_id", "users"),
        _key("recovery_codes"),
        sa.UniqueConstraint("user_id", "code_hash", name=op.f("uq_recovery_codes_user_id_code_hash")),
    )
    op.create_table(
        "password_resets",
        _id(),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        _moment("expires_at"),
        _moment("used_at", nullable=True),
        _created(),
        _refers("password_resets", "user_id", "users"),
        _key("password_resets"),
        sa.UniqueConstraint("token_hash", name=op.f("uq_password_resets_token_hash")),
    )
    op.create_index(op.f("ix_password_resets_user_id"), "password_resets", ["user_id"])


def _create_tables_of_tenants() -> None:
    op.create_table(
        "invitations",
        _id(),
        _tenant(),
        sa.Column("recipient_ciphertext", sa.LargeBinary(), nullable=False),
        sa.Column("recipient_index", sa.LargeBinary(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("organizer_id", sa.BigInteger(), nullable=True),
        sa.Column("subject_kind", sa.Text(), nullable=True),
        sa.Column("subject_id", sa.Text(), nullable=True),
        sa.Column("account_type", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("invited_by", sa.Text(), nullable=False),
        sa.Column("sent", sa.Integer(), server_default="1", nullable=False, comment="how many mails carried a link"),
        _moment("expires_at"),
        _moment("accepted_at", nullable=True),
        _moment("withdrawn_at", nullable=True),
        _created(),
        _refers("invitations", "tenant_id", "tenants"),
        _refers("invitations", "organizer_id", "organizers"),
        _key("invitations"),
        sa.UniqueConstraint("token_hash", name=op.f("uq_invitations_token_hash")),
    )
    op.create_index(op.f("ix_invitations_tenant_id_id"), "invitations", ["tenant_id", "id"])
    op.create_index(op.f("ix_invitations_tenant_id_recipient_index"), "invitations", ["tenant_id", "recipient_index"])
    op.create_table(
        "verification_requests",
        _id(),
        _tenant(),
        sa.Column("membership_id", sa.BigInteger(), nullable=False),
        sa.Column("account_type", sa.Text(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("statement_ciphertext", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.Text(), server_default="waiting", nullable=False, comment="waiting, approved or refused"),
        sa.Column("decided_by", sa.Text(), nullable=True),
        _moment("decided_at", nullable=True),
        _created(),
        _refers("verification_requests", "tenant_id", "tenants"),
        _refers("verification_requests", "membership_id", "memberships"),
        _key("verification_requests"),
    )
    op.create_index(
        op.f("ix_verification_requests_tenant_id_state_id"), "verification_requests", ["tenant_id", "state", "id"]
    )
    op.create_index(op.f("ix_verification_requests_membership_id"), "verification_requests", ["membership_id"])
    op.create_table(
        "permission_grants",
        _id(),
        _tenant(),
        sa.Column("account_type", sa.Text(), nullable=False),
        sa.Column("permission", sa.Text(), nullable=False),
        sa.Column("granted", sa.Boolean(), nullable=False),
        _created(),
        _refers("permission_grants", "tenant_id", "tenants"),
        _key("permission_grants"),
        sa.UniqueConstraint(
            "tenant_id",
            "account_type",
            "permission",
            name=op.f("uq_permission_grants_tenant_id_account_type_permission"),
        ),
    )
    op.create_table(
        "subscriptions",
        _id(),
        _tenant(),
        sa.Column("subject_kind", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Text(), nullable=False),
        sa.Column("tier", sa.Text(), nullable=False),
        _moment("ends_at", nullable=True),
        _created(),
        _refers("subscriptions", "tenant_id", "tenants"),
        _key("subscriptions"),
        sa.UniqueConstraint(
            "tenant_id", "subject_kind", "subject_id", name=op.f("uq_subscriptions_tenant_id_subject_kind_subject_id")
        ),
    )


def _protect() -> None:
    for table in (*OF_TENANT, *OF_PERSON):
        own = f"tenant_id = {CURRENT}"
        if table in OF_PERSON:
            own = f"EXISTS (SELECT 1 FROM memberships m WHERE m.user_id = {table}.user_id AND m.tenant_id = {CURRENT})"
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY tenant_isolation ON {table} USING ({own}) WITH CHECK ({own})")
        rights = "SELECT" if table in OF_PERSON else "SELECT, INSERT, UPDATE, DELETE"
        op.execute(f"GRANT {rights} ON {table} TO adrail_app")
        op.execute(f"GRANT ALL ON {table} TO adrail_maintainer")
    op.execute("SET LOCAL ROLE adrail_maintainer")
    op.execute(FUNCTIONS)
    for signature in SIGNATURES:
        op.execute(f"REVOKE ALL ON FUNCTION {signature} FROM PUBLIC")
        op.execute(f"GRANT EXECUTE ON FUNCTION {signature} TO adrail_app")
    op.execute("SET LOCAL ROLE adrail_owner")


def downgrade() -> None:
    op.execute("SET LOCAL ROLE adrail_maintainer")
    for signature in SIGNATURES:
        op.execute(f"DROP FUNCTION {signature}")
    op.execute(BEFORE)
    op.execute("UPDATE memberships SET account_type = 'marketplace' WHERE account_type = 'admin'")
    # What the older schema cannot say must not turn into something it means.
    op.execute("DELETE FROM memberships WHERE subject_kind IS NOT NULL")
    op.execute("DELETE FROM mails WHERE user_id IS NULL OR secret_ciphertext IS NOT NULL")
    op.execute("SET LOCAL ROLE adrail_owner")
    for table in (*OF_TENANT, *OF_PERSON):
        op.drop_table(table)
    op.drop_column("mails", "secret_ciphertext")
    op.alter_column("mails", "user_id", nullable=False)
    op.drop_index(op.f("ix_memberships_tenant_id_id"), table_name="memberships")
    op.drop_constraint("ck_memberships_one_subject", "memberships")
    op.drop_constraint("uq_memberships_subject", "memberships")
    op.create_unique_constraint(
        "uq_memberships_tenant_id_user_id_organizer_id",
        "memberships",
        ["tenant_id", "user_id", "organizer_id"],
        postgresql_nulls_not_distinct=True,
    )
    for column in ("verification", "subject_id", "subject_kind"):
        op.drop_column("memberships", column)
    for column in ("totp_last_step", "totp_since", "totp_ciphertext", "time_zone"):
        op.drop_column("users", column)
