"""A running adrail whose platforms live outside of it: they outlive whatever happens to it, as real ones do."""

from __future__ import annotations

import signal
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import psycopg
import redis
import requests

from adrail.sandbox import GENERIC_KINDS, SandboxServer
from core.registry import registry
from tests.chaos import processes
from tests.installation import Installation
from tests.waiting import until


@dataclass(frozen=True, slots=True)
class Code:
    """A tracking code of the demo marketplace; ``live_event`` and ``organizer`` are external ids."""

    id: int
    provider: str
    public_id: str
    level: str
    organizer: str | None
    live_event: str | None


class Rail:
    """`adrail up --demo` with the emulators of this process as its platforms; use it with `with`."""

    def __init__(self, **environment: str) -> None:
        emulators = [item.sandbox.create() for item in registry().supporting("sandbox") if item.sandbox]
        self.platforms = SandboxServer(emulators)
        self.installation = Installation("--demo", ADRAIL_SANDBOX_URL=self.platforms.url, **environment)

    def __enter__(self) -> Self:
        self.platforms.start()
        try:
            self.installation.__enter__()
        except BaseException:
            self.platforms.stop()
            raise
        return self

    def __exit__(self, *error: object) -> None:
        self.installation.__exit__(*error)
        self.platforms.stop()

    @property
    def facts(self) -> dict[str, Any]:
        """ready.json of the latest start."""
        return self.installation.facts

    @property
    def supervisor(self) -> int:
        """The id of the process that was started."""
        assert self.installation.process is not None
        return self.installation.process.pid

    def roles(self) -> dict[str, list[int]]:
        """Who plays which part at the moment."""
        return processes.roles(self.supervisor)

    def kill(self, *wanted: str) -> list[int]:
        """Kill everybody who plays one of these parts, all at once; returns their ids."""
        playing = self.roles()
        victims = [pid for role in wanted for pid in playing.get(role, [])]
        processes.kill(victims)
        return victims

    def restart(self) -> None:
        """Start again on the same data after the supervisor was killed."""
        assert self.installation.process is not None
        self.installation.process.wait(30)
        # Written by the one that was killed: it says nothing about the one to come.
        (self.installation.data_dir / "ready.json").unlink(missing_ok=True)
        self.installation.start()

    @contextmanager
    def outage(self, *wanted: str) -> Iterator[None]:
        """Kill, and keep the supervisor from starting anything again until the end."""
        processes.kill([self.supervisor], signal.SIGSTOP)
        try:
            gone = self.kill(*wanted)
            assert gone, f"nobody is {wanted}"
            until(lambda: not set(gone) & set(processes.running()), what=f"the end of {wanted}")
            yield
        finally:
            processes.kill([self.supervisor], signal.SIGCONT)

    @contextmanager
    def database(self) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
        """A superuser's connection that sees every tenant."""
        with psycopg.connect(self.facts["database_url"], autocommit=True, connect_timeout=5) as connection:
            yield connection

    def query(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """The rows of one statement."""
        with self.database() as connection:
            cursor = connection.execute(statement.encode(), values)
            return cursor.fetchall() if cursor.description else []

    @contextmanager
    def valkey(self) -> Iterator[redis.Redis]:
        """A connection to Valkey."""
        with redis.Redis.from_url(self.facts["redis_url"], socket_timeout=5) as client:
            yield client

    def call(self, method: str, path: str, **arguments: Any) -> requests.Response:
        """Call the API with the marketplace's server key."""
        headers = {"Authorization": f"Bearer {self.facts['server_key']}", **arguments.pop("headers", {})}
        return requests.request(method, f"{self.facts['base_url']}{path}", headers=headers, timeout=10, **arguments)

    def what_is_not_ready(self) -> str:
        """What its own answer to «are you ready» complains about; empty when it is."""
        answer = self.call("GET", "/readyz")
        return "" if answer.status_code == 200 else answer.text

    def fault_kinds(self, platform: str) -> tuple[str, ...]:
        """The faults that a platform's emulator can play."""
        return (*GENERIC_KINDS, *self.platforms.host.sandboxes[platform].fault_kinds)

    @cached_property
    def namespace(self) -> uuid.UUID:
        """What the ids of purchases are made from, as pages are told."""
        address = f"{self.facts['base_url']}/api/marketplace-client/site/tracking-config"
        config = requests.get(address, params={"key": self.facts["write_key"]}, timeout=30).json()
        return uuid.UUID(config["namespace"])

    def codes(self) -> list[Code]:
        """Every tracking code, read from the database: who they belong to is no public matter."""
        rows = self.query("""
            SELECT c.id, c.provider, c.public_id, o.external_id, e.external_id
            FROM event_tracking_codes c LEFT JOIN organizers o ON o.id = c.organizer_id
            LEFT JOIN live_events e ON e.id = c.live_event_id""")
        return [
            Code(pk, provider, public_id, _level(organizer, live_event), organizer, live_event)
            for pk, provider, public_id, organizer, live_event in rows
        ]


def _level(organizer: str | None, live_event: str | None) -> str:
    if organizer is None:
        return "marketplace"
    return "organizer" if live_event is None else "live_event"
