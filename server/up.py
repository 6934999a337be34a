"""`adrail up`: everything on one machine, in the right order, and down again without leftovers."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import ProxyHandler, build_opener

import click

from core.embedded.errors import EmbeddedServerError
from core.embedded.lock import DataDirLock
from core.embedded.paths import DataDir, default_data_dir, open_data_dir
from core.embedded.postgres import EmbeddedPostgres
from core.embedded.processes import ProcessGroup
from core.embedded.requirements import check_postgres, check_valkey
from core.embedded.state import choose_port
from core.embedded.valkey import EmbeddedValkey
from server import local_state

DEFAULT_PORT = 8700
READY_SECONDS = 60


@dataclass(slots=True)
class Plan:
    """What was asked for, and what is known so far."""

    demo: bool
    sandbox: bool
    port: int
    data_dir: DataDir
    environment: dict[str, str] = field(default_factory=dict)
    database_url: str = ""
    redis_url: str = ""

    @property
    def base_url(self) -> str:
        """Where the web server will answer."""
        return self.environment["ADRAIL_BASE_URL"]


def run_up(*, demo: bool, sandbox: bool, port: int | None, data_dir: Path | None) -> None:
    """Start everything, say so in ready.json, wait for a signal, stop everything."""
    chosen = data_dir or Path(os.environ.get("ADRAIL_DATA_DIR", "") or default_data_dir())
    folder = open_data_dir(chosen)
    with DataDirLock(folder.root, "adrail up"), ProcessGroup(folder.logs) as group:
        plan = Plan(demo, sandbox, _web_port(folder, port), folder)
        _forget_readiness(folder)
        with _servers(plan, group):
            try:
                _prepare_database(plan)
                ready = _ready_facts(plan)
                _start_processes(plan, group)
                group.wait_ready()
                local_state.write_ready(folder, ready)
                _announce(plan, ready)
                group.wait()
                click.echo("stopping …", err=True)
            finally:
                _forget_readiness(folder)
                group.stop()


def _web_port(folder: DataDir, wanted: int | None) -> int:
    if wanted == 0:
        return choose_port(folder, "web", None)
    port = wanted or _port_setting()
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as exc:
            raise EmbeddedServerError(
                f"port {port} is in use ({exc.strerror}); choose another with --port, or --port 0 for a free one"
            ) from None
    return port


def _port_setting() -> int:
    text = os.environ.get("ADRAIL_PORT") or str(DEFAULT_PORT)
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise EmbeddedServerError(f"ADRAIL_PORT: {text!r} is no port; use a number from 1 to 65535")
    return int(text)


@contextlib.contextmanager
def _servers(plan: Plan, group: ProcessGroup) -> Iterator[None]:
    """PostgreSQL and Valkey: given ones are checked, missing ones are started and watched."""
    with contextlib.ExitStack() as stack:
        given_database, given_valkey = os.environ.get("DATABASE_URL"), os.environ.get("REDIS_URL")
        if given_database:
            _note(check_postgres(given_database).notes)
            plan.database_url = given_database
        else:
            postgres = stack.enter_context(EmbeddedPostgres(plan.data_dir.root))
            group.watch(postgres)
            plan.database_url = postgres.superuser_url
            plan.environment["DATABASE_URL"] = postgres.superuser_url
        if given_valkey:
            _note(check_valkey(given_valkey).notes)
            plan.redis_url = given_valkey
        else:
            valkey = stack.enter_context(EmbeddedValkey(plan.data_dir.root))
            group.watch(valkey)
            plan.redis_url = valkey.url()
            plan.environment["REDIS_URL"] = valkey.url()
        _settle_environment(plan)
        yield


def _note(notes: Any) -> None:
    for note in notes:
        click.echo(f"note: {note}", err=True)


def _settle_environment(plan: Plan) -> None:
    """Settings for the children; whatever the operator set wins."""
    metrics = plan.data_dir.root / "metrics"
    shutil.rmtree(metrics, ignore_errors=True)
    metrics.mkdir()
    plan.environment |= {
        "ADRAIL_HOST": os.environ.get("ADRAIL_HOST", "127.0.0.1"),
        "ADRAIL_PORT": str(plan.port),
        "ADRAIL_BASE_URL": os.environ.get("ADRAIL_BASE_URL", f"http://127.0.0.1:{plan.port}"),
        "PROMETHEUS_MULTIPROC_DIR": str(metrics),
    }
    for name, value in local_state.secrets_of(plan.data_dir).items():
        if name not in os.environ:
            plan.environment[name] = value
    if plan.demo:
        plan.environment["ADRAIL_DEMO"] = "true"
    if plan.sandbox:
        port = choose_port(plan.data_dir, "sandbox", None)
        plan.environment["ADRAIL_SANDBOX_URL"] = f"http://127.0.0.1:{port}"
    os.environ.update(plan.environment)


def _prepare_database(plan: Plan) -> None:
    """Migrate, and give the long-running processes logins that are no superuser."""
    from core.accounts.api import ensure_installation_key, tenant_key  # noqa: PLC0415 - settings are complete only now
    from core.config import settings  # noqa: PLC0415
    from core.db.migrate import upgrade  # noqa: PLC0415
    from core.db.session import dispose_engines  # noqa: PLC0415
    from core.registry import check_endpoints  # noqa: PLC0415

    check_endpoints(settings())
    upgrade()
    ensure_installation_key()
    tenant_key(None)  # says at once when the database was sealed with other master keys
    if "DATABASE_URL" in plan.environment:
        plan.environment |= local_state.restricted_logins(plan.data_dir, plan.database_url)
    dispose_engines()


def _ready_facts(plan: Plan) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "base_url": plan.base_url,
        "sandbox_url": plan.environment.get("ADRAIL_SANDBOX_URL"),
        "database_url": plan.database_url,
        "redis_url": plan.redis_url,
    }
    credentials = local_state.demo_credentials(plan.data_dir) if plan.demo else {}
    facts |= {name: credentials.get(name) for name in local_state.DEMO_FIELDS}
    slug = facts["demo_event_slug"]
    facts["demo_page_url"] = f"{plan.base_url}/demo/events/{slug}" if slug else None
    return facts


def _start_processes(plan: Plan, group: ProcessGroup) -> None:
    environment = {**os.environ, **plan.environment}
    sandbox_url = plan.environment.get("ADRAIL_SANDBOX_URL")

    def start(name: str, *arguments: str, ready: Callable[[], bool] | None = None) -> None:
        argv = [sys.executable, "-m", "server", *(arguments or (name,))]
        group.start(name, argv, env=environment, ready=ready, ready_timeout=READY_SECONDS)

    if sandbox_url:
        port = sandbox_url.rpartition(":")[2]
        start("sandbox", "sandbox", "--port", port, ready=lambda: _answers(f"{sandbox_url}/_sandbox/health"))
    start("web", ready=lambda: _answers(f"http://127.0.0.1:{plan.port}/readyz"))
    for name in ("ingest", "relay", "cron"):
        start(name)
    from core.config import settings  # noqa: PLC0415

    for number in range(1, settings().worker_processes + 1):
        start(f"worker-{number}", "worker")


def _answers(url: str) -> bool:
    try:
        # Proxies of the environment are not for this machine.
        with build_opener(ProxyHandler({})).open(url, timeout=2) as answer:
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False


def _announce(plan: Plan, ready: dict[str, Any]) -> None:
    click.secho(f"\nadrail is ready on {plan.base_url}", bold=True)
    click.echo(f"  data and logs   {plan.data_dir.root}")
    if ready["sandbox_url"]:
        click.echo(f"  sandbox         {ready['sandbox_url']}")
    if plan.demo:
        click.echo(f"  demo shop       {plan.base_url}/demo")
        click.echo(f"  web UI          {plan.base_url}/  as {ready['organizer_email']}")
        if local_state.first_showing(plan.data_dir, {name: ready[name] for name in local_state.DEMO_FIELDS}):
            click.echo(f"  password        {ready['organizer_password']}   (organiser)")
            click.echo(f"  admin           {ready['admin_email']}   {ready['admin_password']}")
            click.echo(f"  Shown once; they stay readable in {local_state.ready_path(plan.data_dir)} while this runs.")
    click.echo("Ctrl-C stops everything.")


def _forget_readiness(folder: DataDir) -> None:
    local_state.ready_path(folder).unlink(missing_ok=True)
