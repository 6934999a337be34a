"""Reads the examples out of a page: files to write, commands to run, and what they say."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

FENCE = re.compile(r"^```(?P<info>[^\n]*)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Example:
    """Commands of a page marked ``run``, with what their output must contain, line by line in this order."""

    commands: str
    expected: tuple[str, ...] = ()


def files(page: str) -> dict[str, str]:
    """Return the files a page asks its reader to write, by name."""
    return {
        match["info"].partition("file=")[2]: match["body"] for match in FENCE.finditer(page) if "file=" in match["info"]
    }


def examples(page: str) -> list[Example]:
    """Return the commands of a page in order; a fence marked ``output`` belongs to the commands before it."""
    found: list[Example] = []
    for match in FENCE.finditer(page):
        words = match["info"].split()
        if words[1:] == ["run"]:
            found.append(Example(match["body"]))
        elif words[1:] == ["output"]:
            found[-1] = Example(found[-1].commands, tuple(match["body"].splitlines()))
    return found


def script(page: str) -> str:
    """Return one shell script of all commands, which keeps the output of each apart."""
    parts = [f"printf '\\036'\n{item.commands}" for item in examples(page)]
    return "set -euo pipefail\n" + "".join(parts)


def missing(expected: tuple[str, ...], output: str) -> str | None:
    """Return the first expected line that does not follow in the output; «…» stands for anything."""
    lines = iter(output.splitlines())
    for wanted in expected:
        pattern = ".*".join(re.escape(part.strip()) for part in wanted.split("…"))
        if not any(re.search(pattern, line) for line in lines):
            return wanted
    return None


def write_files(page: str, folder: Path) -> None:
    """Write a page's files below a folder."""
    for name, body in files(page).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(body, "utf-8")
