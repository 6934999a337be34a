"""Every event of the registry: described, exemplified, and checked as the envelope and its schema say."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from core.codes.api import CANONICAL
from tests.tracking.events import event
from tracking.registry import EventSpec, registry
from tracking.registry.check import Verdict, check_event

SPECS = registry().all()
TRUTH = {
    "order_completed",
    "order_cancelled",
    "refund_completed",
    "chargeback_opened",
    "payment_succeeded",
    "payment_failed",
    "points_earned",
    "wallet_pass_added",
    "wallet_pass_updated",
    "promo_code_created",
    "promo_code_used",
    "order_completed_shop",
    "shipment_created",
    "shipment_delivered",
}


def example(spec: EventSpec, **changes: Any) -> dict[str, Any]:
    """The specification's example in an envelope."""
    entities = {name: f"{name}-1" for name in spec.required_entities}
    given = {"source_system": min(spec.sources), "entities": entities or None, "payload": dict(spec.example)}
    return event(spec.name, event_version=spec.version, **{**given, **changes})


def check(body: Any, *, trusted: bool = True) -> Verdict:
    return check_event(registry(), body, trusted=trusted, now=datetime.now(UTC))


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.name)
def test_its_example_is_valid_from_every_source_and_it_is_described(spec: EventSpec) -> None:
    assert spec.description.endswith(".")
    for source in spec.sources:
        verdict = check(example(spec, source_system=source))
        assert (verdict.problems, verdict.spec) == ([], spec)
    assert set(spec.example) <= set(spec.payload_schema.get("properties", {}))


@pytest.mark.parametrize("spec", [spec for spec in SPECS if spec.required_entities], ids=lambda spec: spec.name)
def test_its_entities_are_required(spec: EventSpec) -> None:
    for missing in spec.required_entities:
        entities = {name: "x" for name in spec.required_entities if name != missing}
        found = [(item["pointer"], item["rule"]) for item in check(example(spec, entities=entities)).problems]
        assert (f"/entities/{missing}", "required") in found


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.name)
def test_its_units_stand_in_its_names(spec: EventSpec) -> None:
    for name, schema in numbers(spec.payload_schema):
        assert name.endswith(("_ms", "_pct", "_no", "_count", "_changes", "_minor")) or name in {
            "position",
            "qty",
            "quantity",
            "cls",
            "rating",
        }, f"{spec.name}: {name} is a {schema['type']} without unit"


def numbers(schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Names and schemas of numeric fields."""
    for name, part in schema.get("properties", {}).items():
        if part.get("type") in {"number", "integer"}:
            yield name, part


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.name)
def test_its_money_is_a_decimal_string_with_a_currency_beside_it(spec: EventSpec) -> None:
    properties = spec.payload_schema.get("properties", {})
    money = [name for name, part in properties.items() if str(part.get("$ref", "")).endswith("/money")]
    assert not money or "currency" in properties
    for name in money:
        for wrong in (180, 180.5, "180,00", "-1.00", "1e3", "١٨٠", "1.00001", "180.00\n", ""):
            found = check(example(spec, payload={**spec.example, name: wrong})).problems
            assert [item["pointer"] for item in found] == [f"/payload/{name}"]


def test_facts_about_orders_and_payments_are_trusted_only() -> None:
    assert {spec.name for spec in SPECS if spec.trusted_only} == TRUTH
    for spec in SPECS:
        assert (check(example(spec), trusted=False).code == "untrusted") == spec.trusted_only


def test_visitor_and_session_are_required_from_browsers_and_apps_only() -> None:
    for spec in SPECS:
        for source in spec.sources:
            problems = check(example(spec, source_system=source, visitor_id=None, session_id=None)).problems
            expected = {"/visitor_id", "/session_id"} if source in {"web", "mobile"} else set()
            assert {item["pointer"] for item in problems} == expected


def test_the_canonical_conversions_are_those_that_codes_know() -> None:
    assert {spec.name: spec.canonical for spec in SPECS if spec.canonical} == dict(CANONICAL)


def test_an_unknown_name_or_version_is_told_with_what_is_known() -> None:
    assert check(event("no_such_thing")).code == "unknown_event"
    verdict = check(event("page_view", event_version=2))
    assert verdict.code == "unknown_version"
    assert verdict.problems[0]["message"] == "known versions: 1"


def test_every_problem_is_told_up_to_twenty() -> None:
    verdict = check(event(visitor_id="", session_id="", context={"page": 7}, payload={"page_type": "moon", "cls": -1}))
    assert {item["pointer"] for item in verdict.problems} == {
        "/visitor_id",
        "/session_id",
        "/context/page",
        "/payload/page_type",
        "/payload/cls",
    }
    many = check(event("cart_view", payload={"items": [{}] * 100}))
    assert len(many.problems) == 20


def test_messages_do_not_repeat_what_was_found() -> None:
    verdict = check(event(event_id="ana@example.com", context={"utm": {"source": ["ana@example.com"]}}))
    assert [item["found"] for item in verdict.problems] == ["ana@example.com", '["ana@example.com"]']
    assert all("ana@" not in item["message"] for item in verdict.problems)


def test_a_pointer_escapes_what_pointers_are_made_of() -> None:
    verdict = check(event(context={"utm": {"a/b~c": 7}}))
    assert verdict.problems[0]["pointer"] == "/context/utm/a~1b~0c"
