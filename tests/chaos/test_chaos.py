"""Processes die, servers go away, the disk fills up: what was acknowledged is stored, sent and counted exactly once."""

from __future__ import annotations

import random
import threading
import uuid
from collections.abc import Callable, Iterator

import pytest
import requests

from tests.chaos.books import Books, Visit
from tests.chaos.checks import Before
from tests.chaos.client import Client, code_of
from tests.chaos.disk import can_mount, filled, frozen_files, small_disk
from tests.chaos.processes import POSTGRES, VALKEY
from tests.chaos.quiet import calm_down
from tests.chaos.rail import Rail
from tests.chaos.run import run_seed
from tests.chaos.shoppers import Shoppers
from tests.chaos.wire import new_event, new_visit
from tests.rounds import rounds
from tests.waiting import until

BOUND = 150
# The last tenth is kept for marketplaces that have little waiting.
SHARE = BOUND * 9 // 10
FULL_SIZE = rounds(0, 1) == 1
# In small: two seeds that between them kill everything once, alone or together.
SEEDS = range(1, 101) if FULL_SIZE else (212, 270)
VISITS = rounds(8, 100)
# Seconds for an answer while a server is away; a busy machine that only tries in small may take longer.
PROMPT = rounds(20, 2)


@pytest.fixture(scope="module")
def rail() -> Iterator[Rail]:
    """One installation for all of these: whatever one leaves behind, the next would notice."""
    with Rail(ADRAIL_STREAM_MAX_ENTRIES=str(BOUND)) as running:
        yield running


@pytest.fixture
def books() -> Books:
    """What the visitors of this test know."""
    return Books()


@pytest.fixture
def before(rail: Rail) -> Before:
    """What was there when this test began."""
    rail.platforms.host.reset()
    return Before.of(rail)


def visitor(rail: Rail, books: Books) -> Visit:
    visit = new_visit(uuid.uuid4().hex[:12], rail.namespace, random.Random(1))
    books.enter(visit)
    return visit


def answered(status: int, send: Callable[[], requests.Response | None]) -> requests.Response:
    """Send until the answer is the wanted one."""

    def wanted() -> list[requests.Response]:  # an answer that is an error counts as false
        answer = send()
        return [answer] if answer is not None and answer.status_code == status else []

    return until(wanted, what=f"an answer {status}")[0]


@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", SEEDS)
def test_whatever_dies_and_fails_everything_adds_up(rail: Rail, seed: int) -> None:
    # At full size every fifth seed takes the whole installation down as well, and every tenth answers too late.
    falls, ambiguous = int(FULL_SIZE and seed % 5 == 0), int(FULL_SIZE and seed % 10 == 1)
    report = run_seed(rail, seed, VISITS, falls=falls, ambiguous=ambiguous)
    assert not report.failed, report.story()


def test_without_valkey_the_collector_asks_for_patience_and_orders_are_taken(
    rail: Rail, books: Books, before: Before
) -> None:
    client, visit = Client(rail, books), visitor(rail, books)
    shown, viewed = new_event(visit, "page_view", 0), new_event(visit, "event_view", 1)
    answered(202, lambda: client.collect([shown]))
    with rail.outage(VALKEY):
        refused = answered(503, lambda: client.collect([viewed]))
        assert (code_of(refused), int(refused.headers["Retry-After"])) == ("unavailable", 5)
        assert refused.elapsed.total_seconds() < PROMPT
        answered(201, lambda: client.order(visit))
        assert "valkey" in rail.what_is_not_ready()
    assert viewed[0].id not in books.acknowledged
    answered(202, lambda: client.collect([viewed]))
    assert calm_down(rail, books, before).violations == []


def test_without_postgresql_the_collector_takes_events_up_to_its_bound(
    rail: Rail, books: Books, before: Before
) -> None:
    client = Client(rail, books)
    parcels = [new_event(visitor(rail, books), "event_view", 0) for _ in range(SHARE + 1)]
    early, late = parcels[: SHARE // 2], parcels[SHARE // 2 :]
    away = threading.Event()
    with rail.outage(POSTGRES):
        for parcel in early:  # spread over the outage
            away.wait(rounds(1, 60) / len(early))
            answer = client.collect([parcel])
            assert answer is not None
            assert (answer.status_code, answer.elapsed.total_seconds() < PROMPT) == (202, True)
        answers = [client.collect([parcel]) for parcel in late]
    assert [answer.status_code for answer in answers if answer is not None] == [202] * (len(late) - 1) + [503]
    last = answers[-1]
    assert last is not None
    assert (code_of(last), int(last.headers["Retry-After"])) == ("unavailable", 30)
    answered(202, lambda: client.collect([late[-1]]))
    assert calm_down(rail, books, before).violations == []


def fill_up(rail: Rail, books: Books, before: Before, *, full: bool) -> None:
    """Visitors come, the disk fills up, more come and are refused, there is room again, all get through."""
    Shoppers(rail, books, 1, 4).run()
    waiting = threading.Thread(target=Shoppers(rail, books, 2, rounds(6, 60)).run)
    with filled(rail.installation.data_dir) if full else frozen_files(rail):
        waiting.start()
        until(lambda: books.answers["503 unavailable"] >= rounds(4, 60), seconds=60, what="refusals")
        promised = len(books.acknowledged) + len(books.orders_acknowledged)
    waiting.join(120)
    assert not waiting.is_alive()
    assert len(books.acknowledged) + len(books.orders_acknowledged) > promised
    assert calm_down(rail, books, before).violations == []


@pytest.mark.timeout(600)
def test_on_a_full_disk_nothing_is_promised_that_is_not_kept(rail: Rail, books: Books, before: Before) -> None:
    fill_up(rail, books, before, full=False)
    if FULL_SIZE and can_mount():
        small = Rail()
        with small_disk(small.installation.data_dir), small:
            fill_up(small, Books(), Before.of(small), full=True)
