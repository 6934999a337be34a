"""No template says anything that could not be translated."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

TEMPLATES = Path(__file__).resolve().parents[2] / "webui" / "templates"
TOKEN = re.compile(
    r"(\{%-?\s*trans\b.*?endtrans\s*-?%\}|<(?:script|style)\b.*?</(?:script|style)>|<(?:code|pre)\b.*?</(?:code|pre)>"
    r"|\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}|<!--.*?-->|<(?:[^<>{]|\{\{.*?\}\}|\{%.*?%\})*>)",
    re.DOTALL,
)
SPOKEN = re.compile(r"""\b(?:aria-label|placeholder|title|alt)="([^"{]*[A-Za-z]{2}[^"{]*)""")
WORD = re.compile(r"(?:(?!&[a-z]+;)[A-Za-z]){2}")
NAMES = {"ad", "rail", "· adrail", "CSV", "NDJSON", "narrow"}
"""Our own name, those of formats, and what a style sheet reads."""
MARKUP = re.compile(r"aria-|-help|-error|<meta")
"""Attributes that macros put together."""


def bare(source: str) -> list[str]:
    """Return texts that stand in a template as they are."""
    parts = TOKEN.split(source)
    texts = [re.sub(r"&[a-z]+;", "", text).strip() for text in parts[::2]]
    spoken = [found for tag in parts[1::2] if tag.startswith("<") for found in SPOKEN.findall(tag)]
    return [text for text in [*texts, *spoken] if WORD.search(text) and text not in NAMES and not MARKUP.match(text)]


@pytest.mark.parametrize(
    "path", sorted(TEMPLATES.rglob("*.html")), ids=lambda path: path.relative_to(TEMPLATES).as_posix()
)
def test_every_word_of_a_template_can_be_translated(path: Path) -> None:
    assert bare(path.read_text()) == []
