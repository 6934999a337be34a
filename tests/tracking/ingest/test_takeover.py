"""Entries of a reader whose process has ended are taken over at once, those of a living one after a while."""

from __future__ import annotations

import threading

import pytest

from core.valkey import mark
from tests.pipeline import ingest
from tests.tracking.events import Page, event
from tests.tracking.ingest.stream import take_and_die, waiting
from tests.tracking.store import Store
from tracking.ingest.reader import Reader

DEAD = "adrail-elsewhere-1-ab12/cd34"
LONG = 60_000


def test_the_next_reader_stores_what_a_dead_process_took(page: Page, store: Store) -> None:
    ingest()
    page.send(event())
    take_and_die(DEAD)
    page.send(event())
    reader = Reader(threading.Event(), claim_idle_ms=LONG)
    while waiting():
        reader.step(block_ms=150)
    assert len(store.event_ids()) == 2


@pytest.mark.parametrize("holder", ["of-another-version", mark()], ids=["foreign", "own"])
def test_whoever_may_be_alive_keeps_what_it_took(page: Page, store: Store, holder: str) -> None:
    ingest()
    page.send(event())
    take_and_die(holder)
    Reader(threading.Event(), claim_idle_ms=LONG).step(block_ms=150)
    assert waiting() == 1
    Reader(threading.Event(), claim_idle_ms=0).step(block_ms=1)
    assert waiting() == 0
    assert len(store.event_ids()) == 1
