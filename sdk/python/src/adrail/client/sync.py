"""The client for programs with threads."""

from __future__ import annotations

import atexit
import os
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from adrail.client import calls
from adrail.client.engine import MOST_EVENTS, PATH, Engine, OnRejected
from adrail.client.envelope import Event, encode
from adrail.client.errors import ApiError, UnreachableError
from adrail.client.spool import MOST_BYTES, open_spool


class Client:
    """Sends events in the background and orders at once; safe to share between threads.

    ``base_url`` is the server's address, ``server_key`` a key of the kind `server`. Events go out when ``batch_size``
    wait, or ``flush_seconds`` after the first. With ``spool`` (a folder of this process alone) they are on disk before
    `track` returns and survive a crash; without it they wait in memory. At most ``max_queue`` events of
    ``max_queue_bytes`` together wait. Make a client in the process that uses it: one that was forked has no thread.
    ``on_rejected`` hears of every event that will never be taken; by default it is logged.
    """

    def __init__(
        self,
        base_url: str,
        server_key: str,
        *,
        spool: Path | str | None = None,
        batch_size: int = MOST_EVENTS,
        flush_seconds: float = 1.0,
        max_queue: int = 100_000,
        max_queue_bytes: int = MOST_BYTES,
        timeout_seconds: float = 10.0,
        on_rejected: OnRejected | None = None,
    ) -> None:
        self._engine = Engine(open_spool(spool, max_queue, max_queue_bytes), on_rejected, batch_size)
        self._flush_seconds = flush_seconds
        self._http = httpx.Client(
            base_url=base_url, timeout=timeout_seconds, headers={"Authorization": f"Bearer {server_key}"}
        )
        self._wake = threading.Condition()
        self._hurry = self._closing = False
        self._pid = os.getpid()
        self._thread = threading.Thread(target=self._work, name="adrail-client", daemon=True)
        self._thread.start()
        atexit.register(self.close)

    def track(self, event: Event) -> str:
        """Queue an event and return its id.

        Raises `QueueFullError`, `OSError` when the spool's disk refuses, and `RuntimeError` after `close` or a fork.
        """
        body = event.as_dict()
        if self._closing:
            raise RuntimeError("this client is closed")
        if self._pid != os.getpid():
            raise RuntimeError("this client was made before the process was forked; make one in each process")
        self._engine.spool.add(encode(body))
        with self._wake:
            self._wake.notify_all()
        event_id: str = body["event_id"]
        return event_id

    def flush(self, timeout_seconds: float = 30.0) -> bool:
        """Send what waits now; returns whether everything was taken in the time given."""
        deadline = time.monotonic() + timeout_seconds
        with self._wake:
            self._hurry = True
            self._wake.notify_all()
            while len(self._engine.spool) and time.monotonic() < deadline and self._thread.is_alive():
                self._wake.wait(min(0.1, max(0.0, deadline - time.monotonic())))
            self._hurry = False
        return not len(self._engine.spool)

    @property
    def waiting(self) -> int:
        """How many events wait."""
        return len(self._engine.spool)

    @property
    def problem(self) -> ApiError | None:
        """Why the server refuses everything at the moment, such as a revoked key; events wait meanwhile."""
        return self._engine.problem

    def place_order(self, order: Mapping[str, Any], timeout_seconds: float = 30.0) -> dict[str, Any]:
        """Report an order; repeats are harmless. Raises `ApiError` or, when time is up, `UnreachableError`."""
        return self._call(calls.placing(order), timeout_seconds)

    def change_order(
        self, external_id: str, change: Mapping[str, Any], timeout_seconds: float = 30.0
    ) -> dict[str, Any]:
        """Report a change of an order's state. Raises `ApiError` or, when time is up, `UnreachableError`."""
        return self._call(calls.changing(external_id, change), timeout_seconds)

    def close(self, timeout_seconds: float = 5.0) -> bool:
        """Send what can be sent in the time given and stop; returns whether nothing is left."""
        if self._closing or self._pid != os.getpid():
            return not len(self._engine.spool)
        empty = self.flush(timeout_seconds)
        with self._wake:
            self._closing = True
            self._wake.notify_all()
        self._thread.join(self._http.timeout.read or 10.0)
        self._http.close()
        self._engine.spool.close()
        atexit.unregister(self.close)
        return empty

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _work(self) -> None:
        while self._wait_for_work():
            pause = self._send()
            with self._wake:
                self._wake.notify_all()
                if pause:
                    self._wake.wait_for(lambda: self._closing, pause)

    def _wait_for_work(self) -> bool:
        """Wait until a batch is full or old enough; false when the client closes."""
        with self._wake:
            self._wake.wait_for(lambda: self._closing or len(self._engine.spool) > 0)
            self._wake.wait_for(self._is_due, self._flush_seconds)
            return not self._closing

    def _is_due(self) -> bool:
        return self._closing or self._hurry or len(self._engine.spool) >= self._engine.batch_size

    def _send(self) -> float:
        request = self._engine.next_request()
        if request is None:
            return 0.0
        body, headers = request
        try:
            answer = self._http.post(PATH, content=body, headers=headers)
        except httpx.HTTPError as exc:
            return self._engine.failed(type(exc).__name__)
        return self._engine.answered(answer.status_code, answer.headers, answer.content)

    def _call(self, call: calls.Call, timeout_seconds: float) -> dict[str, Any]:
        deadline, tries = time.monotonic() + timeout_seconds, 0
        while True:
            tries += 1
            result, wait, reason = None, calls.pause(tries), ""
            try:
                answer = self._http.request(call.method, call.path, content=call.body, headers=call.headers)
            except httpx.HTTPError as exc:
                reason = type(exc).__name__
            else:
                reason = f"HTTP {answer.status_code}"
                result, again = calls.judge(answer.status_code, answer.headers, answer.content, answer, tries)
                if again is None:
                    body: dict[str, Any] = result.json()
                    return body
                wait = again
            if time.monotonic() + wait > deadline:
                raise UnreachableError(f"{call.method} {call.path}: {reason}, after {tries} tries")
            time.sleep(wait)
