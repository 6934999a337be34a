"""A sandbox with GA4's emulator whose clock stands still, reset for every test."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from adrail import Transport
from adrail.sandbox import SandboxServer, endpoints_at
from plugins.ga4 import register_platform
from plugins.ga4.sandbox import Ga4SandboxProvider
from tests.plugins.ga4.factories import NOW, SECRET, STREAM


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
            f"{self.url}/_sandbox/faults", json={"platform": "ga4", "kind": kind, **wish}, timeout=5
        )
        assert answer.status_code == 201, answer.text

    def received(self) -> list[dict[str, Any]]:
        """Return what was recorded."""
        items: list[dict[str, Any]] = self.http.get(f"{self.url}/_sandbox/requests", timeout=30).json()["items"]
        return items

    def post(self, path: str, body: Any, **query: str) -> requests.Response:
        """Post to the API by hand."""
        params = {"measurement_id": STREAM, "api_secret": SECRET} | query
        return self.http.post(f"{self.url}/ga4/api{path}", json=body, params=params, timeout=30)

    def get(self, path: str, **query: str) -> requests.Response:
        """Get anything below the platform."""
        return self.http.get(f"{self.url}/ga4{path}", params=query, timeout=30)


@pytest.fixture(scope="session")
def running() -> Iterator[Sandbox]:
    with SandboxServer([Ga4SandboxProvider().create()], clock=lambda: NOW) as server:
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
