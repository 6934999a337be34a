"""What plugins' hooks bring about, seen where it shows: stored events, pages, commands, notices."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient
from structlog.testing import capture_logs

from core.connections.api import list_connections, pause
from server.app import create_app
from server.cli import main
from tests.marketplace import PLATFORM, Marketplace
from tests.pipeline import ingest, run_pipeline
from tests.plugin_distribution import REGISTERS, PluginFolder
from tests.webui.people import member

Admin = psycopg.Connection[tuple[Any, ...]]
LISTENER = """
heard = []

@adrail.hookimpl
def startup(processes):
    heard.append(list(processes))

@adrail.hookimpl
def delivery_finished(event, outcome):
    heard.append((event, outcome))

@adrail.hookimpl
def connection_changed(event):
    heard.append(event)
"""


def page_view() -> dict[str, Any]:
    """An accepted event of a visitor."""
    return {
        "event_id": str(uuid.uuid4()),
        "event_name": "page_view",
        "event_version": 1,
        "occurred_at": datetime.now(UTC).isoformat(),
        "source_system": "web",
        "visitor_id": "v-hooks",
        "session_id": "s-hooks",
        "consent_snapshot": {"analytics": True, "marketing": False, "data_processing": True},
        "context": {"page": {"url": "https://shop.example/"}},
        "payload": {},
    }


def stored_context(client: FlaskClient, marketplace: Marketplace, admin: Admin) -> dict[str, Any]:
    """The context of an event after it was collected and stored."""
    event = page_view()
    answer = client.post("/api/tx/events", json=event, headers=marketplace.collect_headers())
    assert answer.get_json()["accepted"] == 1, answer.text
    ingest()
    row = admin.execute("SELECT context FROM tx_events WHERE event_id = %s", [event["event_id"]]).fetchone()
    assert row is not None
    context: dict[str, Any] = row[0]
    return context


def test_enrich_event_adds_to_the_stored_context(
    client: FlaskClient, marketplace: Marketplace, admin_connection: Admin, plugins: PluginFolder
) -> None:
    plugins.add(
        REGISTERS
        + """
@adrail.hookimpl
def enrich_event(event):
    return {"weather": {"of": event["visitor_id"]}} if event["event_name"] == "page_view" else None
"""
    )
    plugins.activate()
    context = stored_context(client, marketplace, admin_connection)
    assert context["weather"] == {"of": "v-hooks"}
    assert context["page"] == {"url": "https://shop.example/"}


@pytest.mark.parametrize("answer", ["'text'", "[1]", "{1: 2}", "{'o': object()}", "{'nul': chr(0)}", "1 / 0"])
def test_what_cannot_be_stored_is_left_out_and_the_event_stays(
    client: FlaskClient, marketplace: Marketplace, admin_connection: Admin, plugins: PluginFolder, answer: str
) -> None:
    broken = plugins.add(
        REGISTERS
        + f"""
@adrail.hookimpl
def enrich_event(event):
    return {answer}
"""
    )
    plugins.add(
        REGISTERS
        + """
@adrail.hookimpl
def enrich_event(event):
    return {"kept": True}
"""
    )
    plugins.activate()
    with capture_logs() as logs:
        context = stored_context(client, marketplace, admin_connection)
    assert context == {"page": {"url": "https://shop.example/"}, "kept": True}
    assert {line["plugin"] for line in logs if line["event"] == "hook failed"} == {f"{broken} 1.2 ({broken})"}


def test_navigation_items_show_in_the_web_ui(database: str, marketplace: Marketplace, plugins: PluginFolder) -> None:
    plugins.add(
        REGISTERS
        + """
from adrail.hookspecs import NavigationItem

@adrail.hookimpl
def navigation_items():
    return [
        NavigationItem("Loyalty <cards>", "/loyalty", "Extras"),
        NavigationItem("Elsewhere", "https://evil.example/"),
    ]
"""
    )
    plugins.add(
        REGISTERS
        + """
@adrail.hookimpl
def navigation_items():
    return [{"label": "not an item"}]
"""
    )
    plugins.activate()
    page = member(create_app(), marketplace).get("/")
    assert 'href="/loyalty"' in page
    assert "Loyalty &lt;cards&gt;" in page
    assert "Extras" in page
    assert "evil.example" not in page
    assert "Deliveries" in page


def test_register_commands_adds_to_the_command_line(plugins: PluginFolder) -> None:
    plugins.add(
        REGISTERS
        + """
import click

@click.command("greet-tenants")
def greet():
    "Greet every tenant."
    click.echo("hello")

@click.command("config")
def impostor():
    click.echo("impostor")

@adrail.hookimpl
def register_commands():
    return [greet, impostor]
"""
    )
    broken = plugins.add(
        REGISTERS
        + """
@adrail.hookimpl
def register_commands():
    return ["not a command"]
"""
    )
    plugins.activate()
    with capture_logs() as logs:
        listed = CliRunner().invoke(main, ["--help"])
        ran = CliRunner().invoke(main, ["greet-tenants"])
    assert "greet-tenants" in listed.output
    assert (ran.exit_code, ran.output) == (0, "hello\n")
    assert "impostor" not in CliRunner().invoke(main, ["config"]).output
    assert {line["plugin"] for line in logs} == {f"{broken} 1.2 ({broken})"}


def test_a_broken_plugin_does_not_break_the_help(plugins: PluginFolder) -> None:
    name = plugins.add("raise RuntimeError('on purpose')")
    plugins.activate()
    answer = CliRunner().invoke(main, ["--help"])
    assert answer.exit_code == 0
    assert f"warning: plugin {name} 1.2 ({name}) cannot be loaded: on purpose" in answer.output
    assert "Serve HTTP" in answer.output


def test_startup_tells_which_process_starts(database: str, plugins: PluginFolder) -> None:
    name = plugins.add(REGISTERS + LISTENER)
    plugins.add(
        REGISTERS
        + """
@adrail.hookimpl
def startup(processes):
    raise RuntimeError("on purpose")
"""
    )
    plugins.activate()
    app = create_app()
    assert plugins.module(name).heard == [["web"]]
    assert app.test_client().get("/healthz").status_code == 200


def test_delivery_finished_tells_what_became_of_a_delivery(
    client: FlaskClient, marketplace: Marketplace, plugins: PluginFolder
) -> None:
    name = plugins.add(REGISTERS + LISTENER)
    plugins.add(
        REGISTERS
        + """
@adrail.hookimpl
def delivery_finished(event, outcome):
    raise RuntimeError("on purpose")
"""
    )
    plugins.activate()
    marketplace.add_code(PLATFORM, "shop", "100000000000010")
    order = client.post("/api/v1/orders", json=marketplace.order(), headers=marketplace.bearer())
    assert order.status_code == 201
    run_pipeline()
    [(event, outcome)] = plugins.module(name).heard
    assert (event.tenant_id, event.platform, event.state) == (marketplace.tenant_id, PLATFORM, "accepted")
    assert type(outcome).__name__ == "Accepted"


def test_connection_changed_tells_the_new_state(database: str, marketplace: Marketplace, plugins: PluginFolder) -> None:
    name = plugins.add(REGISTERS + LISTENER)
    plugins.activate()
    marketplace.add_code(PLATFORM, "shop", "100000000000011")
    connection = list_connections(marketplace.staff).items[0].id
    plugins.module(name).heard.clear()
    pause(marketplace.staff, connection, "on holiday")
    [event] = plugins.module(name).heard
    assert (event.tenant_id, event.connection_id, event.platform) == (marketplace.tenant_id, connection, PLATFORM)
    assert (event.state, event.reason) == ("paused", "on holiday")
