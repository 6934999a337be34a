"""The client for asyncio."""

from __future__ import annotations

import asyncio
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


class AsyncClient:
    """As `adrail.client.Client`, for one event loop; use it with ``async with``."""

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
        self._durable = spool is not None
        self._flush_seconds = flush_seconds
        self._http = httpx.AsyncClient(
            base_url=base_url, timeout=timeout_seconds, headers={"Authorization": f"Bearer {server_key}"}
        )
        self._changed, self._emptied = asyncio.Event(), asyncio.Event()
        self._hurry = self._closing = False
        self._task: asyncio.Task[None] | None = None

    async def track(self, event: Event) -> str:
        """Queue an event and return its id; raises `QueueFullError`, `OSError`, and `RuntimeError` after `close`."""
        body = event.as_dict()
        if self._closing:
            raise RuntimeError("this client is closed")
        self._begin()
        if self._durable:  # waits for the disk
            await asyncio.to_thread(self._engine.spool.add, encode(body))
        else:
            self._engine.spool.add(encode(body))
        self._changed.set()
        event_id: str = body["event_id"]
        return event_id

    async def flush(self, timeout_seconds: float = 30.0) -> bool:
        """Send what waits now; returns whether everything was taken in the time given."""
        self._begin()
        self._hurry = True
        self._changed.set()
        try:
            async with asyncio.timeout(timeout_seconds):
                while len(self._engine.spool):
                    self._emptied.clear()
                    await self._emptied.wait()
        except TimeoutError:
            return False
        finally:
            self._hurry = False
        return True

    @property
    def waiting(self) -> int:
        """How many events wait."""
        return len(self._engine.spool)

    @property
    def problem(self) -> ApiError | None:
        """Why the server refuses everything at the moment, such as a revoked key; events wait meanwhile."""
        return self._engine.problem

    async def place_order(self, order: Mapping[str, Any], timeout_seconds: float = 30.0) -> dict[str, Any]:
        """Report an order; repeats are harmless. Raises `ApiError` or, when time is up, `UnreachableError`."""
        return await self._call(calls.placing(order), timeout_seconds)

    async def change_order(
        self, external_id: str, change: Mapping[str, Any], timeout_seconds: float = 30.0
    ) -> dict[str, Any]:
        """Report a change of an order's state. Raises `ApiError` or, when time is up, `UnreachableError`."""
        return await self._call(calls.changing(external_id, change), timeout_seconds)

    async def close(self, timeout_seconds: float = 5.0) -> bool:
        """Send what can be sent in the time given and stop; returns whether nothing is left."""
        if self._closing:
            return not len(self._engine.spool)
        empty = await self.flush(timeout_seconds)
        self._closing = True
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._http.aclose()
        self._engine.spool.close()
        return empty

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def _begin(self) -> None:
        if self._task is None:  # not before somebody is there: a loop must run
            self._task = asyncio.create_task(self._work(), name="adrail-client")

    async def _work(self) -> None:
        while True:
            await self._wait_for_work()
            pause = await self._send()
            if not len(self._engine.spool):
                self._emptied.set()
            if pause:
                await asyncio.sleep(pause)

    async def _wait_for_work(self) -> None:
        while not len(self._engine.spool):
            self._changed.clear()
            await self._changed.wait()
        due = time.monotonic() + self._flush_seconds
        while not self._hurry and len(self._engine.spool) < self._engine.batch_size and time.monotonic() < due:
            self._changed.clear()
            try:
                await asyncio.wait_for(self._changed.wait(), due - time.monotonic())
            except TimeoutError:
                return

    async def _send(self) -> float:
        request = self._engine.next_request()
        if request is None:
            return 0.0
        body, headers = request
        try:
            answer = await self._http.post(PATH, content=body, headers=headers)
        except httpx.HTTPError as exc:
            return self._engine.failed(type(exc).__name__)
        return self._engine.answered(answer.status_code, answer.headers, answer.content)

    async def _call(self, call: calls.Call, timeout_seconds: float) -> dict[str, Any]:
        deadline, tries = time.monotonic() + timeout_seconds, 0
        while True:
            tries += 1
            result, wait, reason = None, calls.pause(tries), ""
            try:
                answer = await self._http.request(call.method, call.path, content=call.body, headers=call.headers)
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
            await asyncio.sleep(wait)
