"""A broken registry file is refused with its name, the event's and what to do."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tracking.registry import RegistryError, load
from tracking.registry.loader import FOLDER

FAMILY = """
family: test
sources: [web]
scope: analytics
retention: raw_24_months
events:
  tried_out:
    description: Something was tried.
    payload:
      properties:
        amount: {type: string}
        currency: {type: string}
    amount: amount
    example: {amount: '1.00', currency: EUR}
"""


def folder_with(tmp_path: Path, text: str) -> Path:
    """A registry of one family."""
    (tmp_path / "v1").mkdir()
    shutil.copy(FOLDER / "envelope.yaml", tmp_path)
    (tmp_path / "v1" / "test.yaml").write_text(text, "utf-8")
    return tmp_path


def test_a_family_of_ones_own_is_read(tmp_path: Path) -> None:
    (spec,) = load(folder_with(tmp_path, FAMILY)).all()
    assert (spec.name, spec.version, spec.family, spec.scope) == ("tried_out", 1, "test", "analytics")
    assert (spec.amount_field, spec.trusted_only, spec.sources) == ("amount", False, frozenset({"web"}))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("scope: analytics", "scope: everything", "test.yaml: event 'tried_out': scope 'everything' is not one of"),
        ("description: Something was tried.", "note: x", "test.yaml: event 'tried_out': lacks description"),
        ("    amount: amount\n", "    amount: price\n", "event 'tried_out': 'price' is no property of its payload"),
        ("        currency: {type: string}\n", "", "event 'tried_out': an amount needs 'currency' beside it"),
        ("    amount: amount\n", "    pii: [query]\n", "event 'tried_out': 'query' is no property of its payload"),
        ("    amount: amount\n", "    amuont: amount\n", "event 'tried_out': unknown key amuont; known: description"),
        (
            "{type: string}",
            "{$ref: '#/$defs/coin'}",
            "test.yaml: event 'tried_out': Pointer '/$defs/coin' does not exist",
        ),
        ("{type: string}", "{type: text}", "test.yaml: event 'tried_out': "),
        ("  tried_out:\n", "  tried_out: {}\n  tried_out:\n", "test.yaml: 'tried_out' stands twice"),
        ("family: test\n", "", "test.yaml: lacks family"),
        ("family: test\n", "family: test\nfamiliy: x\n", "test.yaml: unknown key familiy"),
        (FAMILY, "[]", "test.yaml: must be a mapping"),
        (FAMILY, "a: [", "test.yaml: while parsing"),
        (FAMILY, FAMILY.replace("tried_out:", "tried_out: 7\n  x:", 1), "event 'tried_out': must be a mapping"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in FAMILY
    with pytest.raises(RegistryError) as caught:
        load(folder_with(tmp_path, FAMILY.replace(old, new)))
    assert message in str(caught.value)


def test_an_event_in_two_families_is_refused(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, FAMILY)
    (folder / "v1" / "other.yaml").write_text(FAMILY.replace("family: test", "family: other"), "utf-8")
    with pytest.raises(RegistryError, match="event 'tried_out' version 1 is defined twice"):
        load(folder)


def test_a_missing_envelope_is_named(tmp_path: Path) -> None:
    with pytest.raises(RegistryError, match=r"envelope\.yaml"):
        load(tmp_path)
