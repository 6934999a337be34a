"""`adrail up`: everything on one machine, in the right order, and down again without leftovers."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import ProxyHandler, build_opener

import click

from core.embedded.lock import DataDirLock
from core.embedded.paths import DataDir, default_data_dir, open_data_dir
from core.embedded.postgres import EmbeddedPostgres
from core.embedded.processes import ProcessGroup
from core.embedded.requirements import check_postgres, check_valkey
from core.embedded.valkey import EmbeddedValkey
from server import local_state
from server.plan import Plan, settle_environment, web_port
from server.ready import announce, ready_facts

READY_SECONDS = 60


def run_up(*, demo: bool, sandbox: bool, port: int | None, data_dir: Path | None) -> None:
    """Start everything, say so in ready.json, wait for a signal, stop everything."""
    chosen = data_dir or Path(os.environ.get("ADRAIL_DATA_DIR", "") or default_data_dir())
    folder = open_data_dir(chosen)
    with DataDirLock(folder.root, "adrail up"), ProcessGroup(folder.logs) as group:
        plan = Plan(demo, sandbox, web_port(folder, port), folder)
        _forget_readiness(folder)
        with _servers(plan, group):
            try:
                _prepare_database(plan)
                ready = ready_facts(plan)
                _start_processes(plan, group)
                group.wait_ready()
                if not group.stop_requested:
                    local_state.write_ready(folder, ready)
                    announce(plan, ready)
                group.wait()
                click.echo("stopping …", err=True)
            finally:
                _forget_readiness(folder)
                group.stop()


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
        settle_environment(plan)
        yield


def _note(notes: Any) -> None:
    for note in notes:
        click.echo(f"note: {note}", err=True)


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


def _start_processes(plan: Plan, group: ProcessGroup) -> None:
    environment = {**os.environ, **plan.environment}
    sandbox_url = plan.environment.get("ADRAIL_SANDBOX_URL")

    def start(name: str, *arguments: str, ready: Callable[[], bool] | None = None) -> None:
        argv = [sys.executable, "-m", "server", *(arguments or (name,))]
        group.start(name, argv, env=environment, ready=ready, ready_timeout=READY_SECONDS)

    if sandbox_url:
        port = sandbox_url.rpartition(":")[2]
        start("sandbox", "sandbox", "--port", port, ready=lambda: _answers(f"{sandbox_url}/_sandbox/health"))
    start("web", ready=lambda: _answers(f"{plan.probe_url}/readyz"))
    for name in ("ingest", "relay", "cron"):
        start(name)
    from core.config import settings  # noqa: PLC0415

    for number in range(2, settings().ingest_processes + 1):
        start(f"ingest-{number}", "ingest")
    for number in range(1, settings().worker_processes + 1):
        start(f"worker-{number}", "worker")


def _answers(url: str) -> bool:
    try:
        # Proxies of the environment are not for this machine.
        with build_opener(ProxyHandler({})).open(url, timeout=2) as answer:
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False


def _forget_readiness(folder: DataDir) -> None:
    local_state.ready_path(folder).unlink(missing_ok=True)
