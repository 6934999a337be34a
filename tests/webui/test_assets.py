"""What the build bundles, and house rules of templates."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from core.registry import registry

WEBUI = Path(__file__).resolve().parents[2] / "webui"
TEMPLATES = sorted((WEBUI / "templates").rglob("*.html"))
ICON = re.compile(r"""(?:icon\(|icon=|empty\()["']([a-z0-9-]+)["']""")


def test_every_icon_that_pages_name_is_in_the_sprite() -> None:
    sprite = (WEBUI / "static" / "vendor" / "icons.svg").read_text()
    sources = [*TEMPLATES, *WEBUI.glob("*.py")]
    named = {name for path in sources for name in ICON.findall(path.read_text())}

    assert len(named) > 10
    assert {name for name in named if f'id="{name}"' not in sprite} == set()


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.relative_to(WEBUI / "templates").as_posix())
def test_templates_hold_no_inline_code_or_style(path: Path) -> None:
    text = path.read_text()

    assert not re.search(r"<[^>]*\s(?:on[a-z]+|style)\s*=", text)
    assert not re.search(r"<style\b|javascript:|\|safe\b", text)
    assert all("nonce=" in tag or "application/json" in tag for tag in re.findall(r"<script\b[^>]*>", text))


def test_every_form_that_changes_something_carries_a_token() -> None:
    for path in TEMPLATES:
        for form in re.findall(r"<form\b.*?</form>", path.read_text(), re.DOTALL):
            if 'method="post"' in form:
                assert "token()" in form or 'name="csrf_token"' in form, (path.name, form[:200])


def test_pages_know_no_platform() -> None:
    names = {platform.slug for platform in registry().all()}
    wanted = re.compile(rf"\b({'|'.join(names)}|facebook|tiktok|google|linkedin)\b", re.IGNORECASE)
    html_words = re.compile(r"<meta\b|<link\b")

    for path in [*WEBUI.rglob("*.py"), *TEMPLATES]:
        if "node_modules" in path.parts:
            continue
        text = html_words.sub("", path.read_text())
        assert not wanted.search(text), (path.name, wanted.search(text))
