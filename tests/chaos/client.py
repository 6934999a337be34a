"""One call each to the collector and to the orders API, with everything promised written into the books."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import requests

from tests.chaos.books import Books, Visit
from tests.chaos.rail import Rail
from tests.chaos.wire import AGENT, Parcel, order_body

# Connecting and answering, in seconds.
TIMEOUT = (5, 30)


class Client:
    """Sends once and keeps the books; safe to use from many threads."""

    def __init__(self, rail: Rail, books: Books) -> None:
        self._rail = rail
        self._books = books
        self._local = threading.local()

    def collect(self, parcels: Sequence[Parcel]) -> requests.Response | None:
        """Send events in one batch; None when there was no answer."""
        facts = [fact for fact, _ in parcels]
        self._books.send(facts)
        body = {"sent_at": datetime.now(UTC).isoformat(), "events": [wire for _, wire in parcels]}
        headers = {"X-Adrail-Key": self._rail.facts["write_key"], "User-Agent": AGENT}
        answer = self._post("/api/tx/events/batch", body, headers)
        if answer is not None and answer.status_code == 202:
            counts = answer.json()
            if counts["accepted"] + counts["duplicates"] == len(parcels):
                self._books.acknowledge(facts)
            else:
                self._books.complain(f"the collector answered {answer.text[:300]} to {len(parcels)} good events")
        return answer

    def order(self, visit: Visit) -> requests.Response | None:
        """Report the visit's order; None when there was no answer."""
        self._books.send_order(visit)
        bearer = f"Bearer {self._rail.facts['server_key']}"
        headers = {"Authorization": bearer, "Idempotency-Key": f"order-{visit.order}"}
        answer = self._post("/api/v1/orders", order_body(visit), headers)
        if answer is not None and answer.status_code in {200, 201}:
            self._books.acknowledge_order(visit, answer.json()["event_ids"])
        return answer

    def _post(self, path: str, body: Any, headers: dict[str, str]) -> requests.Response | None:
        session: requests.Session | None = getattr(self._local, "session", None)
        if session is None:
            session = self._local.session = requests.Session()
            session.trust_env = False
        try:
            answer = session.post(f"{self._rail.facts['base_url']}{path}", json=body, headers=headers, timeout=TIMEOUT)
        except requests.RequestException as exc:
            self._books.called(type(exc).__name__)
            return None
        self._books.called(f"{answer.status_code} {code_of(answer)}".strip())
        return answer


def code_of(answer: requests.Response) -> str:
    """The stable code of an error answer; empty for a success, «no code» for what is not ours."""
    if answer.status_code < 400:
        return ""
    try:
        return str(answer.json()["code"])
    except (ValueError, KeyError, TypeError):
        return "no code"
