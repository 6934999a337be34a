"""Bodies made to break things: never a failure, never a neighbour lost, never more memory than for others."""

from __future__ import annotations

import resource
from collections import Counter
from collections.abc import Iterator

import pytest

from core.valkey import client as valkey
from tests.pipeline import ingest
from tests.process_state import use_environment
from tests.rounds import rounds
from tests.tracking.collector.fuzz import Hostile, hostile
from tests.tracking.events import Page
from tests.tracking.store import Store

CLEAR = {202, 204, 400, 413, 415, 422}
GROWTH_KILOBYTES = 96 * 1024
"""More than the largest body takes several times over; a bomb that is opened takes as much at once."""


@pytest.fixture(autouse=True)
def _no_limits(database: str) -> Iterator[None]:
    unlimited = dict.fromkeys(("ADRAIL_RATE_PER_VISITOR", "ADRAIL_RATE_PER_ADDRESS"), "1000000000")
    with use_environment(**unlimited):
        yield


@pytest.mark.timeout(7200)
def test_hostile_bodies_get_clear_answers_and_good_events_among_them_are_stored(page: Page, store: Store) -> None:
    seen: Counter[int] = Counter()
    waiting: dict[str, int] = {}
    for seed in range(rounds(2_000, 100_000)):
        case = hostile(seed)
        status = _send(page, case, seed)
        seen[status] += 1
        if case.good and status in {202, 204}:
            waiting[case.good] = seed
        if seed == 500:
            before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        if seed % 1_000 == 999:
            _stored(store, waiting)
            waiting.clear()
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < GROWTH_KILOBYTES, f"{grown} kB more at the peak"
    assert {202, 204, 400, 413, 415, 422} <= set(seen), seen


def _send(page: Page, case: Hostile, seed: int) -> int:
    headers = page.marketplace.collect_headers(**({"Content-Encoding": case.encoding} if case.encoding else {}))
    answer = page.client.post(case.path, data=case.body, headers=headers)
    assert answer.status_code in CLEAR, f"seed {seed}: {answer.status_code} {answer.text}"
    if answer.status_code == 202:
        body = answer.get_json()
        assert body["rejected"] == len(body["errors"]), f"seed {seed}"
        sunk = [item for item in body["errors"] if case.good and item["event_id"] == case.good]
        assert not sunk, f"seed {seed}: {sunk}"
    elif answer.status_code != 204:
        assert answer.content_type == "application/problem+json", f"seed {seed}"
    return answer.status_code


def _stored(store: Store, waiting: dict[str, int]) -> None:
    ingest()
    ids = set(store.event_ids())
    lost = {seed: name for name, seed in waiting.items() if name not in ids}
    assert not lost, f"lost among seeds {sorted(lost)}"
    assert valkey().xlen("adrail:events:dead") == 0
