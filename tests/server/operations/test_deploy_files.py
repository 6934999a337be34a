"""The files of docs/deploy name commands, settings and folders that exist."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from core.config import Settings, variable
from server.cli import main

ROOT = Path(__file__).resolve().parents[3]
DEPLOY = ROOT / "docs" / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
CONTAINERFILE = (DEPLOY / "container" / "Containerfile").read_text("utf-8")
ADRAIL = "/opt/adrail/.venv/bin/adrail"


def compose() -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load((DEPLOY / "container" / "compose.yaml").read_text("utf-8"))
    return document


@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.name)
def test_every_unit_starts_a_command_that_exists(unit: Path) -> None:
    lines = unit.read_text("utf-8").splitlines()
    commands = [line.partition("=")[2].split() for line in lines if line.startswith("ExecStart=")]

    assert [command[0] for command in commands] == [ADRAIL]
    assert commands[0][1] in main.commands
    assert {line for line in lines if line.startswith("[")} <= {"[Unit]", "[Service]", "[Install]"}
    assert all("=" in line for line in lines if line and not line.startswith(("#", "[")))


def test_every_process_has_a_unit_and_a_service() -> None:
    processes = {"web", "ingest", "relay", "worker", "cron", "migrate"}

    assert {unit.name.removeprefix("adrail-").removesuffix(".service").rstrip("@") for unit in UNITS} == processes
    assert {name for name, item in compose()["services"].items() if item["image"] == "adrail:latest"} == processes


def test_services_run_commands_that_exist_on_networks_and_volumes_that_exist() -> None:
    document = compose()
    for name, service in document["services"].items():
        assert set(service.get("depends_on", {})) <= set(document["services"]), name
        assert {item.partition(":")[0] for item in service.get("volumes", ())} <= set(document["volumes"]), name
        if service["image"] == "adrail:latest":
            assert service["command"][0] in main.commands
            assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])
    build = document["services"]["web"]["build"]
    context = (DEPLOY / "container" / build["context"]).resolve()
    assert context == ROOT
    assert (context / build["dockerfile"]).is_file()


@pytest.mark.parametrize("place", ["adrail.env.example", "container/adrail.env.example"])
def test_every_setting_of_an_example_exists_and_all_that_must_be_set_are_there(place: str) -> None:
    lines = (DEPLOY / place).read_text("utf-8").splitlines()
    named = {line.partition("=")[0] for line in lines if line and not line.startswith("#")}

    assert named <= {variable(field) for field in Settings.model_fields}
    assert {variable(name) for name, field in Settings.model_fields.items() if field.is_required()} <= named


def test_the_image_speaks_every_language_that_there_is() -> None:
    packages = [path.parent for path in ROOT.glob("*/__init__.py")]
    folders = {path.parents[2] for package in packages for path in package.glob("**/LC_MESSAGES/*.po")}

    # Compiled catalogues are not in the repository, so a build that forgets them has English only.
    found = re.search(r"find (.+) -type d -name translations -exec \.venv/bin/pybabel -q compile", CONTAINERFILE)
    assert found is not None
    assert {folder.relative_to(ROOT).parts[0] for folder in folders} <= set(found[1].split())
    assert {folder.name for folder in folders} <= {"translations"}


def test_the_image_is_made_of_what_is_there_and_does_not_run_as_root() -> None:
    copied = [
        source
        for line in re.findall(r"^COPY (.+)$", CONTAINERFILE, re.MULTILINE)
        if "--from=" not in line
        for source in line.split()[:-1]
    ]
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests"}

    assert [source for source in copied if not (ROOT / source).exists()] == []
    assert packages <= {source.rstrip("/") for source in copied}
    assert re.findall(r"^USER (\S+)$", CONTAINERFILE, re.MULTILINE) == ["adrail"]
    assert all(re.search(r":\d", image) for image in re.findall(r"^FROM (\S+)", CONTAINERFILE, re.MULTILINE))
