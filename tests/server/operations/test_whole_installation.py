"""A whole adrail as an operator sees it: logs, metrics and alerts, upgrade, backup and restore."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.installation import Installation
from tests.server.operations import canaries
from tests.server.operations.selling import Backend, deliveries, delivery_items
from tests.waiting import until

DEPLOY = Path(__file__).resolve().parents[3] / "docs" / "deploy"


@pytest.fixture(scope="module")
def installation() -> Iterator[Installation]:
    """`adrail up --demo --sandbox`, saying everything it can."""
    with Installation("--demo", "--sandbox", ADRAIL_LOG_LEVEL="DEBUG") as running:
        yield running


def adrail(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command as an operator does, with no settings at hand."""
    clean = {
        k: v for k, v in os.environ.items() if not k.startswith("ADRAIL_") and k not in {"DATABASE_URL", "REDIS_URL"}
    }
    command = [sys.executable, "-m", "server", *arguments]
    return subprocess.run(command, env=clean, capture_output=True, text=True, timeout=60, check=False)


def metrics(installation: Installation) -> str:
    return requests.get(f"{installation.facts['base_url']}/metrics", timeout=10).text


def test_nothing_personal_or_secret_reaches_a_log(installation: Installation) -> None:
    facts = installation.facts
    backend = Backend(facts, "canary", **canaries.PERSON)
    context = {"url": "https://shop.example/", "click_ids": {"fbclid": "x"}, **canaries.CLIENT}
    _give_token(facts, canaries.TOKEN)
    canaries.misbehave(facts, backend._order("canary-x"))
    _arm(facts, "http_500", "throttle", "invalid_event", "expired_token")
    for _ in range(6):
        backend.sell(context=context)
        until(lambda: _planned(facts, backend.acknowledged[-1]), seconds=15, what="deliveries of the order")
    assert not backend.refused
    until(lambda: _disturbed(facts), seconds=15, what="a delivery that met a fault")

    known = canaries.all_canaries(facts, installation.data_dir)
    logs = {path.name: path.read_text("utf-8", "replace") for path in (installation.data_dir / "logs").iterdir()}
    assert {"web.log", "ingest.log", "relay.log", "worker-1.log", "cron.log", "postgres.log", "valkey.log"} <= set(logs)
    assert "request" in logs["web.log"]
    assert list(canaries.leaks({**logs, "metrics": metrics(installation)}, known)) == []


def _give_token(facts: dict[str, Any], token: str) -> None:
    headers = {"Authorization": f"Bearer {facts['server_key']}"}
    url = f"{facts['base_url']}/api/marketplace-client/organizer/tracking-codes"
    for code in requests.get(url, headers=headers, timeout=10).json()["items"]:
        answer = requests.patch(
            f"{url}/{code['id']}", json={"settings": {"access_token": token}}, headers=headers, timeout=10
        )
        assert answer.status_code == 200, answer.text


def _arm(facts: dict[str, Any], *kinds: str) -> None:
    for kind in kinds:
        wish = {"platform": "meta", "kind": kind, "count": 1}
        assert requests.post(f"{facts['sandbox_url']}/_sandbox/faults", json=wish, timeout=10).status_code < 300


def _planned(facts: dict[str, Any], number: str) -> bool:
    return len(deliveries(facts).get(number, [])) > 1


def _disturbed(facts: dict[str, Any]) -> bool:
    return any(item["attempts"] > 1 or item["state"] == "dead" for item in delivery_items(facts))
