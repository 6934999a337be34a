"""Canonical JSON: whatever an entry tells keeps its hash through the database."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.accounts.api import Actor, record_audit, verify_audit
from core.accounts.canonical import canonical, storable
from core.db.session import tenant_session
from tests.marketplace import Marketplace

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(detail=st.dictionaries(st.text(max_size=8), VALUES, max_size=4))
def test_any_detail_survives_the_database(marketplace: Marketplace, detail: dict[str, Any]) -> None:
    with tenant_session(marketplace.tenant_id) as session:
        record_audit(session, Actor.system(marketplace.tenant_id, "test"), "thing.changed", "thing:1", detail)
    assert verify_audit(marketplace.tenant_id) is None


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        (1.0, 1),
        (-0.0, 0),
        (1.5, 1.5),
        (2**63, "9223372036854775808"),
        (-(2**63), "-9223372036854775808"),
        (1e300, "1e+300"),
        (float("nan"), "nan"),
        (float("inf"), "inf"),
        ("a\0b", "a\ufffdb"),
        ("\ud800", "?"),
        (True, True),
        ((1, 2), [1, 2]),
        ({"b", "a"}, ["a", "b"]),
        (Decimal("1.50"), "1.50"),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (datetime(2026, 11, 20, 18, tzinfo=UTC), "2026-11-20T18:00:00+00:00"),
    ],
    ids=range(16),
)
def test_what_json_in_the_database_would_change_is_changed_before(value: Any, kept: Any) -> None:
    assert storable(value) == kept
    assert type(storable(value)) is type(kept)


@pytest.mark.parametrize("value", [b"bytes", object(), {"x": {b"y"}}])
def test_what_has_no_json_is_refused(value: Any) -> None:
    with pytest.raises(TypeError, match="no canonical JSON"):
        storable(value)


def test_the_text_is_sorted_and_has_no_blanks() -> None:
    text = canonical({"ș": 1, "a": [True, None, "x/y"], "Z": {"b": 1.5}}).decode()
    assert text == '{"Z":{"b":1.5},"a":[true,null,"x/y"],"ș":1}'
