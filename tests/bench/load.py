"""A small load generator: processes with threads that keep their connections, on the loopback interface only."""

from __future__ import annotations

import multiprocessing
import re
import socket
import statistics
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

# (method, path, headers, body) of the next request; made while the clock stands still for nobody, so keep it cheap.
Make = Callable[[], tuple[str, str, dict[str, str], bytes]]
START_TIMEOUT = 60.0
LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)\r\n", re.IGNORECASE)


@dataclass(slots=True)
class Measured:
    """What one run saw: seconds of each answered request, answers by status, and the run's length."""

    latencies: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    seconds: float = 0.0

    @property
    def per_second(self) -> float:
        """Answers per second."""
        return len(self.latencies) / self.seconds if self.seconds else 0.0

    def facts(self) -> dict[str, Any]:
        """The common part of a benchmark's line."""
        return {
            "n": len(self.latencies),
            "seconds": round(self.seconds, 1),
            "p50_ms": milliseconds(self.latencies, 50),
            "p99_ms": milliseconds(self.latencies, 99),
            "statuses": {str(status): count for status, count in sorted(self.statuses.items())},
        }


def milliseconds(seconds: Iterable[float], percentile: int) -> float:
    """A percentile (1 to 99) in milliseconds."""
    values = list(seconds)
    if len(values) < 2:
        return round(1000 * sum(values), 2)
    return round(1000 * statistics.quantiles(values, n=100, method="inclusive")[percentile - 1], 2)


def closed_loop(
    base_url: str, maker: Callable[[int], Make], *, seconds: float, processes: int, threads: int
) -> Measured:
    """Ask as fast as answers come, over ``processes`` × ``threads`` connections; each has a maker of its own."""
    context = multiprocessing.get_context("fork")
    gate = context.Barrier(processes + 1)
    with_results = [context.Pipe(duplex=False) for _ in range(processes)]
    children = [
        context.Process(target=_process, args=(base_url, maker, number, threads, seconds, gate, sender), daemon=True)
        for number, (_, sender) in enumerate(with_results)
    ]
    for child in children:
        child.start()
    gate.wait(START_TIMEOUT)
    parts = [receiver.recv() for receiver, _ in with_results]
    for child in children:
        child.join(START_TIMEOUT)
    total = Measured(seconds=max(part.seconds for part in parts))
    for part in parts:
        total.latencies += part.latencies
        total.statuses += part.statuses
    return total


def _process(
    base_url: str, maker: Callable[[int], Make], number: int, threads: int, seconds: float, gate: Any, sender: Any
) -> None:
    parts = [Measured() for _ in range(threads)]
    makers = [maker(number * threads + index) for index in range(threads)]
    gate.wait(START_TIMEOUT)
    started = time.perf_counter()
    workers = [
        threading.Thread(target=_connection, args=(base_url, make, started + seconds, part))
        for make, part in zip(makers, parts, strict=True)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    result = Measured(seconds=time.perf_counter() - started)
    for part in parts:
        result.latencies += part.latencies
        result.statuses += part.statuses
    sender.send(result)


def _connection(base_url: str, make: Make, until: float, part: Measured) -> None:
    client = Client(base_url)
    while time.perf_counter() < until:
        asked = time.perf_counter()
        status, _ = client.ask(*make())
        part.latencies.append(time.perf_counter() - asked)
        part.statuses[status] += 1
    client.close()


class Client:
    """One connection that is kept. It does little, since it shares the machine with what it measures."""

    def __init__(self, base_url: str) -> None:
        address = urlsplit(base_url)
        self._host = address.netloc
        self._socket = socket.create_connection((address.hostname or "", address.port or 80), timeout=30)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(self, method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
        """Send a request; returns status and body of the answer, which must tell its length."""
        start = f"{method} {path} HTTP/1.1\r\nHost: {self._host}\r\nContent-Length: {len(body)}\r\n"
        self._socket.sendall(f"{start}{self._head(headers)}\r\n".encode("latin-1") + body)
        return self._answer()

    def close(self) -> None:
        """Close it."""
        self._socket.close()

    def _head(self, headers: dict[str, str]) -> str:
        return "".join(f"{name}: {value}\r\n" for name, value in headers.items())

    def _answer(self) -> tuple[int, bytes]:
        received = b""
        while (end := received.find(b"\r\n\r\n")) < 0:
            received += self._more()
        length = LENGTH.search(received, 0, end + 2)
        status, wanted = int(received[9:12]), int(length[1]) if length else 0
        if not length and status not in {204, 304}:
            raise ValueError(f"an answer without length: {received[:200]!r}")
        body = received[end + 4 :]
        while len(body) < wanted:
            body += self._more()
        return status, body

    def _more(self) -> bytes:
        part = self._socket.recv(65536)
        if not part:
            raise ConnectionError("the server closed the connection")
        return part
