"""The test bench: real servers, a database per module cloned from a migrated template, the sandbox, the application."""

from __future__ import annotations

import functools
import os
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
import redis
import structlog
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Browser
from xdist.scheduler import LoadScopeScheduling

from adrail.sandbox import SandboxServer
from tests.chromium import chromium
from tests.marketplace import Marketplace, make_marketplace
from tests.passwords import quick_passwords
from tests.platform_records import reset
from tests.plugin_distribution import PluginFolder
from tests.process_state import forget, use_environment
from tests.rounds import register_profiles
from tests.servers import TestServers, create_database, database_url, drop_database, valkey_url

register_profiles()

_SERVERS = pytest.StashKey[TestServers]()


def pytest_configure(config: pytest.Config) -> None:
    """Start the servers once, in the process that distributes the tests."""
    if not hasattr(config, "workerinput") and not config.option.collectonly:
        config.stash[_SERVERS] = TestServers()
        config.stash[_SERVERS].start()


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop them."""
    servers = config.stash.get(_SERVERS, None)
    if servers is not None:
        forget()
        servers.stop()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    """Keep a file's tests on one worker, and all browser tests too: they share what is slow to start."""
    return ByFile(config, log)


# What takes longest goes first, so that no worker is left alone with it at the end.
LONG = (
    "tests/browser", "tests/server/test_given_servers", "tests/docs/test_examples", "tests/server/test_up",
    "tests/server/operations/", "tests/chaos/", "tests/security/", "tests/core/catalog/", "tests/server/",
)  # fmt: skip


class ByFile(LoadScopeScheduling):  # type: ignore[misc]
    """Hands out whole files; groups by marker would need item ids that this pytest does not let xdist change."""

    def schedule(self) -> None:
        """Distribute, the long ones before the many."""
        super().schedule()
        waiting: list[tuple[str, Any]] = list(self.workqueue.items())  # type: ignore[has-type]
        self.workqueue = OrderedDict(sorted(waiting, key=lambda item: _turn(item[0])))

    def _split_scope(self, nodeid: str) -> str:
        path = nodeid.partition("::")[0]
        return "tests/browser" if path.startswith("tests/browser/") else path


def _turn(scope: str) -> int:
    return next((number for number, start in enumerate(LONG) if scope.startswith(start)), len(LONG))


@pytest.fixture(scope="session", autouse=True)
def cheap_passwords() -> Iterator[None]:
    """People of tests have passwords that are hashed quickly."""
    with quick_passwords():
        yield


@pytest.fixture(scope="session", autouse=True)
def plain_logs() -> None:
    """Logs of this process show exceptions as Python does: colouring one takes longer than the test it happened in."""
    shown = structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(processors=[*structlog.get_config()["processors"][:-1], shown])


@pytest.fixture(scope="session")
def sandbox() -> Iterator[SandboxServer]:
    """A running sandbox with the emulators of all installed platforms."""
    from core.registry import registry

    emulators = [item.sandbox.create() for item in registry().supporting("sandbox") if item.sandbox]
    with SandboxServer(emulators) as server:
        yield server


@pytest.fixture(scope="session")
def worker_number() -> int:
    """A number of this test process, from 1; also its Valkey database."""
    name = os.environ.get("PYTEST_XDIST_WORKER", "gw0")
    return int(name.removeprefix("gw")) + 1


@pytest.fixture(scope="module")
def database(worker_number: int, sandbox: SandboxServer) -> Iterator[str]:
    """An empty migrated database, Valkey and sandbox for this module; settings point at them."""
    name = f"adrail_test_{worker_number}"
    create_database(name)
    with use_environment(
        DATABASE_URL=database_url(name),
        REDIS_URL=valkey_url(worker_number),
        ADRAIL_SANDBOX_URL=sandbox.url,
        ADRAIL_DEMO="true",
        ADRAIL_DATABASE_POOL_SIZE="8",
    ):
        redis.Redis.from_url(os.environ["REDIS_URL"]).flushdb()
        reset(sandbox.url)
        yield os.environ["DATABASE_URL"]
    drop_database(name)


@pytest.fixture
def marketplace(database: str) -> Marketplace:
    """A marketplace of its own for this test."""
    return make_marketplace()


@pytest.fixture
def other_marketplace(database: str) -> Marketplace:
    """Another marketplace, which must notice nothing."""
    return make_marketplace()


@functools.cache
def application(*_environment: str) -> Flask:
    """The application as it runs in production; it keeps no state, so every module with the same settings uses it."""
    from server.app import create_app

    return create_app()


@pytest.fixture(scope="module")
def app(database: str) -> Flask:
    """The application on this module's database."""
    return application(database, os.environ["REDIS_URL"], os.environ["ADRAIL_SANDBOX_URL"])


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A client without cookies."""
    return app.test_client()


@pytest.fixture
def admin_connection(database: str) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    """A superuser's connection that sees every tenant, for looking only."""
    with psycopg.connect(database, autocommit=True) as connection:
        yield connection


@pytest.fixture
def plugins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PluginFolder]:
    """A folder for throwaway plugins that this process and its children find like installed ones."""
    folder = PluginFolder(tmp_path, monkeypatch)
    yield folder
    folder.forget()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium, shared by all tests of this process that look at pages."""
    with chromium() as running:
        yield running
