"""What the world hears once a delivery is final: plugins through their hook, operators through metrics."""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points

import pytest
from prometheus_client import REGISTRY

from adrail import Accepted, Invalid
from core.delivery import settling
from core.registry import GROUP, Registry
from tests.core.delivery import probe
from tests.core.delivery.world import World


def count(world: World, state: str, reason: str = "") -> float:
    labels = {"platform": world.provider, "state": state, "reason": reason}
    return REGISTRY.get_sample_value("adrail_deliveries_total", labels) or 0.0


def samples(world: World, name: str) -> float:
    return REGISTRY.get_sample_value(f"{name}_count", {"platform": world.provider}) or 0.0


def test_plugins_hear_of_final_states_after_the_commit_and_may_fail_themselves(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    points = [*entry_points(group=GROUP), EntryPoint("probe", "tests.core.delivery.probe", GROUP)]
    installed = Registry(points)
    monkeypatch.setattr(settling, "registry", lambda: installed)
    probe.finished.clear()
    world.fault("http_500", "market")
    world.fault("invalid_event", "org-2", blame=False)
    withdrawn = world.event(visitor_id="v-2", event_entity_id=None, event_name="search_performed")
    world.plan(world.order(), withdrawn)
    world.say("visitor", "v-2", marketing=False)
    world.deliver()
    heard = {(event.state, event.reason, type(outcome)) for event, outcome in probe.finished}
    assert heard == {
        ("accepted", "", Accepted),
        ("dead", "invalid", Invalid),
        ("ignored", "consent_withdrawn", type(None)),
    }
    final = [row.id for row in world.rows() if row.state != "pending"]
    assert sorted(event.delivery_id for event, _ in probe.finished) == sorted(final)
    assert {row.state for row in world.rows("org-2")} == {"dead"}, "a plugin that raises changes nothing"


def test_final_states_calls_and_delay_are_counted(world: World) -> None:
    before = count(world, "accepted"), count(world, "ignored", "too_old"), samples(world, "adrail_delivery_lag_seconds")
    calls = samples(world, "adrail_delivery_attempt_seconds")
    world.plan(world.order())
    world.sql("UPDATE conversion_deliveries SET occurred_at = now() - interval '8 days' WHERE organizer_id IS NULL")
    world.deliver()
    after = count(world, "accepted"), count(world, "ignored", "too_old"), samples(world, "adrail_delivery_lag_seconds")
    assert [later - earlier for earlier, later in zip(before, after, strict=True)] == [2.0, 1.0, 2.0]
    assert samples(world, "adrail_delivery_attempt_seconds") - calls == 2.0
