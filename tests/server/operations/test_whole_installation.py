"""A whole adrail as an operator sees it: logs, metrics and alerts, upgrade, backup and restore."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml
from alembic.script import ScriptDirectory

from core.db.migrate import alembic_config
from core.embedded.paths import open_data_dir
from server.local_state import secrets_of
from tests.installation import Installation
from tests.server.operations import canaries, records
from tests.server.operations.selling import Backend, Facts, Visitor, deliveries
from tests.waiting import until

DEPLOY = Path(__file__).resolve().parents[3] / "docs" / "deploy"
PLATFORM = "meta"
METRIC = re.compile(r"\badrail_\w+")
SELECTOR = re.compile(r"\b(adrail_\w+)\{(\w+)=~?\"")


@pytest.fixture(scope="module")
def installation() -> Iterator[Installation]:
    """`adrail up --demo --sandbox`, saying everything it can."""
    with Installation("--demo", "--sandbox", ADRAIL_LOG_LEVEL="DEBUG", ADRAIL_WEB_PROCESSES="1") as running:
        yield running


@pytest.fixture
def facts(installation: Installation) -> Facts:
    """ready.json; the sandbox plays no faults."""
    requests.post(f"{installation.facts['sandbox_url']}/_sandbox/reset", timeout=30)
    return installation.facts


def adrail(*arguments: str, **environment: str) -> str:
    """Run a command as an operator does, with no settings at hand; returns what it printed."""
    foreign = ("ADRAIL_", "DATABASE_URL", "REDIS_URL")
    clean = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    command = [sys.executable, "-m", "server", *arguments]
    done = subprocess.run(
        command, env={**clean, **environment}, capture_output=True, text=True, timeout=200, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def metrics(facts: Facts) -> str:
    return requests.get(f"{facts['base_url']}/metrics", timeout=30).text


def test_a_canary_is_recognised_in_every_form() -> None:
    known = dict.fromkeys(canaries.forms(canaries.PERSON["email"]), "e-mail")
    hashed = hashlib.sha256(canaries.PERSON["email"].lower().encode()).hexdigest()
    encoded = canaries.PERSON["email"].replace("@", "%40")

    lines = [f'{{"em": "{hashed}"}}', f"GET /?mail={encoded}", f"sent to {canaries.PERSON['email']}", "nothing"]

    assert [leak.partition(": ")[0] for leak in canaries.leaks({"web.log": "\n".join(lines)}, known)] == [
        f"e-mail in web.log:{number}" for number in (1, 2, 3)
    ]


def test_nothing_personal_or_secret_reaches_a_log(installation: Installation, facts: Facts) -> None:
    backend = Backend(facts, "canary", **canaries.PERSON)
    context = {"url": "https://shop.example/", "click_ids": {"fbclid": "x"}, **canaries.CLIENT}
    _give_token(facts, canaries.TOKEN)
    canaries.misbehave(facts, backend._order("canary-x"))
    _arm(facts, "http_500", "html_502", "invalid_event", "expired_token")
    for _ in range(6):
        backend.sell(context=context)
        until(lambda: len(deliveries(facts, backend.acknowledged[-1])) > 1, what="deliveries of the order")
    assert not backend.refused
    until(lambda: records.query(facts["database_url"], records.FAILED), what="a delivery that met a fault")

    known = canaries.all_canaries(facts, installation.data_dir)
    logs = {path.name: path.read_text("utf-8", "replace") for path in (installation.data_dir / "logs").iterdir()}
    assert {"web.log", "ingest.log", "relay.log", "worker-1.log", "cron.log", "postgres.log", "valkey.log"} <= set(logs)
    assert "request" in logs["web.log"]
    assert list(canaries.leaks({**logs, "metrics": metrics(facts)}, known)) == []


def _give_token(facts: Facts, token: str) -> None:
    headers = {"Authorization": f"Bearer {facts['server_key']}"}
    url = f"{facts['base_url']}/api/marketplace-client/organizer/tracking-codes"
    codes = requests.get(url, params={"provider": PLATFORM}, headers=headers, timeout=30).json()["items"]
    for code in codes:
        answer = requests.patch(
            f"{url}/{code['id']}", json={"settings": {"access_token": token}}, headers=headers, timeout=10
        )
        assert answer.status_code == 200, answer.text


def _arm(facts: Facts, *kinds: str) -> None:
    for kind in kinds:
        wish: dict[str, Any] = {"platform": PLATFORM, "kind": kind, "count": 1}
        assert requests.post(f"{facts['sandbox_url']}/_sandbox/faults", json=wish, timeout=30).status_code < 300


def _reconnected(facts: Facts) -> None:
    """Undo what the faults did: a fresh token wakes accounts that needed one."""
    _give_token(facts, "EAA" + "fresh" * 10)


def test_all_is_well_and_a_probe_leaves_nothing(installation: Installation, facts: Facts) -> None:
    _reconnected(facts)
    _settle(facts)
    before = records.rows(facts["database_url"])

    report = json.loads(adrail("doctor", "--data-dir", str(installation.data_dir), "--probe", "--json"))

    assert [item for item in report["findings"] if item["state"] != "ok" and item["check"] not in NOTED] == []
    assert "accepted, stored and removed" in report["findings"][-1]["says"]
    assert records.rows(facts["database_url"]) == before


NOTED = {"refused deliveries"}
"""The canary test's faults leave traces that the doctor rightly mentions."""


def _settle(facts: Facts) -> None:
    url = facts["database_url"]
    try:
        until(lambda: not records.pending(url), what="all deliveries settled")
    except AssertionError as exc:
        raise AssertionError(f"{exc}: {records.pending(url)}") from None


def _delivered(facts: Facts, number: str) -> bool:
    states = deliveries(facts, number)
    return len(states) > 1 and set(states) == {"accepted"}


def test_what_is_measured_is_what_alerts_and_dashboard_ask_for(facts: Facts) -> None:
    Visitor(facts).look()
    Backend(facts, "measured").sell()
    shown = until(lambda: _after_a_purchase(facts), what="the purchase in the metrics")
    samples = {line.partition(" ")[0] for line in shown.splitlines() if not line.startswith("#")}
    names = {sample.partition("{")[0] for sample in samples}
    labels = {(sample.partition("{")[0], label) for sample in samples for label in re.findall(r"(\w+)=\"", sample)}
    rules = yaml.safe_load((DEPLOY / "prometheus" / "alerts.yaml").read_text("utf-8"))
    dashboard = json.loads((DEPLOY / "grafana" / "adrail.json").read_text("utf-8"))
    asked = [rule["expr"] for group in rules["groups"] for rule in group["rules"]]
    asked += [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", ())]

    assert len(asked) > 50
    assert {name for text in asked for name in METRIC.findall(text)} - names == set()
    assert {found for text in asked for found in SELECTOR.findall(text)} - labels == set()


def _after_a_purchase(facts: Facts) -> str | None:
    shown = metrics(facts)
    wanted = ("adrail_delivery_lag_seconds_bucket", "adrail_ingested_events_total", "adrail_collected_events_total")
    return shown if all(f"\n{name}{{" in shown for name in wanted) else None


def test_a_shell_gets_the_settings_of_what_runs(installation: Installation) -> None:
    alone = {name: os.environ[name] for name in ("PATH", "HOME", "PYTHONPATH") if name in os.environ}

    def shell(commands: str) -> subprocess.CompletedProcess[str]:
        arguments = ["bash", "-euc", commands, sys.executable, str(installation.data_dir)]
        return subprocess.run(arguments, env=alone, capture_output=True, text=True, timeout=100, check=False)

    stranger = shell('"$0" -m server site list scena')
    assert stranger.returncode != 0
    assert "adrail env" in stranger.stderr
    guest = shell('settings=$("$0" -m server env --data-dir "$1"); eval "$settings"; "$0" -m server site list scena')
    assert guest.returncode == 0, guest.stderr
    assert installation.facts["write_key"] in guest.stdout
    elsewhere = shell('"$0" -m server env --data-dir "$1/nowhere"')
    assert "there is no data directory" in elsewhere.stderr


def test_an_upgrade_keeps_the_data_while_everything_runs(installation: Installation, facts: Facts) -> None:
    url = facts["database_url"]
    given = {"DATABASE_URL": url, "REDIS_URL": facts["redis_url"], **secrets_of(open_data_dir(installation.data_dir))}
    backend, visitor = Backend(facts, "upgrade"), Visitor(facts)
    for _ in range(5):
        backend.sell()
    until(lambda: not records.untold_orders(url), what="orders stored")
    scripts = ScriptDirectory.from_config(alembic_config())
    newest = scripts.get_revision("head")

    with visitor.browsing():
        adrail("migrate", "--down-to", str(newest.down_revision), "--yes", **given)
        before = records.rows(url)
        assert requests.get(f"{facts['base_url']}/readyz", timeout=30).status_code == 503
        adrail("migrate", **given)
        until(lambda: requests.get(f"{facts['base_url']}/readyz", timeout=30).status_code == 200, what="ready")

    assert visitor.refused == []
    assert records.missing(before, records.rows(url)) == {}
    until(lambda: visitor.stored(url) == set(visitor.accepted), what="every accepted event stored")
    number = backend.sell()
    until(lambda: _delivered(facts, number), what="a purchase delivered")


def test_a_backup_made_while_selling_is_restored_without_a_gap(installation: Installation, facts: Facts) -> None:
    backend, place = Backend(facts, "backup"), installation.data_dir.with_name(f"{installation.data_dir.name}-backup")
    restored = Installation("--demo", "--sandbox", ADRAIL_WEB_PROCESSES="1")
    shutil.rmtree(restored.data_dir)
    try:
        with backend.selling():
            until(lambda: len(backend.acknowledged) > 20, what="orders")
            before = records.rows(facts["database_url"])
            acknowledged = list(backend.acknowledged)
            adrail("backup", str(place), "--data-dir", str(installation.data_dir))
        installation.stop()
        told = adrail("restore", str(place), "--data-dir", str(restored.data_dir))
        assert "nothing missing" in told

        with restored:
            url = restored.facts["database_url"]
            assert records.missing(before, records.rows(url)) == {}
            until(lambda: not records.untold_orders(url), what="what waited in the backup stored")
            _settle(restored.facts)
            found = records.delivery_states(url)
            assert [number for number in acknowledged if found.get(number) != {"accepted"}] == []
            later = Backend(restored.facts, "restored").sell()
            until(lambda: _delivered(restored.facts, later), what="a new purchase")
            assert {restored.facts[name] == facts[name] for name in ("server_key", "organizer_password")} == {True}
    finally:
        for folder in (place, restored.data_dir):
            shutil.rmtree(folder, ignore_errors=True)
