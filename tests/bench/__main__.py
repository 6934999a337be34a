"""`python -m tests.bench`: measures a whole installation on this machine, one JSON line per benchmark."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import click
import orjson

from tests.bench import checking, collecting, importing, limits, lists, ordering, processes
from tests.installation import Installation

# The generator is one address; its limits are not what is measured.
UNLIMITED = {"ADRAIL_RATE_PER_ADDRESS": "1000000000", "ADRAIL_RATE_PER_VISITOR": "1000000000"}


@click.command()
@click.option("--seconds", type=click.FloatRange(1, 300), default=10.0, show_default=True, help="Length of each run.")
@click.option("--only", multiple=True, help="Run only benchmarks whose name begins with this; may be repeated.")
def main(seconds: float, only: tuple[str, ...]) -> None:
    r"""Measure, and print one JSON line per benchmark.

    \b
    Example:
      python -m tests.bench --only collector --seconds 5
    """
    for line in _lines(seconds, only):
        click.echo(orjson.dumps(line).decode())


def _lines(seconds: float, only: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    def wanted(name: str) -> bool:
        return not only or name.startswith(only)

    installation = Installation("--demo", "--sandbox", **UNLIMITED)
    started = time.perf_counter()
    with installation:
        first = time.perf_counter() - started
        if wanted("start"):
            yield {"name": "start_first", "value": round(first, 1), "unit": "s to ready, empty data directory", "n": 1}
            yield _second_start(installation)
        for benchmark in (
            *collecting.BENCHMARKS,
            *checking.BENCHMARKS,
            *ordering.BENCHMARKS,
            *limits.BENCHMARKS,
            *processes.BENCHMARKS,
            *importing.BENCHMARKS,
            *lists.BENCHMARKS,
        ):
            if wanted(benchmark.__name__):
                yield {"name": benchmark.__name__, **benchmark(installation, seconds)}


def _second_start(installation: Installation) -> dict[str, Any]:
    installation.stop()
    started = time.perf_counter()
    installation.start()
    value = round(time.perf_counter() - started, 1)
    return {"name": "start_second", "value": value, "unit": "s to ready, same data directory", "n": 1}


if __name__ == "__main__":
    main()
