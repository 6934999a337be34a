"""The page that says what was proved, how thoroughly, and where."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from tests.machine import describe
from tests.proof.checks import Check
from tests.rounds import FULL, REDUCED

HEAD = """# Proof

What `make proof` did last: the checks of `make test` that generate their examples or repeat a race, at full size. In
`make test` the same checks run with {small} examples each, always the same ones; here with {large} each, from seed
{seed}. A check that fails prints the smallest example that breaks it.

- Date: {day}
- Machine: {machine}
- Command: `make proof`
- Result: {result}

| Check | What holds | Tests at full size | Seconds | Result |
|---|---|---:|---:|---|
"""


def report(checks: Sequence[Check], seed: int, day: date) -> str:
    """The page as Markdown."""
    lucky = sum(len(check.lucky_tests) for check in checks)
    failed = [check.name for check in checks if not check.passed]
    head = HEAD.format(
        small=REDUCED,
        large=f"{FULL:,}",
        seed=seed,
        day=day.isoformat(),
        machine=describe(),
        result=f"failed: {', '.join(failed)}" if failed else f"all {lucky} checks in {len(checks)} files hold",
    )
    return head + "".join(_line(check) for check in checks) + _names(checks)


def _line(check: Check) -> str:
    about = " ".join(check.about.split()).replace("|", "\\|")
    cells = (f"`{check.name}`", about, str(len(check.lucky_tests)), f"{check.seconds:.0f}", _result(check.passed))
    return f"| {' | '.join(cells)} |\n"


def _names(checks: Sequence[Check]) -> str:
    lines = ["\n## Each check\n"]
    for check in checks:
        lines.append(f"\n### `{check.name}`\n\n")
        lines += [
            f"- {_sentence(item.name)}: {_result(item.passed)}, {item.seconds:.1f} s\n" for item in check.lucky_tests
        ]
    return "".join(lines)


def _sentence(name: str) -> str:
    return name.removeprefix("test_").replace("_", " ")


def _result(passed: bool) -> str:
    return "holds" if passed else "**fails**"
