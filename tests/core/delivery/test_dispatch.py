"""From a due row to the platform and back, with real servers, the real plugin and the sandbox."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from importlib.metadata import EntryPoint, entry_points

import pytest

from core.codes.api import forget_codes
from core.connections.api import link, replace_secrets
from core.db.session import tenant_session
from core.delivery import dispatch, preparing, reasons
from core.delivery.api import delivery_detail
from core.delivery.preparing import Batch, prepare
from core.registry import GROUP, Registry, transport
from tests.core.delivery.world import IP, UA, World
from tests.platform_records import received

NEVER = float("inf")


def sha256(text: str) -> list[str]:
    return [hashlib.sha256(text.encode()).hexdigest()]


def test_every_account_receives_its_share_of_an_order_once(world: World) -> None:
    world.plan(world.order(person_id=world.person()))
    world.deliver()
    world.deliver()
    sent = {name: world.received(name) for name in world.pixels}
    assert {name: len(items) for name, items in sent.items()} == {"market": 1, "org-1": 1, "org-2": 1}
    assert {name: Decimal(str(items[0]["custom_data"]["value"])) for name, items in sent.items()} == {
        "market": Decimal(270),
        "org-1": Decimal(180),
        "org-2": Decimal(90),
    }
    by_pixel = {row.public_id: row for row in world.rows()}
    for name, (item,) in sent.items():
        row = by_pixel[world.pixels[name]]
        assert item["event_id"] == row.platform_event_id
        assert item["custom_data"]["currency"] == "RON"
        assert item["custom_data"]["order_id"] == "A-1"
        assert (row.state, row.reason, row.attempts, row.sealed_client) == ("accepted", None, 1, None)
        assert row.platform_ref


def test_people_are_sent_hashed_and_their_device_as_it_is(world: World) -> None:
    world.plan(world.order(person_id=world.person()))
    world.deliver()
    user = world.received("market")[0]["user_data"]
    assert user["em"] == sha256("ana.canary@example.com")
    assert user["ph"] == sha256("40712345678")
    assert user["fn"] == sha256("anastasia")
    assert user["external_id"] == sha256("c-7")
    assert (user["client_ip_address"], user["client_user_agent"]) == (IP, UA)


def test_an_unknown_visitor_is_sent_by_browser_id_only(world: World) -> None:
    world.plan(world.event())
    world.deliver()
    user = world.received("org-1")[0]["user_data"]
    assert user["external_id"] == sha256("v-1")
    assert not {"em", "ph", "fn", "ln"} & set(user)


def test_nothing_of_what_is_kept_can_be_read_back(world: World) -> None:
    token = "CanaryToken0123456789abcdefghij"
    connection = world.connection("org-1")
    with tenant_session(world.tenant_id) as session:
        link(
            session,
            world.marketplace.staff,
            organizer_id=connection.organizer_id,
            provider=connection.provider,
            account_id=connection.account_id,
            secrets={"access_token": token},
            settings=connection.settings,
        )
    world.plan(world.order(person_id=world.person()))
    world.deliver()
    kept = " ".join(
        str(row)
        for table in ("conversion_deliveries", "delivery_attempts")
        for row in world.sql(f"SELECT to_jsonb({table}) - 'visitor_id' FROM {table}")
    ).lower()
    digest = hashlib.sha256(b"ana.canary@example.com").hexdigest()
    for canary in ("ana.canary", "712345678", "anastasia", "canarescu", "cluj-napoca", IP, UA, token, digest):
        assert canary.lower() not in kept
    detail = delivery_detail(world.marketplace.staff, world.rows("org-1")[0].id)
    assert detail.sent is not None
    assert detail.sent["user_data"]["em"] == [f"sha256 …{digest[-4:]}"]
    assert detail.sent["user_data"]["client_ip_address"] == "sent"


@pytest.mark.parametrize("fault", ["http_500", "html_502", "transient", "reset"])
def test_a_platform_in_trouble_is_tried_again_and_gets_each_event_once(world: World, fault: str) -> None:
    world.fault(fault, "org-1", count=2)
    stored = world.event()
    world.plan(stored)
    for failures in (1, 2):
        world.make_due()
        world.deliver()
        row = world.rows("org-1")[0]
        assert (row.state, row.reason, row.attempts, row.lease_until) == (
            "pending",
            reasons.RETRYING,
            failures,
            None,
        )
        assert row.sealed_client is not None
    world.make_due()
    world.deliver()
    row = world.rows("org-1")[0]
    assert (row.state, row.reason, row.detail, row.platform_code) == ("accepted", None, None, None)
    assert {item["event_id"] for item in world.received("org-1")} == {str(stored.event_id)}
    assert [attempt.outcome for attempt in world.attempts(row.id)] == ["retry", "retry", "accepted"]


def test_after_an_ambiguous_time_out_the_same_event_id_is_sent_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.fault("timeout_after", "org-1", seconds=2)
    world.plan(world.event())
    with monkeypatch.context() as patch:
        patch.setattr(dispatch, "transport", lambda platform: replace(transport(platform), read_timeout=0.3))
        world.deliver([world.connection("org-1").id])
    assert world.rows("org-1")[0].reason == reasons.RETRYING
    world.make_due()
    world.deliver([world.connection("org-1").id])
    row = world.rows("org-1")[0]
    assert row.state == "accepted"
    first, second = world.received("org-1")
    assert first["event_id"] == second["event_id"] == row.platform_event_id


def test_what_fails_for_three_days_on_end_dies_and_keeps_what_a_replay_needs(world: World) -> None:
    world.fault("http_500", "org-1", count=2)
    world.plan(world.event())
    world.deliver()
    world.sql("UPDATE delivery_attempts SET at = at - interval '3 days'")
    world.make_due()
    world.deliver()
    row = world.rows("org-1")[0]
    assert (row.state, row.reason, row.next_attempt_at) == ("dead", reasons.GAVE_UP, None)
    assert row.sealed_client is not None
    assert world.rows("market")[0].state == "accepted"


def test_one_bad_event_of_ten_dies_alone(world: World) -> None:
    world.fault("invalid_event", "org-1", count=1, index=3)
    events = [world.event() for _ in range(10)]
    world.plan(*events)
    world.deliver(world.connections())
    world.make_due()
    world.deliver()
    rows = world.rows("org-1")
    assert [row.state for row in rows].count("accepted") == 9
    (dead,) = [row for row in rows if row.state == "dead"]
    assert dead.reason == reasons.INVALID
    assert dead.detail
    received = [item["event_id"] for item in world.received("org-1")]
    assert sorted(received) == sorted(row.platform_event_id for row in rows if row.state == "accepted")


def test_a_refusal_that_blames_nobody_is_narrowed_down_to_the_bad_one(world: World) -> None:
    # Eight, four, two, one: whatever request the first event is part of is refused as a whole.
    world.fault("invalid_event", "org-1", count=4, blame=False)
    world.plan(*[world.event() for _ in range(8)])
    world.deliver()
    assert [row.state for row in world.rows("org-1")] == ["dead"] + ["accepted"] * 7
    assert len(world.received("org-1")) == 7


def test_a_platform_that_cannot_be_reached_gets_one_call_a_turn(world: World) -> None:
    """Time-outs add up: the worker has other connections to serve before it tries the next batch."""
    world.plan(world.event())
    columns = "tenant_id, event_name, occurred_at, received_at, canonical, provider, public_id, code_id, connection_id"
    columns += ", organizer_id, purpose, trusted, consent, conversion, sealed_client, state, next_attempt_at"
    connection = world.connection("org-1").id
    world.sql(
        f"INSERT INTO conversion_deliveries (event_id, platform_event_id, {columns})"
        f" SELECT gen_random_uuid(), gen_random_uuid(), {columns} FROM conversion_deliveries, generate_series(1, 1200)"
        " WHERE connection_id = :id",
        id=connection,
    )
    world.fault("http_500", "org-1", count=1)
    assert dispatch.run(world.tenant_id, connection) == timedelta(0), "the rest is due, in another turn"
    assert sorted({row.attempts for row in world.rows("org-1")}) == [0, 1]
    assert {row.state for row in world.rows("org-1")} == {"pending"}


def test_a_dead_token_pauses_the_connection_and_loses_nothing(world: World) -> None:
    world.fault("expired_token", "org-1", count=1)
    world.plan(world.order())
    world.deliver()
    connection = world.connection("org-1")
    assert (connection.state, connection.state_code) == ("needs_reconnect", "190/463")
    held = world.rows("org-1")[0]
    assert (held.state, held.reason, held.lease_until) == ("pending", reasons.NEEDS_RECONNECT, None)

    world.plan(world.event())
    world.deliver()
    assert world.received("org-1") == []
    assert [row.attempts for row in world.rows("org-1")] == [1, 0]
    assert {row.state for row in world.rows("org-2")} == {"accepted"}

    # Four days pass until somebody pastes a new token; waiting for a person is no failing.
    world.sql("UPDATE delivery_attempts SET at = at - interval '4 days'")
    with tenant_session(world.tenant_id) as session:
        link(
            session,
            world.marketplace.staff,
            organizer_id=connection.organizer_id,
            provider=connection.provider,
            account_id=connection.account_id,
            secrets={"access_token": "FreshToken0123456789abcdef"},
            settings=connection.settings,
        )
    world.deliver()
    assert {row.state for row in world.rows("org-1")} == {"accepted"}
    assert len(world.received("org-1")) == 2


def test_a_refusal_of_the_old_token_does_not_stop_the_new_one(world: World) -> None:
    world.plan(world.event())
    connection = world.connection("org-1").id
    slow = prepare(world.tenant_id, connection)
    assert isinstance(slow, Batch)
    replace_secrets(world.marketplace.staff, connection, {"access_token": "FreshToken0123456789abcdef"})
    world.fault("expired_token", "org-1")
    dispatch._send(world.tenant_id, slow, dispatch.Lease(world.tenant_id, slow, dispatch.nothing_to_do, NEVER))
    assert world.connection("org-1").state == "active"
    world.deliver([connection])
    assert [row.state for row in world.rows("org-1")] == ["accepted"]


def test_a_platform_that_asks_for_a_pause_is_left_alone_until_it_is_over(world: World) -> None:
    world.fault("throttle", "org-1", count=1, minutes=7)
    world.plan(*[world.event() for _ in range(3)])
    before = datetime.now(UTC)
    wait = dispatch.run(world.tenant_id, world.connection("org-1").id)
    resume_at = world.connection("org-1").resume_at
    assert before + timedelta(minutes=7) <= resume_at <= datetime.now(UTC) + timedelta(minutes=7)
    assert wait is not None
    assert timedelta(minutes=6) < wait <= timedelta(minutes=7)
    world.make_due()
    world.deliver()
    assert world.received("org-1") == []
    assert {row.reason for row in world.rows("org-1")} == {reasons.THROTTLED}

    world.sql("UPDATE connections SET resume_at = now() - interval '1 second'")
    world.deliver()
    assert {row.state for row in world.rows("org-1")} == {"accepted"}


def test_a_pause_counts_from_when_it_was_asked_for(world: World) -> None:
    world.fault("throttle", "org-1", count=1, minutes=1)
    world.plan(world.event())
    batch = prepare(world.tenant_id, world.connection("org-1").id)
    assert isinstance(batch, Batch)
    claimed_long_ago = replace(batch, now=batch.now - timedelta(seconds=50))
    before = datetime.now(UTC)
    lease = dispatch.Lease(world.tenant_id, batch, dispatch.nothing_to_do, NEVER)
    dispatch._send(world.tenant_id, claimed_long_ago, lease)
    assert world.connection("org-1").resume_at >= before + timedelta(minutes=1)


def test_many_bad_events_do_not_hold_up_the_good_ones(world: World) -> None:
    """Each refusal blames the first of those left; the others must not wait, back off and give up for it."""
    world.fault("invalid_event", "org-1", count=5, index=0)
    world.plan(*[world.event() for _ in range(20)])
    world.deliver([world.connection("org-1").id])
    assert [row.state for row in world.rows("org-1")] == ["dead"] * 5 + ["accepted"] * 15
    assert {row.attempts for row in world.rows("org-1")} == {1}


def test_what_is_too_old_is_ignored_and_does_not_sink_its_batch(world: World) -> None:
    old = world.event(occurred_at=datetime.now(UTC) - timedelta(days=7, minutes=1))
    young = [world.event(occurred_at=datetime.now(UTC) - timedelta(days=6)) for _ in range(3)]
    world.plan(young[0], old, *young[1:])
    world.deliver()
    states = {row.event_id: (row.state, row.reason) for row in world.rows("org-1")}
    assert states.pop(old.event_id) == ("ignored", reasons.TOO_OLD)
    assert set(states.values()) == {("accepted", None)}
    assert len(world.received("org-1")) == 3


def test_events_of_a_code_under_test_travel_in_requests_of_their_own(bare_world: World) -> None:
    bare_world.add_code("market")
    bare_world.plan(bare_world.event())
    bare_world.sql(
        'UPDATE event_tracking_codes SET settings = settings || \'{"test_event_code": "TEST77"}\'',
    )
    forget_codes()
    bare_world.plan(bare_world.event())
    bare_world.deliver()
    bodies = [
        item["body"]
        for item in received(bare_world.sandbox.url, bare_world.provider)
        if bare_world.pixels["market"] in item["path"]
    ]
    assert [(body.get("test_event_code"), len(body["data"])) for body in bodies] == [(None, 1), ("TEST77", 1)]


def test_an_unopenable_address_costs_that_event_its_address_only(world: World) -> None:
    damaged = world.event("order_completed", order_id="A-9", sealed_client=b"\x04test damaged", payload={})
    world.plan(world.event(), damaged)
    world.deliver()
    states = {row.event_id: row.state for row in world.rows("market")}
    assert states[damaged.event_id] == "dead"
    assert sorted(states.values()) == ["accepted", "dead"]


@pytest.mark.parametrize(
    "trouble",
    [
        "UPDATE connections SET provider = 'gone' WHERE id = :id",
        "UPDATE connections SET provider = 'careless' WHERE id = :id",
        "UPDATE connections SET secret_ciphertext = 'damaged' WHERE id = :id",
    ],
    ids=["its plugin is gone", "its plugin lost the ability", "its secret does not open"],
)
def test_a_connection_that_cannot_be_used_here_keeps_its_rows(
    world: World, monkeypatch: pytest.MonkeyPatch, trouble: str
) -> None:
    careless = EntryPoint("careless", "tests.core.connections.careless", GROUP)
    plugins = Registry([careless, *entry_points(group=GROUP)])
    monkeypatch.setattr(preparing, "registry", lambda: plugins)
    world.plan(world.event())
    connection = world.connection("org-1").id
    world.sql(trouble, id=connection)
    assert dispatch.run(world.tenant_id, connection) == timedelta(minutes=5)
    row = world.rows("org-1")[0]
    assert (row.state, row.attempts) == ("pending", 0)
