"""Fixtures of delivery's tests."""

from __future__ import annotations

from datetime import timedelta

import pytest

from adrail.sandbox import SandboxServer
from core.delivery import verdicts
from tests.core.delivery.world import World
from tests.marketplace import PLATFORM, Marketplace


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Jitter may draw a wait of nearly nothing; here what failed waits until the test says so."""
    monkeypatch.setattr(verdicts, "retry_delay", lambda _: timedelta(minutes=1))


@pytest.fixture
def bare_world(marketplace: Marketplace, sandbox: SandboxServer) -> World:
    """A marketplace without tracking codes."""
    return World(marketplace, sandbox, PLATFORM)


@pytest.fixture
def world(bare_world: World) -> World:
    """A marketplace whose organisers and itself have a server-side tracking code each."""
    for name in ("market", "org-1", "org-2"):
        bare_world.add_code(name)
    return bare_world
