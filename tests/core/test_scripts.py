"""Scripts in Valkey: a connection for each thread that lives, none for those that ended."""

from __future__ import annotations

import threading

from core.scripts import Script
from core.valkey import client, process_name

ECHO = Script("return ARGV[1]")


def connections() -> int:
    """Connections that this process has open."""
    return sum(item["name"] == process_name() for item in client().client_list())


def test_threads_that_ended_hold_no_connection(database: str) -> None:
    ECHO([], ["here"])
    client().ping()
    before = connections()
    for number in range(12):
        answers: list[bytes] = []
        thread = threading.Thread(target=lambda say=str(number), to=answers: to.append(ECHO([], [say])))
        thread.start()
        thread.join()
        assert answers == [str(number).encode()]
    assert connections() <= before + 1


def test_threads_that_live_do_not_share_one(database: str) -> None:
    together = threading.Barrier(4, timeout=30)
    right: list[bool] = []

    def ask(name: str) -> None:
        together.wait()
        right.append(all(ECHO([], [f"{name}-{turn}"]) == f"{name}-{turn}".encode() for turn in range(50)))
        together.wait()  # so that nobody's connection is free before all have asked

    threads = [threading.Thread(target=ask, args=(f"t{number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert right == [True] * 4
