"""Consent is asked for again when a byte is about to leave, and the answer is kept."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from core.delivery import reasons
from core.delivery.api import delivery_detail
from tests.core.delivery.world import World


def ledger_id(world: World, subject: str) -> int:
    found = world.sql("SELECT max(id) AS id FROM consent_ledger WHERE subject_id = :subject", subject=subject)
    return int(found[0].id)


def link_visitor(world: World, person_id: int, **changes: Any) -> None:
    world.sql(
        "INSERT INTO tx_identity_links (tenant_id, visitor_id, person_id, source, linked_at)"
        " VALUES (:tenant, 'v-1', :person, 'login', now())",
        tenant=world.tenant_id,
        person=person_id,
    )


def assert_withdrawn(world: World, subject: str) -> None:
    world.deliver()
    for row in world.rows():
        assert (row.state, row.reason, row.sealed_client) == ("ignored", reasons.CONSENT_WITHDRAWN, None)
        assert row.consent_receipt["granted"] is False
        assert row.consent_receipt["purpose"] == "marketing"
        assert row.consent_receipt["ledger_id"] == ledger_id(world, subject)
        assert datetime.fromisoformat(row.consent_receipt["checked_at"]) <= datetime.now(UTC)
        assert world.attempts(row.id) == []
    assert [world.received(name) for name in world.pixels] == [[], [], []]


def test_a_visitor_who_withdraws_between_event_and_sending_is_not_sent(world: World) -> None:
    world.plan(world.order())
    world.say("visitor", "v-1", marketing=False)
    assert_withdrawn(world, "v-1")


def test_a_buyer_who_withdraws_between_event_and_sending_is_not_sent(world: World) -> None:
    world.plan(world.order(person_id=world.person()))
    world.say("person", "c-7", marketing=False)
    assert_withdrawn(world, "c-7")


def test_a_withdrawal_of_a_person_linked_to_the_visitor_later_counts_too(world: World) -> None:
    world.plan(world.order())
    link_visitor(world, world.person("c-9"))
    world.say("person", "c-9", marketing=False)
    assert_withdrawn(world, "c-9")


def test_a_withdrawal_during_the_retries_cancels_what_is_left(world: World) -> None:
    world.fault("http_500", "org-1")
    world.plan(world.event())
    world.deliver()
    world.say("visitor", "v-1", marketing=False)
    world.make_due()
    world.deliver()
    row = world.rows("org-1")[0]
    assert (row.state, row.reason) == ("ignored", reasons.CONSENT_WITHDRAWN)
    assert [attempt.outcome for attempt in world.attempts(row.id)] == ["retry"]


@pytest.mark.parametrize("captured", [timedelta(minutes=-1), timedelta(days=1)], ids=["right clock", "clock ahead"])
def test_a_no_counts_when_it_came_after_the_snapshot_whatever_the_visitors_clock_says(
    world: World, captured: timedelta
) -> None:
    now = datetime.now(UTC)
    world.plan(world.event(consent={"marketing": True, "captured_at": (now + captured).isoformat()}))
    world.say("visitor", "v-1", marketing=False, at=now + timedelta(seconds=1))
    assert_withdrawn(world, "v-1")


@pytest.mark.parametrize("subject", [("visitor", "v-1"), ("person", "c-7")], ids=["visitor", "buyer"])
def test_who_no_longer_wants_to_be_known_is_sent_without_a_name(world: World, subject: tuple[str, str]) -> None:
    world.plan(world.event(person_id=world.person()))
    world.say(*subject, data_processing=False)
    world.deliver()
    (sent,) = world.received("org-1")
    assert sent["user_data"]["external_id"] == [hashlib.sha256(b"v-1").hexdigest()]
    assert not {"em", "ph", "fn", "ln", "ct", "country"} & set(sent["user_data"])
    assert {row.state for row in world.rows()} == {"accepted"}


def test_a_no_before_the_snapshot_is_history(world: World) -> None:
    world.say("visitor", "v-1", marketing=False, at=datetime.now(UTC) - timedelta(hours=1))
    world.plan(world.event())
    world.deliver()
    assert {row.state for row in world.rows()} == {"accepted"}


def test_a_no_of_somebody_else_or_to_something_else_does_not_matter(world: World) -> None:
    world.plan(world.event(person_id=world.person()))
    world.say("visitor", "v-2", marketing=False)
    world.say("person", "c-8", marketing=False)
    world.deliver()
    assert {row.state for row in world.rows()} == {"accepted"}


def test_what_leaves_carries_a_receipt_of_the_consent_behind_it(world: World) -> None:
    granted_at = datetime.now(UTC) - timedelta(hours=3)
    world.say("visitor", "v-1", marketing=True, at=granted_at)
    stored = world.event()
    world.plan(stored)
    before = datetime.now(UTC) - timedelta(seconds=5)
    world.deliver()
    detail = delivery_detail(world.marketplace.staff, world.rows("org-1")[0].id)
    receipt = detail.consent_receipt
    assert receipt is not None
    assert (receipt["granted"], receipt["purpose"]) == (True, "marketing")
    assert receipt["ledger_id"] == ledger_id(world, "v-1")
    assert receipt["captured_at"] == stored.consent["captured_at"]
    assert before < datetime.fromisoformat(receipt["checked_at"]) < datetime.now(UTC) + timedelta(seconds=5)
    assert detail.consent == stored.consent
