"""What becomes of members when accounts get types, and when that is taken back."""

from __future__ import annotations

import psycopg

from core.db.migrate import downgrade, upgrade

BEFORE, AFTER = "0003_mails", "0004_accounts"
PEOPLE = """
INSERT INTO tenants (slug, name, default_currency, time_zone) VALUES ('t', 'T', 'EUR', 'UTC');
INSERT INTO organizers (tenant_id, external_id, slug, name) VALUES (1, 'org-1', 'org-1', 'O');
INSERT INTO users (email_ciphertext, email_index, display_name_ciphertext, password_hash)
  SELECT 'x', n::text::bytea, 'x', 'x' FROM generate_series(1, 3) n;
INSERT INTO memberships (tenant_id, user_id, organizer_id, account_type, role) VALUES
  (1, 1, NULL, 'marketplace', 'admin'), (1, 2, NULL, 'marketplace', 'owner'), (1, 3, 1, 'organizer', 'admin');
"""
TYPES = "SELECT user_id, account_type FROM memberships ORDER BY id"
FOUND = "SELECT account_type FROM adrail_find_memberships(4)"


def test_administrators_stay_administrators_there_and_back(empty_database: str) -> None:
    upgrade(BEFORE)
    with psycopg.connect(empty_database, autocommit=True) as connection:
        connection.execute(PEOPLE)
        upgrade(AFTER)
        assert connection.execute(TYPES).fetchall() == [(1, "admin"), (2, "marketplace"), (3, "organizer")]

        downgrade(BEFORE)

        assert connection.execute(TYPES).fetchall() == [(1, "marketplace"), (2, "marketplace"), (3, "organizer")]


def test_servers_of_the_version_before_do_not_take_a_venues_member_for_the_marketplace(empty_database: str) -> None:
    upgrade(AFTER)
    with psycopg.connect(empty_database, autocommit=True) as connection:
        connection.execute(PEOPLE)
        connection.execute(
            "INSERT INTO users (email_ciphertext, email_index, display_name_ciphertext, password_hash)"
            " VALUES ('x', '4', 'x', 'x')"
        )
        connection.execute(
            "INSERT INTO memberships (tenant_id, user_id, subject_kind, subject_id, account_type, role)"
            " VALUES (1, 4, 'venue', 'v-1', 'venue', 'owner')"
        )
        assert connection.execute(FOUND).fetchall() == []
        assert connection.execute(FOUND.replace("memberships", "workplaces")).fetchall() == [("venue",)]

        downgrade(BEFORE)

        assert connection.execute("SELECT user_id FROM memberships WHERE user_id = 4").fetchall() == []
