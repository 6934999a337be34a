"""`python -m tests.chaos`: as many seeds and purchases as wanted; a failing seed is named and can be repeated."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

import click

from tests.chaos.rail import Rail
from tests.chaos.run import run_seed


@click.command()
@click.option("--seeds", default=100, show_default=True, help="How many seeds, from --first on.")
@click.option("--first", default=1, show_default=True, help="The first seed.")
@click.option("--seed", type=int, help="Only this seed.")
@click.option("--purchases", default=100, show_default=True, help="Visitors who buy, per seed.")
@click.option("--falls", default=0, show_default=True, help="How often everything goes down, per seed.")
@click.option("--ambiguous", default=0, show_default=True, help="Answers that come too late, per seed; 20 s each.")
def main(seeds: int, first: int, seed: int | None, purchases: int, falls: int, ambiguous: int) -> None:
    r"""Let visitors buy while processes are killed and platforms fail, then check that everything adds up.

    \b
    Example:
      python -m tests.chaos --seeds 100 --purchases 100
      python -m tests.chaos --seed 17 --purchases 100
    """
    with Rail() as rail:
        for number in [seed] if seed is not None else range(first, first + seeds):
            report = run_seed(rail, number, purchases, falls=falls, ambiguous=ambiguous)
            click.echo(report.story() if report.failed else report.line())
            if report.failed:
                kept = Path(tempfile.mkdtemp(prefix=f"adrail-chaos-{number}-"))
                shutil.copytree(rail.installation.data_dir / "logs", kept, dirs_exist_ok=True)
                shutil.copy(rail.installation.data_dir / "up.log", kept)
                click.echo(f"  logs: {kept}")
                sys.exit(1)


if __name__ == "__main__":
    main()
