"""Whoever sends what was released is still understood."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from tests.tracking.registry.released import breaks, described, released
from tracking.registry.loader import load

NOW = {f"{spec.name} {spec.version}": described(spec) for spec in load().all()}
RELEASED = released()
SCOPES = ("necessary", "analytics", "marketing")


@pytest.mark.parametrize("name", sorted(RELEASED))
def test_a_released_event_only_got_optional_fields(name: str) -> None:
    assert name in NOW, "a released event stays; senders still use it"
    before, after = RELEASED[name], NOW[name]
    assert list(breaks(before["payload"], after["payload"])) == []
    assert set(before["sources"]) <= set(after["sources"])
    assert set(after["entities"]) <= set(before["entities"])
    assert not after["trusted_only"] or before["trusted_only"]
    assert SCOPES.index(after["scope"]) <= SCOPES.index(before["scope"])


PAYLOAD: dict[str, Any] = {
    "type": "object",
    "required": ["items"],
    "properties": {"items": {"type": "array", "items": {"type": "object", "properties": {"qty": {"type": "integer"}}}}},
}


def changed(**changes: Any) -> dict[str, Any]:
    """The payload with one change at a path written with dots."""
    made = copy.deepcopy(PAYLOAD)
    for path, value in changes.items():
        *way, last = path.split("__")
        place = made
        for part in way:
            place = place[part]
        place[last] = value
    return made


def test_the_comparison_lets_optional_fields_pass_and_nothing_else() -> None:
    assert list(breaks(PAYLOAD, changed(properties__note={"type": "string"}))) == []
    assert list(breaks(PAYLOAD, changed(required=[]))) == []
    for wrong in (
        changed(required=["items", "note"]),
        changed(properties={}),
        changed(properties__items__type="object"),
        changed(properties__items__maxItems=5),
        changed(properties__items__items__properties__qty__minimum=1),
        changed(properties__items__items__required=["qty"]),
    ):
        assert len(list(breaks(PAYLOAD, wrong))) == 1
