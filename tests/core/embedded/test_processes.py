"""A process group restarts what ends, reports what does not come up, and leaves nothing behind."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from pathlib import Path

import pytest

from core.embedded.child import read_pid, spawn, wait_until
from core.embedded.errors import EmbeddedServerError
from core.embedded.processes import ProcessGroup
from core.embedded.valkey import EmbeddedValkey
from tests.core.embedded.support import DEADLINE, are_gone

_WRITE_PID = "import os, pathlib, sys; pathlib.Path(sys.argv[1]).write_text(str(os.getpid()));"
_SLEEPER = f"{_WRITE_PID} import time; time.sleep(600)"
# Ignores SIGTERM and has a child of its own.
_STUBBORN = (
    "import signal, subprocess, sys, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
    f"subprocess.Popen([sys.executable, '-c', {_SLEEPER!r}, sys.argv[2]]);"
    f"{_WRITE_PID} time.sleep(600)"
)


def _python(code: str, *arguments: Path) -> list[str]:
    return [sys.executable, "-c", code, *(str(argument) for argument in arguments)]


def _pid_from(path: Path, other_than: int | None = None, group: ProcessGroup | None = None) -> int:
    def written() -> bool:
        if group is not None:
            group.wait(0.02)
        return read_pid(path) not in {None, other_than}

    assert wait_until(written, DEADLINE)
    pid = read_pid(path)
    assert pid is not None
    return pid


def test_a_killed_child_is_started_again_and_that_is_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with ProcessGroup() as group, caplog.at_level(logging.ERROR):
        group.start("sleeper", _python(_SLEEPER, tmp_path / "pid"))
        first = _pid_from(tmp_path / "pid")
        os.kill(first, signal.SIGKILL)
        second = _pid_from(tmp_path / "pid", other_than=first, group=group)
        assert not are_gone([second], within=0)
    assert are_gone([first, second], within=0)
    assert "sleeper ended (killed by SIGKILL); it is started again in 0.2 s" in caplog.messages


def test_restarts_of_a_child_that_keeps_failing_come_slower(caplog: pytest.LogCaptureFixture) -> None:
    with ProcessGroup() as group, caplog.at_level(logging.ERROR):
        group.start("failing", _python("raise SystemExit(3)"))
        assert wait_until(lambda: group.wait(0.02) is None and len(caplog.messages) >= 3, DEADLINE)
    assert [message.rpartition("again in ")[2] for message in caplog.messages[:3]] == ["0.2 s", "0.4 s", "0.8 s"]
    assert "exit code 3" in caplog.messages[0]


def test_what_ignores_sigterm_is_killed_with_its_descendants(tmp_path: Path) -> None:
    with ProcessGroup() as group:
        group.start("stubborn", _python(_STUBBORN, tmp_path / "leader", tmp_path / "grandchild"))
        pids = [_pid_from(tmp_path / "leader"), _pid_from(tmp_path / "grandchild")]
        group.stop(timeout=0.3)
        assert are_gone(pids, within=0)


def test_descendants_of_a_crashed_child_are_gone_before_it_starts_again(tmp_path: Path) -> None:
    with ProcessGroup() as group:
        group.start("stubborn", _python(_STUBBORN, tmp_path / "leader", tmp_path / "grandchild"))
        leader, grandchild = _pid_from(tmp_path / "leader"), _pid_from(tmp_path / "grandchild")
        os.kill(leader, signal.SIGKILL)
        _pid_from(tmp_path / "leader", other_than=leader, group=group)
        assert are_gone([leader, grandchild], within=0)
        group.stop(timeout=0)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_wait_returns_on_a_stop_signal_and_the_former_handler_comes_back(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    with ProcessGroup() as group:
        group.start("sleeper", ["sleep", "600"])
        threading.Timer(0.1, os.kill, (os.getpid(), number)).start()
        assert group.wait(DEADLINE) == number
    assert signal.getsignal(number) == before


def test_wait_ready_returns_when_all_are_ready(tmp_path: Path) -> None:
    with ProcessGroup() as group:
        for name in ("one", "two"):
            group.start(name, _python(_SLEEPER, tmp_path / name), ready=(tmp_path / name).exists)
        group.wait_ready()
        assert (tmp_path / "one").exists()
        assert (tmp_path / "two").exists()


def test_a_child_that_ends_before_it_is_ready_is_reported_with_its_output(tmp_path: Path) -> None:
    with ProcessGroup(log_dir=tmp_path) as group:
        group.start("broken", _python("print('no such table'); raise SystemExit(2)"), ready=lambda: False)
        with pytest.raises(EmbeddedServerError, match=r"(?s)broken ended before .*exit code 2.*no such table"):
            group.wait_ready()


def test_a_child_that_is_not_ready_in_time_is_reported(tmp_path: Path) -> None:
    with ProcessGroup(log_dir=tmp_path) as group:
        group.start("slow", ["sleep", "600"], ready=lambda: False, ready_timeout=0.2)
        with pytest.raises(EmbeddedServerError, match=r"slow was not ready within 0\.2 s"):
            group.wait_ready()


def test_a_program_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with ProcessGroup(log_dir=tmp_path) as group:
        group.start("missing", ["/no/such/program"], ready=lambda: False)
        with pytest.raises(EmbeddedServerError, match="cannot start /no/such/program: No such file"):
            group.wait_ready()


def test_a_watched_server_that_crashed_is_started_again(empty_dir: Path) -> None:
    with ProcessGroup() as group, EmbeddedValkey(empty_dir) as valkey:
        group.watch(valkey)
        url, pid = valkey.url(), valkey.pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        assert wait_until(lambda: group.wait(0.02) is None and valkey.pid not in {None, pid}, DEADLINE)
        assert valkey.url() == url


def test_the_environment_given_is_the_childs_whole_environment(tmp_path: Path) -> None:
    code = f"import os, time; print(sorted(os.environ), flush=True); {_SLEEPER}"
    with ProcessGroup(log_dir=tmp_path) as group:
        group.start("child", _python(code, tmp_path / "pid"), env={"ONLY": "this"}, ready=(tmp_path / "pid").exists)
        group.wait_ready()
    # Python adds the second where the locale is missing.
    assert (tmp_path / "child.log").read_text().strip() in {"['ONLY']", "['LC_CTYPE', 'ONLY']"}


def test_other_threads_may_not_start_children_that_would_end_with_them() -> None:
    problems: list[EmbeddedServerError] = []

    def start() -> None:
        try:
            spawn(["sleep", "600"], death_signal=signal.SIGTERM)
        except EmbeddedServerError as exc:
            problems.append(exc)

    thread = threading.Thread(target=start)
    thread.start()
    thread.join()
    assert "must be started from the main thread" in str(problems[0])
