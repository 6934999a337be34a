"""What `adrail up` keeps in its data directory: generated secrets, database logins, demo credentials, ready.json."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import Any

import orjson
import psycopg
from psycopg import sql
from sqlalchemy.engine import make_url

from core.embedded.paths import DataDir
from core.embedded.state import secret, write_file

DEMO_FIELDS = (
    "tenant_id", "write_key", "server_key", "organizer_api_token", "organizer_email", "organizer_password",
    "admin_email", "admin_password", "demo_event_slug", "demo_live_event_id", "demo_ticket_type_id",
)  # fmt: skip
LOGINS = {"DATABASE_URL": "adrail_app", "ADRAIL_DATABASE_MAINTAINER_URL": "adrail_maintainer"}


def secrets_of(folder: DataDir) -> dict[str, str]:
    """Master key and session key of this installation, made on first use."""
    master = hashlib.sha256(secret(folder, "master_key").encode()).digest()
    return {
        "ADRAIL_MASTER_KEYS": f"local:{base64.b64encode(master).decode()}",
        "ADRAIL_SECRET_KEY": hashlib.sha256(secret(folder, "session_key").encode()).hexdigest(),
    }


def restricted_logins(folder: DataDir, superuser_url: str) -> dict[str, str]:
    """Let the roles log in with passwords of their own; returns the settings that use them."""
    settings = {}
    with psycopg.connect(superuser_url, autocommit=True) as connection:
        for variable, role in LOGINS.items():
            password = secret(folder, f"postgres_{role}")
            connection.execute(
                sql.SQL("ALTER ROLE {} LOGIN PASSWORD {}").format(sql.Identifier(role), sql.Literal(password))
            )
            url = make_url(superuser_url).set(username=role, password=password)
            settings[variable] = url.render_as_string(hide_password=False)
    return settings


def demo_credentials(folder: DataDir) -> dict[str, Any]:
    """Credentials of the demo marketplace, which is seeded or completed when these are not known yet."""
    from core.accounts.api import tenant_exists, tenant_with_slug  # noqa: PLC0415 - needs complete settings
    from server.demo.seed import DEMO_SLUG, seed_demo  # noqa: PLC0415

    path = folder.root / "demo.json"
    if path.exists() and tenant_exists(DEMO_SLUG):
        known: dict[str, Any] = orjson.loads(path.read_bytes())
        # Another database may have been given since.
        if known["tenant_id"] == tenant_with_slug(DEMO_SLUG):
            return known
    made = seed_demo().as_dict()
    write_file(path, orjson.dumps(made, option=orjson.OPT_INDENT_2).decode(), mode=0o600)
    return made


def first_showing(folder: DataDir, credentials: dict[str, Any]) -> bool:
    """Whether these demo passwords are printed for the first time."""
    shown = folder.root / "demo.shown"
    digest = hashlib.sha256(orjson.dumps(credentials, option=orjson.OPT_SORT_KEYS)).hexdigest()
    if shown.exists() and shown.read_text("ascii") == digest:
        return False
    write_file(shown, digest, mode=0o600)
    return True


def ready_path(folder: DataDir) -> Path:
    """Where `adrail up` says that it is ready."""
    return folder.root / "ready.json"


def write_ready(folder: DataDir, facts: dict[str, Any]) -> None:
    """Write ready.json, readable by the owner only."""
    write_file(ready_path(folder), orjson.dumps(facts, option=orjson.OPT_INDENT_2).decode() + "\n", mode=0o600)
