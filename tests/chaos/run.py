"""One seed from the first visitor to the last check."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.chaos.adversary import Adversary, Blow, describe, plan
from tests.chaos.books import Books
from tests.chaos.checks import Before
from tests.chaos.hearing import hear
from tests.chaos.quiet import Calm, calm_down
from tests.chaos.rail import Rail
from tests.chaos.shoppers import Shoppers


@dataclass(slots=True)
class Report:
    """What a seed did and what came of it."""

    seed: int
    visits: int
    falls: int
    ambiguous: int
    blows: list[Blow]
    seconds: float = 0.0
    repeats: int = 0
    answers: Counter[str] = field(default_factory=Counter)
    calm: Calm = field(default_factory=Calm)

    @property
    def failed(self) -> bool:
        """Whether anything was not as it must be."""
        return bool(self.calm.violations)

    def line(self) -> str:
        """One line for people."""
        kinds = Counter(type(blow.what).__name__ for blow in self.blows)
        return (
            f"seed {self.seed}: {'FAILED' if self.failed else 'ok'}, {self.visits} visits, "
            f"{self.answers.total()} calls, {kinds['Kill']} kills, {kinds['Fault']} faults, {self.seconds:.1f} s; "
            f"quiet {self.calm.seconds:.1f} s after the last visitor, {len(self.calm.waited_for)} times by the clock, "
            f"{self.calm.reconnected} reconnected, {self.calm.replayed} replayed, {self.repeats} events sent again"
        )

    def story(self) -> str:
        """Everything worth knowing about a failure, and how to repeat it."""
        extras = f" --falls {self.falls}" if self.falls else ""
        extras += f" --ambiguous {self.ambiguous}" if self.ambiguous else ""
        lines = [self.line(), *(f"  {describe(blow)}" for blow in self.blows)]
        lines.append(f"  answers: {dict(self.answers.most_common())}")
        lines.append(f"  waited for: {self.calm.waited_for}")
        lines += [f"  VIOLATED: {text}" for text in self.calm.violations]
        lines.append(f"  repeat it: python -m tests.chaos --seed {self.seed} --purchases {self.visits}{extras}")
        return "\n".join(lines)


def run_seed(rail: Rail, seed: int, visits: int, *, falls: int = 0, ambiguous: int = 0) -> Report:
    """Let visitors buy while the seed's adversary strikes, wait until all is quiet, and check everything.

    ``falls`` is how often the whole installation goes down, ``ambiguous`` how often a platform takes events and answers
    too late.
    """
    report = Report(seed, visits, falls, ambiguous, plan(seed, visits, falls=falls, ambiguous=ambiguous))
    started = time.monotonic()
    rail.platforms.host.reset()
    before, books = Before.of(rail), Books()
    shoppers, adversary = Shoppers(rail, books, seed, visits), Adversary(rail, books, report.blows)
    striking = _Thread(adversary.run)
    try:
        shoppers.run()
    finally:
        adversary.visitors_left()
        striking.finish()
    rail.platforms.host.faults.clear()
    report.calm, report.answers = calm_down(rail, books, before), books.answers
    report.repeats = sum(hear(rail, platform).repeats for platform in rail.platforms.host.sandboxes)
    report.seconds = time.monotonic() - started
    return report


class _Thread:
    """A thread whose exception is raised where it is waited for."""

    def __init__(self, work: Callable[[], None]) -> None:
        self._work = work
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="adversary")
        self._thread.start()

    def finish(self) -> None:
        """Wait for its end."""
        self._thread.join()
        if self._error is not None:
            raise self._error

    def _run(self) -> None:
        try:
            self._work()
        except BaseException as exc:  # noqa: BLE001 - raised again by `finish`
            self._error = exc
