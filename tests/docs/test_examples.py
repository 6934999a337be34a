"""The examples of the documentation do what the documentation says."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.docs.examples import examples, missing, script, write_files
from tests.docs.generate import ROOT
from tests.installation import Installation, clean_environment

PAGES_OF_A_RUNNING_ONE = (
    "tutorial/first-purchase",
    "how-to/fill-the-catalogue",
    "how-to/orders",
    "how-to/look-after-collected-events",
    "how-to/take-payments-webhooks",
)


def test_the_tutorial_and_the_catalogues_guide_work_on_a_running_installation(tmp_path: Path) -> None:
    with Installation("--demo", "--sandbox") as running:
        there = {**clean_environment(), "ADRAIL_READY": str(running.data_dir / "ready.json")}
        for page in PAGES_OF_A_RUNNING_ONE:
            run(ROOT / f"docs/{page}.md", tmp_path, there)


@pytest.mark.parametrize(
    "name",
    [
        "run-with-your-own-servers",
        "create-a-marketplace",
        "people-and-sign-in",
        "manage-keys",
        "import-what-you-have",
        "archive-events",
    ],
)
def test_an_operators_guide_works_with_given_servers(name: str, database: str, tmp_path: Path) -> None:
    run(ROOT / f"docs/how-to/{name}.md", tmp_path, {**os.environ, "ADRAIL_SANDBOX_URL": ""})


def test_the_plugin_of_the_guide_installs_and_sends(database: str, tmp_path: Path) -> None:
    # Installed beside this environment, so that other tests do not meet it.
    target = str(tmp_path / "installed")
    installed = {"PIP_TARGET": target, "PYTHONPATH": f"{target}:{ROOT}"}
    run(ROOT / "docs/how-to/write-a-plugin.md", tmp_path, {**os.environ, **installed})


def run(page: Path, folder: Path, environment: Mapping[str, str]) -> None:
    """Do what a page tells its reader to do, in an empty folder, and compare what is said."""
    text = page.read_text("utf-8")
    write_files(text, folder)
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-c", script(text)],
        cwd=folder,
        env={**environment, "PATH": path, "NO_PROXY": "127.0.0.1"},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    outputs = done.stdout.split("\036")[1:]
    assert done.returncode == 0, f"{page.name}, step {len(outputs)}: {done.stderr}\n{outputs[-1:]}"
    for number, (example, output) in enumerate(zip(examples(text), outputs, strict=True), start=1):
        lacking = missing(example.expected, output)
        assert lacking is None, f"{page.name}, step {number}: {lacking!r} is not in\n{output}"
