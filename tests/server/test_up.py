"""`adrail up` as an operator lives with it: one per directory, children that come back, crashes, restarts, the end."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.core.embedded.support import without_root
from tests.installation import Installation
from tests.platform_records import conversions
from tests.server.machine import all_gone, below, child
from tests.server.operations.selling import Backend
from tests.waiting import until

# The platform whose deliveries are watched; one is enough to see that all parts work.
PLATFORM = "meta"

pytestmark = pytest.mark.usefixtures("installation")


@pytest.fixture(scope="module")
def installation() -> Iterator[Installation]:
    """A whole adrail with demo marketplace and sandbox; the tests of this module use it one after the other."""
    with Installation("--demo", "--sandbox") as running:
        yield running


@pytest.fixture
def supervisor(installation: Installation) -> int:
    """The process id of `adrail up`."""
    assert installation.process is not None
    return installation.process.pid


def delivered(installation: Installation, order: str) -> int:
    """How many platform accounts have received an order."""
    sent = conversions(str(installation.facts["sandbox_url"]), PLATFORM)
    return sum(item["custom_data"].get("order_id") == order for item in sent)


def wait_for(installation: Installation, order: str) -> None:
    """Wait until the marketplace's and the organiser's account have an order, each once."""
    until(lambda: delivered(installation, order) >= 2, what=f"delivery of {order}")
    assert delivered(installation, order) == 2


def state(installation: Installation, order: str) -> list[str]:
    """States of an order's deliveries in the log; none while the web server is away."""
    try:
        answer = requests.get(
            f"{installation.facts['base_url']}/api/v1/deliveries",
            params={"order": order, "provider": PLATFORM},
            headers={"Authorization": f"Bearer {installation.facts['server_key']}"},
            timeout=30,
        )
    except requests.ConnectionError:
        return []
    return [row["state"] for row in answer.json()["items"]]


def test_ready_json_tells_everything_and_only_to_its_owner(installation: Installation) -> None:
    assert set(installation.facts) == {
        "base_url", "sandbox_url", "database_url", "redis_url", "tenant_id", "write_key", "server_key",
        "organizer_api_token", "organizer_email", "organizer_password", "admin_email", "admin_password",
        "demo_event_slug", "demo_live_event_id", "demo_ticket_type_id", "demo_page_url",
    }  # fmt: skip
    assert all(installation.facts.values())
    for name in ("ready.json", "secrets.json", "demo.json"):
        assert stat.S_IMODE((installation.data_dir / name).stat().st_mode) == 0o600
    assert requests.get(str(installation.facts["demo_page_url"]), timeout=30).status_code == 200
    assert requests.get(f"{installation.facts['base_url']}/readyz", timeout=30).json()["status"] == "ready"


def test_long_running_processes_are_no_superusers(installation: Installation, supervisor: int) -> None:
    pid = child(supervisor, "worker")
    environment = Path(f"/proc/{pid}/environ").read_bytes().decode()
    given = dict(item.split("=", 1) for item in environment.split("\0") if "=" in item)
    assert given["DATABASE_URL"].startswith("postgresql://adrail_app:")
    assert given["ADRAIL_DATABASE_MAINTAINER_URL"].startswith("postgresql://adrail_maintainer:")
    assert str(installation.facts["database_url"]) not in given.values()


def test_a_second_up_on_the_same_data_says_who_is_there(installation: Installation, supervisor: int) -> None:
    command = [sys.executable, "-m", "server", "up", "--port", "0", "--data-dir", str(installation.data_dir)]
    second = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    assert second.returncode == 1
    assert f"the data directory {installation.data_dir} is in use" in second.stderr
    assert f"process {supervisor}" in second.stderr
    assert "Traceback" not in second.stderr
    assert (installation.data_dir / "ready.json").exists()
    wait_for(installation, Backend(installation.facts, "second").sell())


def test_a_port_that_is_taken_is_named(installation: Installation, tmp_path: Path) -> None:
    port = str(installation.facts["base_url"]).rpartition(":")[2]
    tmp_path.chmod(0o755)
    command = [
        sys.executable,
        "-m",
        "server",
        "up",
        "--port",
        port,
        "--data-dir",
        str(installation.data_dir) + "-other",
    ]
    refused = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    shutil.rmtree(str(installation.data_dir) + "-other")
    assert refused.returncode == 1
    assert f"port {port} is in use" in refused.stderr


@pytest.mark.parametrize("role", ["web", "ingest", "relay", "worker", "cron"])
def test_a_killed_child_comes_back_and_what_was_sold_meanwhile_arrives(
    installation: Installation, supervisor: int, role: str
) -> None:
    victim = child(supervisor, role)
    assert victim is not None
    os.kill(victim, signal.SIGKILL)
    backend = Backend(installation.facts, f"killed-{role}")
    order = until(lambda: sell(backend), what="an order that is taken")
    until(lambda: child(supervisor, role) not in {None, victim}, what=f"a new {role}")
    wait_for(installation, order)
    until(lambda: state(installation, order) == ["accepted"] * 2, what="the delivery log")


def sell(backend: Backend) -> str | None:
    """Try to sell; None while the web server is not back."""
    try:
        order = backend.sell()
    except requests.ConnectionError:
        return None
    return order if order in backend.acknowledged else None


def test_after_a_crash_of_everything_the_next_start_keeps_order_and_credentials(
    installation: Installation, supervisor: int
) -> None:
    before = dict(installation.facts)
    order = Backend(installation.facts, "crash").sell()
    family = below(supervisor)
    assert len(family) > 10
    os.kill(supervisor, signal.SIGKILL)
    assert installation.process is not None
    installation.process.wait(30)
    all_gone(family)
    assert (installation.data_dir / "ready.json").exists()
    said = len(installation.log())
    (installation.data_dir / "ready.json").unlink()
    installation.start()
    # Sandboxes forget; whether it was sent before or after the crash, the log knows.
    until(lambda: state(installation, order) == ["accepted"] * 2, what="the order in the log")
    credentials = set(before) - {"base_url", "sandbox_url", "database_url", "redis_url", "demo_page_url"}
    assert {name: installation.facts[name] for name in credentials} == {name: before[name] for name in credentials}
    again = installation.log()[said:]
    assert "adrail is ready" in again
    assert str(before["admin_password"]) not in again
    assert str(before["admin_password"]) in installation.log()[:said]
    wait_for(installation, Backend(installation.facts, "after-crash").sell())


def test_ctrl_c_ends_everything_in_order(installation: Installation) -> None:
    assert installation.process is not None
    family = below(installation.process.pid) | {installation.process.pid}
    installation.process.send_signal(signal.SIGINT)
    assert installation.process.wait(100) == 0
    all_gone(family)
    assert not (installation.data_dir / "ready.json").exists()
    assert installation.log().rstrip().endswith("stopping …")
    assert "database system is shut down" in (installation.data_dir / "logs" / "postgres.log").read_text("utf-8")


def test_ctrl_c_during_the_start_leaves_nothing_either(installation: Installation) -> None:
    """On the data of a stopped installation, so that there is no database to be made first."""
    installation.stop()
    installation.launch()
    assert installation.process is not None
    supervisor = installation.process.pid
    until(lambda: child(supervisor, "valkey"), what="the start of Valkey")
    family = below(supervisor) | {supervisor}
    installation.process.send_signal(signal.SIGINT)
    assert installation.process.wait(100) == 0, installation.log()
    all_gone(family)
    assert not (installation.data_dir / "ready.json").exists()


def test_an_ordinary_user_can_run_everything(tmp_path: Path) -> None:
    ordinary = Installation(prefix=without_root())
    if os.geteuid() == 0:
        shutil.chown(ordinary.data_dir, 65534, 65534)
    with ordinary:
        assert ordinary.process is not None
        assert requests.get(f"{ordinary.facts['base_url']}/readyz", timeout=30).status_code == 200
        family = below(ordinary.process.pid)
        owner = 65534 if os.geteuid() == 0 else os.geteuid()
        assert {Path(f"/proc/{pid}").stat().st_uid for pid in family} == {owner}
        assert (ordinary.facts["sandbox_url"], ordinary.facts["server_key"]) == (None, None)
    all_gone(family)
