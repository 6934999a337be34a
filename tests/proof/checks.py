"""Finding the checks that try their luck, and reading what became of them."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree as ET

LUCKY = re.compile(r"^from (hypothesis|tests\.rounds) import", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Tried:
    """One test: how long it took, and whether it held."""

    name: str
    seconds: float
    passed: bool


@dataclass(slots=True)
class Check:
    """One file of tests; ``about`` is what its docstring says."""

    path: Path
    name: str
    about: str
    lucky: frozenset[str]
    tests: list[Tried] = field(default_factory=list)
    output: str = ""

    @property
    def passed(self) -> bool:
        """Whether it ran and everything held."""
        return bool(self.tests) and all(item.passed for item in self.tests)

    @property
    def seconds(self) -> float:
        """How long its tests took together."""
        return sum(item.seconds for item in self.tests)

    @property
    def lucky_tests(self) -> list[Tried]:
        """Those whose size differs between the two profiles."""
        return [item for item in self.tests if item.name.partition("[")[0] in self.lucky]


def find_checks(folder: Path) -> list[Check]:
    """Every file of tests that generates examples or repeats rounds."""
    found = []
    for path in sorted(folder.rglob("test_*.py")):
        text = path.read_text("utf-8")
        if LUCKY.search(text):
            tree = ast.parse(text)
            name, lucky = str(path.relative_to(folder).with_suffix("")), frozenset(_lucky_tests(tree))
            if lucky:
                found.append(Check(path, name, ast.get_docstring(tree) or "", lucky))
    return found


def _lucky_tests(tree: ast.Module) -> list[str]:
    """Names of tests that use `given` or `rounds`, as decorator or within."""
    return [
        node.name
        for node in tree.body
        if isinstance(node, ast.FunctionDef)
        and node.name.startswith("test_")
        and any(isinstance(part, ast.Name) and part.id in {"given", "rounds"} for part in ast.walk(node))
    ]


def read_results(path: Path) -> list[Tried]:
    """The tests of a JUnit file."""
    cases = ET.parse(path).iter("testcase")  # noqa: S314 - pytest wrote it a moment ago
    return [
        Tried(
            case.get("name", ""),
            float(case.get("time", "0")),
            not any(part.tag in {"failure", "error"} for part in case),
        )
        for case in cases
    ]
