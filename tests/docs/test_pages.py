"""The documentation is complete and points to what exists."""

from __future__ import annotations

import configparser
import json
import re
from pathlib import Path

import pytest

from server.cli import main
from server.local_state import DEMO_FIELDS
from tests.docs.examples import FENCE
from tests.docs.generate import PAGES, REFERENCE, ROOT, fresh

DOCUMENTS = sorted(
    path for place in ("*.md", "docs/**/*.md", "plugins/*/*.md", "sdk/*/*.md") for path in ROOT.glob(place)
)
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
ADR_PARTS = ("Status: ", "## Context", "## Decision", "## Consequences")


@pytest.mark.parametrize("page", DOCUMENTS, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    broken = [target for target in LINK.findall(_prose(page)) if not _exists(page, target)]
    assert broken == []


@pytest.mark.parametrize("name", PAGES)
def test_a_generated_page_is_up_to_date(name: str) -> None:
    page = (REFERENCE / name).read_text("utf-8")
    assert fresh(name, page) == page, "run `make docs`"


def test_decisions_are_numbered_without_gaps_and_have_all_parts() -> None:
    pages = sorted((ROOT / "docs/adr").glob("*.md"))
    assert [int(page.name[:4]) for page in pages] == list(range(1, len(pages) + 1))
    for page in pages:
        text = page.read_text("utf-8")
        assert text.startswith(f"# {int(page.name[:4])}. ")
        assert [part for part in ADR_PARTS if part not in text] == []


def test_every_page_can_be_reached_from_the_index() -> None:
    index = (ROOT / "docs/README.md").read_text("utf-8")
    named = {(ROOT / "docs" / target).resolve() for target in LINK.findall(index)}
    pages = {page.resolve() for page in (ROOT / "docs").rglob("*.md")} - {ROOT / "docs/README.md"}
    # What `make bench` and `make proof` write names itself.
    assert {page for page in pages - named if page.name not in {"benchmarks.md", "proof.md"}} == set()


def test_every_direct_dependency_has_its_reason() -> None:
    table = re.findall(
        r"^\| (\S+) \| (.+?) \| (.+?) \|", (ROOT / "docs/dependencies.md").read_text("utf-8"), re.MULTILINE
    )
    explained = [name for name, _, _ in table if name not in {"package", "---"}]
    assert sorted(explained) == sorted(set(explained))
    assert set(explained) == _direct_dependencies()


def test_every_error_code_is_documented() -> None:
    sources = [*(ROOT / "core").rglob("*.py"), *(ROOT / "tracking").rglob("*.py")]
    raised = {code for path in sources for code in re.findall(r'\bcode ?= ?"([a-z_]+)"', path.read_text("utf-8"))}
    known = (REFERENCE / "http-api.md").read_text("utf-8")
    assert {code for code in raised if f"`{code}`" not in known} == OUTSIDE_HTTP


OUTSIDE_HTTP = {
    "account_exists",
    "already_paused",
    "archive_unusable",
    "busy",
    "decided",
    "email_taken",
    "link_ended",
    "not_paused",
    "not_signed_in",
    "not_supported",
    "own_account_type",
    "own_request",
    "two_step_not_started",
    "two_step_off",
    "two_step_on",
    "undo_of_creation",
    "verification_waiting",
}
"""Codes that the web UI or the command line turns into words; no endpoint answers them."""


def test_ready_json_is_described_field_by_field() -> None:
    page = (REFERENCE / "ready-json.md").read_text("utf-8")
    assert [name for name in DEMO_FIELDS if f"`{name}`" not in page] == []


@pytest.mark.parametrize("page", DOCUMENTS, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_that_is_named_exists(page: Path) -> None:
    text, makefile = page.read_text("utf-8"), (ROOT / "Makefile").read_text("utf-8")
    shown = "\n".join(match["body"] for match in FENCE.finditer(text) if match["info"].startswith("bash"))
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    for tool, known in (("make", targets), ("adrail", set(main.commands))):
        named = re.findall(rf"`{tool} ([a-z-]+)", text) + re.findall(rf"^{tool} ([a-z-]+)", shown, re.MULTILINE)
        assert set(named) - known == set()


def _prose(page: Path) -> str:
    return re.sub(r"^```.*?^```$", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)


def _exists(page: Path, target: str) -> bool:
    if target.startswith(("http://", "https://")):
        return True
    name, _, anchor = target.partition("#")
    path = page.parent / name if name else page
    return path.exists() and (not anchor or anchor in _anchors(path))


def _anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def _direct_dependencies() -> set[str]:
    names: set[str] = set()
    for path in ("setup.cfg", "sdk/python/setup.cfg"):
        config = configparser.ConfigParser()
        config.read(ROOT / path)
        extras = config["options.extras_require"].values() if "options.extras_require" in config else ()
        names |= {
            _name(line) for text in (config["options"]["install_requires"], *extras) for line in text.splitlines()
        }
    for path in ("requirements/node.txt", "requirements/build.txt"):
        names |= {_name(line) for line in (ROOT / path).read_text("utf-8").splitlines() if re.match(r"\w", line)}
    for path in ("sdk/browser/package.json", "webui/package.json"):
        about = json.loads((ROOT / path).read_text("utf-8"))
        names |= {*about.get("dependencies", {}), *about.get("devDependencies", {})}
    return names - {""}


def _name(requirement: str) -> str:
    return re.split(r"[\[<>=!~; ]", requirement.strip())[0]
