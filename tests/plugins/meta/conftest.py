"""A sandbox with Meta's emulator whose clock stands still, reset for every test."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from adrail import Transport
from adrail.sandbox import SandboxServer, endpoints_at
from plugins.meta import register_platform
from plugins.meta.sandbox import MetaSandboxProvider
from tests.plugins.meta.factories import NOW


class Sandbox:
    """The running sandbox, spoken to over HTTP like any other client would."""

    def __init__(self, server: SandboxServer) -> None:
        self.server = server
        self.url = server.url
        self.http = requests.Session()
        self.http.trust_env = False

    def transport(self, read_timeout: float = 5.0) -> Transport:
        """Return a transport that points the plugin here."""
        return Transport(endpoints_at(self.url, register_platform()), connect_timeout=2.0, read_timeout=read_timeout)

    def arm(self, kind: str, **wish: Any) -> None:
        """Arm a fault."""
        answer = self.http.post(
            f"{self.url}/_sandbox/faults", json={"platform": "meta", "kind": kind, **wish}, timeout=5
        )
        assert answer.status_code == 201, answer.text

    def received(self) -> list[dict[str, Any]]:
        """Return what was recorded."""
        items: list[dict[str, Any]] = self.http.get(f"{self.url}/_sandbox/requests", timeout=30).json()["items"]
        return items

    def post(self, path: str, **kwargs: Any) -> requests.Response:
        """Post to the Graph API by hand."""
        return self.http.post(f"{self.url}/meta/api{path}", timeout=5, **kwargs)

    def get(self, path: str, **kwargs: Any) -> requests.Response:
        """Get anything below the platform."""
        return self.http.get(f"{self.url}/meta{path}", timeout=5, **kwargs)


@pytest.fixture(scope="session")
def running() -> Iterator[Sandbox]:
    with SandboxServer([MetaSandboxProvider().create()], clock=lambda: NOW) as server:
        sandbox = Sandbox(server)
        yield sandbox
        sandbox.http.close()


@pytest.fixture
def sandbox(running: Sandbox) -> Sandbox:
    running.server.host.reset()
    return running


@pytest.fixture
def transport(sandbox: Sandbox) -> Transport:
    return sandbox.transport()
