"""One running sandbox server for the whole run, reset for every test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from adrail.sandbox import SandboxServer
from tests.sdk.python.sandboxes import NOW, Client, Counter, Plain


@pytest.fixture(scope="session")
def running_client() -> Iterator[Client]:
    with SandboxServer([Counter(), Plain()], clock=lambda: NOW) as server:
        client = Client(server)
        yield client
        client.http.close()


@pytest.fixture
def client(running_client: Client) -> Client:
    running_client.server.host.reset()
    return running_client
