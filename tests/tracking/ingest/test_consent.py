"""Consent on its way through: snapshots become statements, later ones win, signals count, withdrawals stop sending."""

from __future__ import annotations

import secrets
from typing import Any

import psycopg
import pytest

from adrail.sandbox import SandboxServer
from core.accounts.api import forget_sites
from tests.pipeline import ingest, relay, run_pipeline, work
from tests.platform_records import conversions
from tests.tracking.events import ALL, NONE, Page, ago, consent, event, summary
from tests.tracking.store import Store


@pytest.fixture
def pixel() -> str:
    """A public id that no other test uses."""
    return f"{secrets.randbelow(10**15):015d}"


@pytest.fixture
def shop(page: Page, sandbox: SandboxServer, pixel: str) -> Page:
    """A page of a marketplace with one server-side code."""
    page.marketplace.add_code("meta", "shop", pixel)
    return page


def view(**changes: Any) -> dict[str, Any]:
    """A visitor looks at a live event."""
    given = {"visitor_id": "v-1", "session_id": "s-1", "entities": {"event_entity_id": "ev-1"}}
    return event("event_view", **{**given, **changes})


def say(page: Page, subject: str = "v-1", *, at: str | None = None, key: str = "visitor_id", **said: bool) -> None:
    """State consent through the API: everything is granted but what is told."""
    body = {key: subject, "consent": {**ALL, **said, "captured_at": at or ago(seconds=0)}}
    headers = page.marketplace.bearer() if key == "person_id" else page.marketplace.collect_headers()
    answer = page.client.put("/api/tx/consent", json=body, headers=headers)
    assert answer.status_code == 200, answer.text


def deliveries(store: Store) -> list[tuple[str, str | None]]:
    """(state, reason) of every delivery."""
    return [(row["state"], row["reason"]) for row in store.rows("conversion_deliveries", "id")]


def test_each_change_of_a_snapshot_is_one_row(page: Page, store: Store) -> None:
    yes, no, again = (
        consent(captured_at=ago(minutes=9)),
        consent(marketing=False, captured_at=ago(minutes=5)),
        consent(),
    )
    for snapshot in (yes, yes, no, no, no, again):
        page.send(*(view(consent_snapshot=snapshot) for _ in range(3)))
        ingest()
    assert store.ledger("v-1") == [True, False, True]
    assert store.ledger("v-1", "analytics") == [True]
    assert {row["source"] for row in store.rows("consent_ledger")} == {"event"}


def test_changes_within_one_batch_are_all_kept(page: Page, store: Store) -> None:
    said = [consent(marketing=word, captured_at=ago(minutes=9 - n)) for n, word in enumerate([True, False, True, True])]
    page.send(*(view(consent_snapshot=snapshot) for snapshot in reversed(said)))
    ingest()
    assert store.ledger("v-1") == [True, False, True]


def test_an_event_long_on_its_way_does_not_hide_what_was_said_since(page: Page, store: Store) -> None:
    first, second, third = (
        consent(marketing=word, captured_at=ago(minutes=9 - n)) for n, word in enumerate([False, True, False])
    )
    for snapshot, minutes in ((first, 9), (third, 1), (second, 5)):
        page.send(view(consent_snapshot=snapshot, occurred_at=ago(minutes=minutes)))
        ingest()
    assert store.ledger("v-1") == [False, True, False]


def test_an_absent_snapshot_says_nothing(page: Page, store: Store) -> None:
    page.send(event("person_logged_out", visitor_id="v-1", consent_snapshot=None))
    page.send(event("person_logged_out", visitor_id="v-1", consent_snapshot=dict(NONE)))
    ingest()
    assert store.rows("consent_ledger") == []
    page.send(event("consent_updated", visitor_id="v-1", consent_snapshot=dict(NONE)))
    ingest()
    assert store.ledger("v-1") == [False]


def test_a_snapshot_without_time_counts_from_its_event(page: Page, store: Store) -> None:
    page.send(view(consent_snapshot=dict(ALL), occurred_at=ago(minutes=7)))
    ingest()
    (stored,) = store.events()
    assert {row["occurred_at"] for row in store.rows("consent_ledger")} == {stored["occurred_at"]}


@pytest.mark.parametrize(
    ("visitor_said", "order_said", "expected"),
    [
        ((False, 5), (True, 9), False),
        ((False, 9), (True, 5), True),
        ((True, 5), (False, 9), True),
        ((True, 9), (False, 5), False),
    ],
    ids=["withdrawn later", "granted with the order", "granted later", "refused with the order"],
)
def test_of_visitor_and_order_the_later_word_wins_and_both_are_kept(
    shop: Page, store: Store, visitor_said: tuple[bool, int], order_said: tuple[bool, int], expected: bool
) -> None:
    say(shop, at=ago(minutes=visitor_said[1]), marketing=visitor_said[0])
    own = {"marketing": order_said[0], "data_processing": True, "captured_at": ago(minutes=order_said[1])}
    shop.order(consent=own)
    run_pipeline()
    (stored,) = store.events()
    assert stored["consent"]["marketing"] is expected
    assert stored["payload"]["consent_marketing"] is expected
    assert deliveries(store) == [("accepted", None) if expected else ("ignored", "no_consent")]
    assert store.ledger("v-1")[-1] is expected
    assert visitor_said[0] in store.ledger("v-1")
    (order,) = store.rows("orders")
    assert order["consent"]["marketing"] is order_said[0]


def test_an_orders_word_is_the_persons_too_whatever_is_agreed_to(page: Page, store: Store) -> None:
    page.order("A-1", consent={"marketing": True, "data_processing": True, "captured_at": ago(minutes=9)})
    page.order("A-2", consent={"marketing": False, "data_processing": False, "captured_at": ago(minutes=1)})
    relay()
    ingest()
    assert store.ledger("c-7") == [True, False]
    assert store.ledger("c-7", "data_processing") == [True, False]
    assert {row["source"] for row in store.rows("consent_ledger")} == {"order"}


def test_global_privacy_control_takes_marketing_away(shop: Page, store: Store) -> None:
    assert summary(shop.send(view(), **{"Sec-GPC": "1"})) == (1, 0, 0, 0)
    run_pipeline()
    (stored,) = store.events()
    assert (stored["consent"]["marketing"], stored["consent"]["analytics"]) == (False, True)
    assert deliveries(store) == [("ignored", "no_consent")]
    assert store.ledger("v-1") == [False]


def test_an_explicit_grant_outweighs_global_privacy_control_until_it_is_withdrawn(shop: Page, store: Store) -> None:
    say(shop)
    shop.send(view(), **{"Sec-GPC": "1"})
    run_pipeline()
    assert deliveries(store) == [("accepted", None)]
    say(shop, marketing=False)
    shop.send(view(consent_snapshot=consent(captured_at=ago(seconds=0))), **{"Sec-GPC": "1"})
    run_pipeline()
    assert deliveries(store)[1] == ("ignored", "no_consent")


@pytest.mark.parametrize(
    ("policy", "counts", "marketing"),
    [("off", (1, 0, 0, 0), True), ("no_marketing", (1, 0, 0, 0), False), ("no_tracking", (0, 0, 1, 0), None)],
)
def test_do_not_track_means_what_the_site_says(
    page: Page,
    store: Store,
    admin_connection: psycopg.Connection[Any],
    policy: str,
    counts: tuple[int, int, int, int],
    marketing: bool | None,
) -> None:
    store.sql("UPDATE sites SET dnt_policy = %(policy)s WHERE tenant_id = %(tenant)s", policy=policy)
    forget_sites()
    assert summary(page.send(view(), DNT="1")) == counts
    # What a site must know in any case is taken whatever the browser asks for.
    assert summary(page.send(event("consent_updated", visitor_id="v-2"), DNT="1")) == (1, 0, 0, 0)
    ingest()
    stored = {row["event_name"]: row["consent"]["marketing"] for row in store.events()}
    assert stored.get("event_view") is marketing


@pytest.mark.parametrize("who", ["visitor", "person"])
def test_withdrawn_between_event_and_sending_nothing_leaves(
    shop: Page, store: Store, sandbox: SandboxServer, pixel: str, who: str
) -> None:
    shop.order("A-1")
    shop.send(view())
    relay()
    ingest()
    assert deliveries(store) == [("pending", None)] * 2
    if who == "visitor":
        say(shop, marketing=False)
    else:
        say(shop, "c-7", key="person_id", marketing=False)
    work()
    assert deliveries(store) == [("ignored", "consent_withdrawn")] * 2
    assert [item for item in conversions(sandbox.url) if item["pixel"] == pixel] == []
    assert all(row["sealed_client"] is None for row in store.rows("conversion_deliveries"))
