"""Processes that a library starts do not outlive the one that started them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

from core.embedded.child import command_line
from tests.waiting import until

PARENT = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", sys.argv[1].format(parent=sys.argv[2])], stdout=subprocess.PIPE)
print(child.pid, child.stdout.readline().decode().strip(), flush=True)
child.wait()
"""
# As in a forked child that still has its parent's handlers: they take a SIGTERM and do nothing with it.
CHILD = """
import os, signal, time
from server.stopping import end_with
signal.signal(signal.SIGTERM, signal.SIG_IGN)
end_with({parent} or os.getppid())
print("ready", flush=True)
time.sleep(60)
"""


def test_a_child_ends_when_its_parent_is_killed() -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT, CHILD, "0"], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child, said = parent.stdout.readline().split()
        assert said == "ready"
        parent.kill()
    until(lambda: not command_line(int(child)), what="the end of the child")


def test_a_child_whose_parent_was_gone_already_ends_at_once() -> None:
    done = subprocess.run(
        [sys.executable, "-c", CHILD.format(parent=os.getppid() + 1)],
        stdout=subprocess.DEVNULL,
        timeout=30,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL
