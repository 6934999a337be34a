"""The command line: help with examples, readable errors, settings without secrets, and what operators set up."""

from __future__ import annotations

import base64
import json
import logging
import re
from collections.abc import Iterator
from typing import Any

import click
import psycopg
import pytest
import structlog
from click.testing import CliRunner, Result

from core.accounts.api import authenticate_key, find_site, sign_in, tenant_view, tenant_with_slug, verify_audit
from core.catalog.api import list_live_events
from core.codes.api import list_codes
from core.config import Settings, variable
from core.registry import registry
from server.cli import main
from tests.process_state import use_environment

Admin = psycopg.Connection[tuple[Any, ...]]
PASSWORD = "a long enough password"


@pytest.fixture(autouse=True)
def own_logging() -> Iterator[None]:
    """Commands set up logging for their process; here that process is the test's, and gets its own back."""
    root, before = logging.getLogger(), structlog.get_config()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.configure(**before)


def run(*arguments: str, answers: str | None = None) -> Result:
    """Run a command in this process."""
    return CliRunner().invoke(main, list(arguments), input=answers)


def refused(result: Result) -> str:
    """What a command said when it refused; fails when it went through or fell over."""
    assert result.exit_code == 1, result.output
    assert isinstance(result.exception, SystemExit)
    assert "Traceback" not in result.output
    return result.output


def commands(group: click.Group = main, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every command of ours as words."""
    yield path
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))
        else:
            yield (*path, name)


@pytest.mark.parametrize("path", list(commands()), ids=lambda path: " ".join(path) or "adrail")
def test_every_command_explains_itself_with_an_example(path: tuple[str, ...]) -> None:
    result = run(*path, "--help")
    assert result.exit_code == 0
    assert re.search(r"(Example|Start here):\n +(\w+=\S+ )*adrail \w+", result.output), result.output
    options = result.output.partition("Options:")[2]
    lines = re.findall(r"^ {2}(-.+)$", options, re.MULTILINE)
    assert lines
    assert all(re.search(r"\S {2,}\S", line) for line in lines if len(line) < 70), lines


def test_an_unknown_command_is_refused() -> None:
    result = run("fly")
    assert result.exit_code == 2
    assert "No such command 'fly'" in result.output


def test_the_version_is_told() -> None:
    assert re.fullmatch(r"adrail, version \d+\.\d+\.\d+\n", run("--version").output)


def test_config_prints_every_setting_and_no_secret(database: str) -> None:
    key = base64.b64encode(b"canary-canary-canary-canary-cana").decode()
    secrets = {
        "ADRAIL_MASTER_KEYS": f"k1:{key}",
        "ADRAIL_SECRET_KEY": "canary-session-key-that-is-long-enough",
        "ADRAIL_DATABASE_MAINTAINER_URL": "postgresql://m:canary-m@db.example/adrail",
        "DATABASE_URL": "postgresql://a:canary-a@db.example/adrail",
        "REDIS_URL": "redis://:canary-v@cache.example",
        "ADRAIL_PORT": "8123",
    }
    with use_environment(**secrets):
        result = run("config")
    assert result.exit_code == 0
    assert "canary" not in result.output
    assert key not in result.output
    for name in Settings.model_fields:
        assert re.search(rf"^{variable(name)}\s", result.output, re.MULTILINE), name
    assert re.search(r"^ADRAIL_PORT +8123$", result.output, re.MULTILINE)
    assert re.search(r"^DATABASE_URL +set, hidden$", result.output, re.MULTILINE)


def test_wrong_settings_are_refused_with_their_names(database: str) -> None:
    with use_environment(ADRAIL_PORT="many", DATABASE_URL="mysql://x"):
        said = refused(run("config"))
    assert "ADRAIL_PORT: " in said
    assert "DATABASE_URL: must start with postgresql://" in said


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"DATABASE_URL": "postgresql://u:canary@127.0.0.1:1/x"}, "PostgreSQL at 127.0.0.1:1 cannot be used"),
        ({"REDIS_URL": "redis://:canary@127.0.0.1:1/0"}, "Valkey at 127.0.0.1:1 cannot be used"),
        ({"ADRAIL_ENDPOINTS": '{"nowhere": {"api": "https://x.example"}}'}, "no platform 'nowhere' is installed"),
        ({"ADRAIL_ENV": "production"}, "ADRAIL_SANDBOX_URL must not be set"),
    ],
)
@pytest.mark.parametrize("command", ["web", "ingest", "relay", "worker", "cron"])
def test_no_process_starts_on_what_it_cannot_rely_on(
    database: str, command: str, environment: dict[str, str], said: str
) -> None:
    with use_environment(**environment):
        message = refused(run(command))
    assert said in message
    assert "canary" not in message


def test_commands_say_when_a_server_is_away(database: str) -> None:
    with use_environment(DATABASE_URL="postgresql://u:canary@127.0.0.1:1/x"):
        for command in (["migrate"], ["migrate", "--show"], ["demo", "seed"]):
            said = refused(run(*command))
            assert "PostgreSQL cannot be used" in said
            assert "Check DATABASE_URL" in said
            assert "canary" not in said


def test_a_queue_that_nobody_serves_is_refused(database: str) -> None:
    assert "unknown queue 'conversation'; known: conversions" in refused(run("worker", "conversation"))


def test_a_worker_may_end_when_nothing_is_left(database: str) -> None:
    assert run("worker", "--burst").exit_code == 0


def test_the_sandbox_is_refused_in_production() -> None:
    with use_environment(ADRAIL_ENV="production"):
        assert "the sandbox is refused" in refused(run("sandbox"))


def test_plugins_are_listed_with_origin_and_abilities() -> None:
    said = run("plugins", "list").output
    for platform in registry().all():
        assert re.search(rf"^{platform.slug} +{re.escape(platform.display_name)} +.*health", said, re.MULTILINE)
        assert f"from {registry().origin(platform.slug)}" in said


def test_migrate_shows_what_is_missing(database: str, admin_connection: Admin) -> None:
    assert run("migrate", "--show").output == "nothing to do: the database is up to date\n"
    before = admin_connection.execute("UPDATE alembic_version SET version_num = '0001_tables'")
    assert before.rowcount == 1
    try:
        assert run("migrate", "--show").output.startswith("0002_row_level_security")
    finally:
        admin_connection.execute("DELETE FROM alembic_version")
        from alembic import command

        from core.db.migrate import alembic_config

        command.stamp(alembic_config(), "head")
    assert run("migrate").output == "the database is up to date\n"


def test_migrating_down_asks_first(database: str, admin_connection: Admin) -> None:
    result = run("migrate", "--down-to", "0001_tables", answers="n\n")
    assert result.exit_code == 1
    assert "is lost. Go on?" in result.output
    assert admin_connection.execute("SELECT count(*) FROM pg_policies").fetchone() != (0,)


def test_a_marketplace_is_created_with_its_administrator(database: str) -> None:
    result = run(
        "tenant", "create", "opera", "--name", "Opera", "--currency", "RON", "--time-zone", "Europe/Bucharest",
        "--origin", "https://opera.example", "--admin-email", "ana@opera.example", answers=f"{PASSWORD}\n{PASSWORD}\n",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    assert PASSWORD not in result.output
    told = dict(re.findall(r"^(tenant|site|write key|server key) +(\S+)$", result.output, re.MULTILINE))
    tenant_id = tenant_with_slug("opera")
    assert told["tenant"] == str(tenant_id)
    assert tenant_view(tenant_id).name == "Opera"
    site, actor = find_site(told["write key"]), authenticate_key(told["server key"])
    assert site is not None
    assert actor is not None
    assert (site.tenant_id, actor.tenant_id) == (tenant_id, tenant_id)
    profile = sign_in("ana@opera.example", PASSWORD, client_address="203.0.113.9")
    assert profile is not None
    assert "admin" in profile.actor.permissions
    assert verify_audit(tenant_id) is None


@pytest.mark.parametrize(
    ("change", "answers", "said"),
    [
        ({"slug": "NOT A SLUG"}, None, "/slug: use 2 to 63"),
        ({"--currency": "euro"}, None, "/currency: use an ISO 4217 code"),
        ({"--time-zone": "Mars"}, None, "/time_zone: use a name such as"),
        ({"--origin": "opera.example"}, None, "/origins/0: use scheme and host only"),
        ({"--admin-email": "ana"}, f"{PASSWORD}\n{PASSWORD}\n", "/email: use an address"),
        ({"--admin-email": "a@b.example"}, "short\nshort\n", "/password: use 12 to 500"),
    ],
)
def test_a_marketplace_that_cannot_be_is_refused_and_leaves_nothing(
    database: str, admin_connection: Admin, change: dict[str, str], answers: str | None, said: str
) -> None:
    options = {"--name": "N", "--currency": "EUR", "--time-zone": "UTC", **change}
    slug = options.pop("slug", "refused")
    arguments = [word for option in options.items() for word in option]
    assert said in refused(run("tenant", "create", slug, *arguments, answers=answers))
    assert admin_connection.execute("SELECT 1 FROM tenants WHERE slug = 'refused'").fetchone() is None


def seeded(*options: str) -> dict[str, str]:
    """Seed the demo marketplace and read its credentials from what is printed."""
    result = run("demo", "seed", *options)
    assert result.exit_code == 0, result.output
    assert "seeding the demo marketplace" in result.output
    return dict(re.findall(r"^(\w+) {2,}(\S+)$", result.output, re.MULTILINE))


def test_the_demo_marketplace_is_seeded_once_and_renewed_on_demand(database: str, admin_connection: Admin) -> None:
    first = seeded()
    tenant_id = int(first["tenant_id"])
    assert "is there already; --renew" in run("demo", "seed").output
    second = seeded("--renew")
    assert {name for name in first if first[name] != second[name]} == {
        "server_key", "organizer_api_token", "organizer_password", "admin_password",
    }  # fmt: skip
    for credentials in (first, second):
        assert authenticate_key(credentials["server_key"]) is not None
    signed_in = [
        sign_in(item["organizer_email"], item["organizer_password"], client_address="203.0.113.10")
        for item in (first, second)
    ]
    assert signed_in[0] is None
    assert signed_in[1] is not None
    assert len(list_live_events(tenant_id, limit=200).items) >= 35
    persons = admin_connection.execute("SELECT count(*) FROM persons WHERE tenant_id = %s", [tenant_id]).fetchone()
    assert persons is not None
    assert persons[0] >= 100
    for platform in registry().supporting("sandbox"):
        codes = list_codes(signed_in[1].actor, provider=platform.slug).items
        assert len({code.public_id for code in codes}) == len(codes) == 2


def test_an_interrupted_seeding_is_completed(database: str, admin_connection: Admin) -> None:
    seeded("--renew")
    tenant_id = tenant_with_slug("scena")
    # What follows from deleted rows is written as their owner, who sees one marketplace at a time.
    admin_connection.execute("SELECT set_config('adrail.tenant_id', %s, false)", [str(tenant_id)])
    for table in ("event_tracking_codes", "order_items", "ticket_types", "live_events", "memberships"):
        admin_connection.execute(f"DELETE FROM {table} WHERE tenant_id = %s", [tenant_id])
    admin_connection.execute("DELETE FROM users WHERE id NOT IN (SELECT user_id FROM memberships)")
    admin_connection.execute("DELETE FROM venues WHERE tenant_id = %s", [tenant_id])
    admin_connection.execute("DELETE FROM persons WHERE tenant_id = %s", [tenant_id])
    credentials = seeded("--renew")
    assert list_live_events(tenant_id, limit=1).items
    profile = sign_in(credentials["admin_email"], credentials["admin_password"], client_address="203.0.113.11")
    assert profile is not None
    assert len(list_codes(profile.actor).items) == 3 * len(registry().supporting("sandbox"))


def test_the_same_seed_makes_the_same_marketplace(database: str) -> None:
    from datetime import date

    from server.demo.content import ORGANIZERS, make_catalogue

    organizers = {key: number for number, (key, _, _) in enumerate(ORGANIZERS)}
    same = [json.dumps(vars_of(make_catalogue(7, date(2026, 11, 20), organizers)), default=str) for _ in range(2)]
    other = json.dumps(vars_of(make_catalogue(8, date(2026, 11, 20), organizers)), default=str)
    assert same[0] == same[1] != other


def vars_of(catalogue: Any) -> dict[str, Any]:
    """Everything in a catalogue."""
    return {name: getattr(catalogue, name) for name in ("venues", "live_events", "ticket_types", "persons")}
