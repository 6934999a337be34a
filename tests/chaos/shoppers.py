"""Visitors that look, fill carts and buy, through clients that retry as the real ones do."""

from __future__ import annotations

import random
import threading
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import requests

from tests.chaos.books import Books
from tests.chaos.client import Client, code_of
from tests.chaos.rail import Rail
from tests.chaos.wire import Parcel, new_event, new_visit

AT_ONCE = 4
PATIENCE = 90.0
LONGEST_PAUSE = 1.0


class Shoppers:
    """A number of visits from a seed, a few at a time."""

    def __init__(self, rail: Rail, books: Books, seed: int, visits: int) -> None:
        self._namespace = rail.namespace
        self._books = books
        self._client = Client(rail, books)
        # The seed decides what is bought, not the ids: one installation may see the same seed twice.
        name = f"{seed}-{uuid.uuid4().hex[:8]}"
        self._plans = [(f"{name}-{number}", f"{seed}/{number}") for number in range(visits)]

    def run(self) -> None:
        """Return when every visitor has bought or given up."""
        with ThreadPoolExecutor(AT_ONCE) as pool:
            for _ in pool.map(lambda plan: self._visit(*plan), self._plans):
                pass

    def _visit(self, name: str, seed: str) -> None:
        chance = random.Random(seed)
        visit = new_visit(name, self._namespace, chance)
        self._books.enter(visit)
        shown = [new_event(visit, "page_view", 0), new_event(visit, "event_view", 1)]
        bought = [new_event(visit, "add_to_cart", 2), new_event(visit, "checkout_started", 3)]
        for batch in (shown, bought):
            self._collect(batch, chance)
            if chance.random() < 0.15:  # a beacon and a request overlapped
                self._collect(batch, chance)
        self._until_taken(lambda: self._client.order(visit), chance)
        if chance.random() < 0.3:  # the browser finds its queue again and knows only that it sent something
            self._collect([*shown, *bought, new_event(visit, "page_view", 4)], chance)
        if chance.random() < 0.1:  # a backend that is not sure
            self._until_taken(lambda: self._client.order(visit), chance)

    def _collect(self, batch: list[Parcel], chance: random.Random) -> None:
        self._until_taken(lambda: self._client.collect(batch), chance)

    def _until_taken(self, send: Callable[[], requests.Response | None], chance: random.Random) -> None:
        """Send until an answer counts or patience ends; back-off and what is tried again are the SDK's, hurried."""
        deadline = time.monotonic() + PATIENCE
        failures = 0
        while time.monotonic() < deadline:
            answer = send()
            if answer is not None and answer.status_code < 300:
                return
            if answer is not None and not _worth_retrying(answer):
                self._books.complain(f"{answer.request.url} answered {answer.status_code}: {answer.text[:300]}")
                return
            failures += 1
            threading.Event().wait(min(LONGEST_PAUSE, 0.05 * 2**failures) * chance.uniform(0.5, 1.0))


def _worth_retrying(answer: requests.Response) -> bool:
    status = answer.status_code
    in_progress = status == 409 and code_of(answer) == "request_in_progress"
    return in_progress or status in {408, 429} or status >= 500
