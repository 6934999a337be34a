"""What an import does beside storing: what the next block needs, and counting rows, on a connection of its own."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

from sqlalchemy import text

from core.db.session import maintainer_session

T = TypeVar("T")


class Beside:
    """One thread: what is submitted happens in that order, while the caller goes on."""

    def __init__(self, thread: ThreadPoolExecutor) -> None:
        self._thread = thread
        self._counting: Future[None] | None = None

    def submit(self, what: Callable[[T], None], argument: T) -> Future[None]:
        """Do it once everything submitted before is done."""
        return self._thread.submit(what, argument)

    def count_rows(self, tables: Iterable[str]) -> None:
        """Have rows counted anew; raises what the last counting raised."""
        self.wait()
        self._counting = self.submit(count_rows, tables)

    def wait(self) -> None:
        """Return when rows have been counted; raises what that raised."""
        if self._counting:
            self._counting.result()


@contextmanager
def beside() -> Iterator[Beside]:
    """A thread for as long as the import lasts; what has not begun when it fails is left."""
    thread = ThreadPoolExecutor(1)
    try:
        doing = Beside(thread)
        yield doing
        doing.wait()
    finally:
        thread.shutdown(cancel_futures=True)


def each_when_ready(items: Iterable[T], ready: Callable[[T], None], doing: Beside) -> Iterator[T]:
    """Yield items in order, each after ``ready`` was done with it; the next is made ready while one is dealt with."""
    waiting: deque[tuple[T, Future[None]]] = deque()
    for item in items:
        waiting.append((item, doing.submit(ready, item)))
        if len(waiting) > 1:
            yield _first(waiting)
    while waiting:
        yield _first(waiting)


def _first(waiting: deque[tuple[T, Future[None]]]) -> T:
    item, done = waiting.popleft()
    done.result()
    return item


def count_rows(tables: Iterable[str]) -> None:
    """Let the planner know how much this marketplace holds.

    It believes that a marketplace which came since it last counted holds nothing, and then reads all of its rows for
    each of ours, in our statements and in those of triggers. That is no matter while there are few, and takes hours
    when there are many.
    """
    with maintainer_session() as session:
        for table in tables:
            session.execute(text(f"ANALYZE (SKIP_LOCKED) {table} (tenant_id)"))
