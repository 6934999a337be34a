"""What a spool took is there until the server has it, also after a crash."""

from __future__ import annotations

import subprocess
import sys
import tracemalloc
import uuid
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adrail.client import QueueFullError, SpoolInUseError
from adrail.client.spool import FolderSpool, open_spool

STEPS = st.lists(
    st.one_of(
        st.just(("add", 0)),
        st.tuples(st.just("drop"), st.integers(1, 5)),
        st.just(("open again", 0)),
        st.just(("cut off", 0)),
    ),
    max_size=40,
)
ENDLESS = """
import sys
import tracemalloc
from adrail import Client, Event
client = Client("http://127.0.0.1:1", "nobody", spool=sys.argv[1])
while True:
    print(client.track(Event("points_earned", {"points_count": 1, "reason": "test"})), flush=True)
"""


@given(steps=STEPS)
def test_it_is_a_queue_whatever_happens_to_its_process(
    steps: list[tuple[str, int]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("spool")
    spool, model = FolderSpool(folder, 1000), list[bytes]()
    for number, (step, count) in enumerate(steps):
        if step == "add":
            model.append(f"event {number}".encode())
            spool.add(model[-1])
        elif step == "drop":
            spool.drop(min(count, len(model)))
            del model[: min(count, len(model))]
        else:
            spool.close()
            if step == "cut off":  # a crash in the middle of a line
                newest = max(folder.glob("*.events"), default=None)
                if newest is not None:
                    newest.write_bytes(newest.read_bytes() + b'{"half')
            spool = FolderSpool(folder, 1000)
        assert (list(spool.head(1000)), len(spool)) == (model, len(model))
    spool.drop(len(model))
    spool.close()
    assert not list(folder.glob("*.events")), "files that hold nothing any more are removed"


def test_what_a_killed_process_was_promised_is_there(tmp_path: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", ENDLESS, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    promised = [process.stdout.readline().strip() for _ in range(20)]
    process.kill()
    promised += process.stdout.read().split()
    process.wait()
    process.stdout.close()
    spool = FolderSpool(tmp_path, 100_000)
    kept = b"\n".join(spool.head(100_000)).decode()
    spool.close()
    complete = [event_id for event_id in promised if len(event_id) == len(str(uuid.UUID(int=0)))]
    assert len(complete) >= 20
    assert [event_id for event_id in complete if event_id not in kept] == []


def test_two_processes_do_not_share_a_folder(tmp_path: Path) -> None:
    spool = FolderSpool(tmp_path, 10)
    with pytest.raises(SpoolInUseError, match="a folder of its own"):
        FolderSpool(tmp_path, 10)
    spool.close()
    FolderSpool(tmp_path, 10).close()


def test_a_full_spool_says_so_and_takes_nothing(tmp_path: Path) -> None:
    spool = FolderSpool(tmp_path, 2)
    spool.add(b"1")
    spool.add(b"2")
    with pytest.raises(QueueFullError, match="max_queue=2"):
        spool.add(b"3")
    assert list(spool.head(10)) == [b"1", b"2"]
    spool.close()


@pytest.mark.parametrize("kind", ["memory", "folder"])
def test_a_queue_has_a_bound_of_bytes_too(kind: str, tmp_path: Path) -> None:
    spool = open_spool(None if kind == "memory" else tmp_path, 1000, 100)
    spool.add(b"x" * 60)
    with pytest.raises(QueueFullError, match="max_queue_bytes=100"):
        spool.add(b"y" * 60)
    spool.drop(1)
    spool.add(b"z" * 60)
    assert list(spool.head(10)) == [b"z" * 60]
    spool.close()


def test_events_in_a_folder_are_not_in_memory(tmp_path: Path) -> None:
    tracemalloc.start()
    spool = FolderSpool(tmp_path, 1000)
    for number in range(60):
        spool.add(f"{number:06d}".encode() * 20_000)
    taken = len(spool.head(1)[0])
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (taken, len(spool)) == (120_000, 60)
    assert held < 1_000_000, "seven megabytes wait on the disk"
    spool.close()
    again = FolderSpool(tmp_path, 1000)
    assert [event[:6] for event in again.head(60)] == [f"{number:06d}".encode() for number in range(60)]
    again.close()
