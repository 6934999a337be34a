"""What a stored event looks like, and what is nowhere to be read."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import orjson
import psycopg
import pytest
import zstandard
from psycopg import errors

from core.db.partitions import make_room_for
from core.db.session import APP, engine
from core.events.stream import shards
from core.security.crypto import keyring
from core.valkey import client
from tests.marketplace import ORIGIN
from tests.pipeline import ingest, relay, run_pipeline
from tests.tracking.events import Page, ago, completed, consent, event
from tests.tracking.ingest.stream import entry, put
from tests.tracking.store import Store
from tracking.ingest.service import ingest as store_entries

CANARIES = ("Ana.Popescu", "712345678", "712 345 678", "Popescu", "198.51.100.7", "203.0.113.77", "canary-agent")


def test_every_field_of_the_envelope_is_where_it_belongs(page: Page, store: Store) -> None:
    before = event()
    context = {
        "page": {"url": f"{ORIGIN}/a?b=c", "title": "Ă «title» 🎟"},
        "referrer": "https://search.example/",
        "utm": {"source": "news"},
        "click_ids": {"fbclid": "x"},
    }
    sent = event(
        "add_to_cart",
        sequence_no=7,
        context=context,
        entities={"cart_id": "c-1", "event_entity_id": "ev-1"},
        payload={
            "items": [{"ticket_type_id": "tt-1", "qty": 2, "price": "90.00"}],
            "cart_value": "180.00",
            "currency": "RON",
            "later_field": [1, None, {"x": True}],
        },
        idempotency_key="k-1",
        prev_event_id=before["event_id"],
        unknown_field="left out",
    )
    page.send(sent)
    ingest()
    (row,) = store.events()
    same = (
        "event_name",
        "event_version",
        "source_system",
        "visitor_id",
        "session_id",
        "context",
        "entities",
        "payload",
    )
    assert {name: row[name] for name in same} == {name: sent[name] for name in same}
    assert (str(row["event_id"]), str(row["prev_event_id"])) == (sent["event_id"], before["event_id"])
    assert (row["sequence_no"], row["idempotency_key"], row["site_id"]) == (7, "k-1", page.marketplace.site_id)
    assert (row["event_entity_id"], row["order_id"], row["trusted"], row["is_bot"]) == ("ev-1", None, False, False)
    assert row["occurred_at"] == row["claimed_at"] == datetime.fromisoformat(sent["occurred_at"])
    assert row["occurred_at"] < row["received_at"] < row["ingested_at"] < datetime.now(UTC)
    assert {name: row["consent"][name] for name in ("analytics", "marketing", "data_processing")} == {
        "analytics": True,
        "marketing": True,
        "data_processing": True,
    }


def test_an_orders_amount_stands_in_columns_of_its_own(page: Page, store: Store) -> None:
    page.report(completed("A-1"))
    ingest()
    (row,) = store.events()
    assert (row["amount"], row["currency"], row["order_id"]) == (Decimal("180.00"), "RON", "A-1")


@pytest.mark.parametrize(
    ("occurred_at", "local_date"),
    [
        ("2026-11-19T21:59:59+00:00", date(2026, 11, 19)),
        ("2026-11-19T22:00:00+00:00", date(2026, 11, 20)),
        ("2026-11-20T00:30:00+02:00", date(2026, 11, 20)),
        ("2026-07-14T20:59:59+00:00", date(2026, 7, 14)),
        ("2026-07-14T21:00:00+00:00", date(2026, 7, 15)),
    ],
)
def test_the_date_is_the_marketplaces_own(page: Page, store: Store, occurred_at: str, local_date: date) -> None:
    make_room_for(datetime.fromisoformat(occurred_at))
    store_entries([entry(page.marketplace, event(occurred_at=occurred_at))])
    (row,) = store.events()
    assert (row["local_date"], row["occurred_at"]) == (local_date, datetime.fromisoformat(occurred_at))


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.77", "203.0.113.0/24"),
        ("2001:db8:aaaa:bbbb::1", "2001:db8:aaaa::/48"),
        ("::ffff:203.0.113.77", "203.0.113.0/24"),
        ("unknown", None),
        (None, None),
    ],
)
def test_addresses_are_cut(page: Page, store: Store, address: str | None, network: str | None) -> None:
    sealed = keyring().seal(orjson.dumps({"ip": address, "ua": "x"}), "client")
    store_entries([entry(page.marketplace, event(), sealed_client=sealed)])
    assert store.events()[0]["client_network"] == network


def test_nothing_personal_is_readable_on_the_way_or_in_the_store(page: Page, store: Store) -> None:
    page.marketplace.add_code("meta", "shop", "100000000000051")
    headers = {"User-Agent": "canary-agent/1.0"}
    sender = page.client.post(
        "/api/tx/events/batch",
        json={"events": [event("event_view", entities={"event_entity_id": "ev-1"})]},
        headers=page.marketplace.collect_headers(**headers),
        environ_base={"REMOTE_ADDR": "203.0.113.77"},
    )
    assert sender.status_code == 202
    page.order("A-1")
    assert_clean([{**row, "sealed_client": None} for row in store.rows("event_outbox")])
    relay()
    on_stream = [fields for stream in shards() for _, fields in entries_of(stream)]
    assert len(on_stream) == 2
    assert_clean([orjson.loads(zstandard.ZstdDecompressor().decompress(fields[b"e"])) for fields in on_stream])
    assert_clean([{name: bytes(value).hex() for name, value in fields.items()} for fields in on_stream])
    assert_clean(on_stream)
    run_pipeline()
    for table in ("tx_events", "tx_sessions", "tx_event_keys", "tx_identity_links", "consent_ledger"):
        assert store.rows(table)
        assert_clean(store.rows(table))
    # What is sealed can be opened with the right key only, and says what was sent.
    opened = keyring().unseal(bytes(store.rows("tx_sessions", "sealed_at")[0]["sealed_client"]), "client")
    assert orjson.loads(opened) == {"ip": "203.0.113.77", "ua": "canary-agent/1.0"}


def entries_of(stream: str) -> list[tuple[bytes, dict[bytes, bytes]]]:
    """Everything on a stream."""
    entries: Any = client().xrange(stream)
    return list(entries)


def assert_clean(rows: Any) -> None:
    """No canary in whatever can be printed."""
    text = repr(rows)
    assert [canary for canary in CANARIES if canary.lower() in text.lower()] == []


def test_the_application_reaches_events_through_their_policy_only(
    page: Page, store: Store, admin_connection: psycopg.Connection[Any]
) -> None:
    page.send(event())
    ingest()
    partitions = [
        row["name"]
        for row in store.sql(
            "SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = 'tx_events'::regclass"
        )
    ]
    assert len(partitions) >= 8
    granted = store.sql(
        "SELECT table_name FROM information_schema.role_table_grants"
        " WHERE grantee IN ('adrail_app', 'PUBLIC') AND table_name = ANY(%(names)s)",
        names=partitions,
    )
    assert granted == []
    with engine(APP).connect() as connection:
        raw: Any = connection.connection.driver_connection
        assert raw.execute("SELECT count(*) FROM tx_events").fetchone() == (0,)
        for name in partitions:
            with pytest.raises(errors.InsufficientPrivilege):
                raw.execute(f"SELECT 1 FROM {name}")
            raw.rollback()


def test_there_are_partitions_for_months_back_and_ahead(store: Store) -> None:
    names = {
        row["name"] for row in store.sql("SELECT relname AS name FROM pg_class WHERE relname ~ '^tx_events_p[0-9]{6}$'")
    }
    first = datetime.now(UTC).date().replace(day=1)
    for months in range(-4, 4):
        number = first.year * 12 + first.month - 1 + months
        assert f"tx_events_p{number // 12:04d}{number % 12 + 1:02d}" in names


def test_old_and_new_events_of_one_batch_find_their_months(page: Page, store: Store) -> None:
    times = [ago(days=29), ago(days=1), ago(minutes=-4)]
    page.send(*(event(occurred_at=time, consent_snapshot=consent(captured_at=ago(days=40))) for time in times))
    ingest()
    assert [row["occurred_at"] for row in store.events()] == [datetime.fromisoformat(time) for time in times]


def test_an_event_that_waited_for_years_finds_room_and_one_of_a_far_future_does_not(page: Page, store: Store) -> None:
    old = event(occurred_at="2019-03-31T23:59:59.999999+00:00", consent_snapshot=consent(captured_at=ago(days=40)))
    put(page.marketplace, event(), old, event(occurred_at="2200-01-01T00:00:00+00:00"))
    ingest()
    assert min(row["occurred_at"].year for row in store.events()) == 2019
    assert (len(store.events()), len(store.rows("tx_rejected_events"))) == (2, 1)
