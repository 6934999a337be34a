"""`python -m tests.proof`: runs every check that tries its luck at full size and writes docs/proof.md."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import click

from tests.proof.checks import Check, find_checks, read_results
from tests.proof.report import report

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "proof.md"
SECONDS_PER_TEST = 7200


@click.command()
@click.option("--seed", type=int, default=20261120, show_default=True, help="Seed of every generated example.")
@click.option("--only", multiple=True, help="Run only checks whose path contains this; nothing is written then.")
def main(seed: int, only: tuple[str, ...]) -> None:
    r"""Run the checks one file after the other, and write what ran, how large, how long and with what result.

    \b
    Example:
      python -m tests.proof --only exactly_once
    """
    checks = [item for item in find_checks(ROOT / "tests") if not only or any(part in str(item.path) for part in only)]
    with click.progressbar(checks, label="proving", item_show_func=lambda item: item.name if item else "") as bar:
        for check in bar:
            _run(check, seed)
    if not only:
        PAGE.write_text(report(checks, seed, datetime.now(UTC).date()), "utf-8")
        click.echo(f"wrote {PAGE.relative_to(ROOT)}")
    failed = [check for check in checks if not check.passed]
    for check in failed:
        click.echo(f"\n{check.name} failed:\n{check.output}")
    sys.exit(1 if failed else 0)


def _run(check: Check, seed: int) -> None:
    with tempfile.TemporaryDirectory(prefix="adrail-proof-") as folder:
        results = Path(folder) / "results.xml"
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(check.path)]
        options = ["--hypothesis-profile=proof", f"--hypothesis-seed={seed}", f"--timeout={SECONDS_PER_TEST}"]
        made = subprocess.run(
            [*command, *options, f"--junitxml={results}"], cwd=ROOT, capture_output=True, text=True, check=False
        )
        check.output = made.stdout[-8000:]
        check.tests = read_results(results) if results.exists() else []


if __name__ == "__main__":
    main()
