"""Master keys are replaced while orders, events and deliveries flow; afterwards the old key is not missed."""

from __future__ import annotations

import base64
import secrets
import threading
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from flask import Flask

from adrail.sandbox import SandboxServer
from core.connections.api import list_connections, pause, resume
from core.delivery.api import delivery_log
from core.payments.api import set_secret
from core.security.crypto import DecryptionError, new_master_key
from core.valkey import client as valkey
from core.valkey import stream_name
from server.operations import rotation
from tests.marketplace import Marketplace, make_marketplace
from tests.pipeline import relay, run_pipeline
from tests.platform_records import conversions, reset
from tests.process_state import use_environment
from tests.server.operations.running import adrail, processes
from tests.waiting import until
from tracking.ingest.entries import DEAD_STREAM

PIXELS = ("111111111111111", "222222222222222")
SEALED = {
    "tx_sessions.sealed_client",
    "event_outbox.sealed_client",
    "waiting events",
    "conversion_deliveries.sealed_client",
    "tx_rejected_events.sealed_event",
    "data_keys.wrapped_key",
    "events set aside",
    "connections.secret_ciphertext",
    "payment_endpoints.secret_sealed",
    "payment_endpoints.previous_sealed",
    "tx_rejected_events.sealed_client",
}


def entry(key_id: str) -> str:
    return f"{key_id}:{base64.b64encode(secrets.token_bytes(32)).decode()}"


OLD, NEW = entry("old"), entry("new")


@pytest.fixture
def market(database: str, sandbox: SandboxServer) -> Iterator[Marketplace]:
    """A marketplace made under the old key, with an account that takes purchases and one that is paused."""
    with psycopg.connect(database, autocommit=True) as connection:
        tables = connection.execute(
            "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace"
            " AND NOT relispartition AND relname <> 'alembic_version'"
        ).fetchall()
        connection.execute(f"TRUNCATE {', '.join(name for (name,) in tables)}")
    reset(sandbox.url)
    with use_environment(ADRAIL_MASTER_KEYS=OLD):
        valkey().flushdb()
        made = make_marketplace()
        made.add_code("meta", "working", PIXELS[0])
        made.add_code("meta", "paused", PIXELS[1], organizer="org-1")
        paused = next(item for item in list_connections(made.staff).items if item.account_id == PIXELS[1])
        pause(made.staff, paused.id)
        for secret in ("whsec_the-first-of-two", "whsec_the-second-of-two"):
            set_secret(made.staff, "stripe", secret)
        yield made


def order(app: Flask, market: Marketplace, number: str) -> None:
    answer = app.test_client().post("/api/v1/orders", json=market.order(number), headers=market.bearer())
    assert answer.status_code == 201, answer.json


def page_view(app: Flask, market: Marketplace, **changes: Any) -> None:
    moment = datetime.now(UTC).isoformat()
    event = {
        "event_id": str(uuid.uuid4()),
        "event_name": "page_view",
        "event_version": 1,
        "occurred_at": moment,
        "source_system": "web",
        "visitor_id": "v-1",
        "session_id": "s-1",
        "consent_snapshot": {"analytics": True, "marketing": True, "data_processing": True, "captured_at": moment},
        **changes,
    }
    answer = app.test_client().post("/api/tx/events", json=event, headers=market.collect_headers())
    assert answer.status_code == 202, answer.json


def fill_every_place(app: Flask, market: Marketplace) -> None:
    """Leave something sealed under the old key everywhere it can be."""
    page_view(app, market)
    page_view(app, market, occurred_at="yesterday")  # refused, kept sealed
    order(app, market, "A-old")
    run_pipeline()
    page_view(app, market)
    waiting: Any = valkey().xrange(stream_name(0))
    fields: dict[Any, Any] = waiting[0][1]
    valkey().xadd(DEAD_STREAM, {**fields, b"reason": b"test", b"from": stream_name(0).encode()})
    order(app, market, "A-waiting")


def test_everything_sealed_is_found_wherever_it_waits(app: Flask, market: Marketplace) -> None:
    fill_every_place(app, market)

    found = rotation.census_of_keys()

    assert set(found) == SEALED
    assert {name for name, counts in found.items() if counts["old"] > 0} == SEALED


def test_keys_are_replaced_while_orders_flow(
    app: Flask, market: Marketplace, sandbox: SandboxServer, tmp_path: Path
) -> None:
    fill_every_place(app, market)
    placed, stop = ["A-old", "A-waiting"], threading.Event()

    def sell() -> None:
        while not stop.wait(0.02):
            order(app, market, f"A-{len(placed)}")
            placed.append(f"A-{len(placed)}")

    both = f"{NEW},{OLD}"
    with use_environment(ADRAIL_MASTER_KEYS=both), processes(tmp_path, "relay", "ingest", "worker"):
        seller = threading.Thread(target=sell)
        seller.start()
        until(lambda: len(placed) > 5, what="orders")
        before = len(placed)
        outcome = rotation.rotate()
        until(lambda: len(placed) > before, what="another order")
        stop.set()
        seller.join()
        assert outcome.complete, outcome
        until(lambda: _accepted(sandbox, PIXELS[0]) == set(placed), seconds=60, what="every purchase accepted")
        assert {key for counts in rotation.census_of_keys().values() for key in counts} == {"new"}

    with use_environment(ADRAIL_MASTER_KEYS=NEW):
        paused = next(item for item in list_connections(market.staff).items if item.account_id == PIXELS[1])
        resume(market.staff, paused.id)
        run_pipeline()
        assert {item.state for item in delivery_log(market.staff, limit=100).items} == {"accepted"}
    sent = [item for item in conversions(sandbox.url) if item["event_name"] == "Purchase"]
    assert sorted((item["pixel"], item["custom_data"]["order_id"]) for item in sent) == sorted(
        (pixel, number) for pixel in PIXELS for number in placed
    )
    assert {item["user_data"]["client_ip_address"] for item in sent} == {"198.51.100.7"}


def _accepted(sandbox: SandboxServer, pixel: str) -> set[str]:
    sent = conversions(sandbox.url)
    return {
        item["custom_data"]["order_id"] for item in sent if item["pixel"] == pixel and "order_id" in item["custom_data"]
    }


def test_a_key_that_is_still_needed_is_named(app: Flask, market: Marketplace) -> None:
    fill_every_place(app, market)
    relay()

    with use_environment(ADRAIL_MASTER_KEYS=NEW):
        done = adrail("keys", "rotate", "--wait", "0")

    assert done.returncode == 1
    assert "still needed: old (not configured) by 2 in data_keys.wrapped_key" in done.stdout
    assert "keep the old keys" in done.stderr
    with use_environment(ADRAIL_MASTER_KEYS=OLD):
        run_pipeline()
        done = adrail("keys", "rotate", "--wait", "5")
    assert (done.returncode, done.stderr) == (0, "")
    assert "Nothing needs another key than old any more" in done.stdout


def test_a_fresh_key_is_an_entry_of_its_own() -> None:
    first, second = adrail("keys", "new").stdout.strip(), new_master_key()

    assert first != second
    assert len(base64.b64decode(first.partition(":")[2], validate=True)) == 32


def test_a_rotated_seal_does_not_open_under_the_old_key(app: Flask, market: Marketplace) -> None:
    from core.security.crypto import keyring

    sealed = keyring().seal(b"text", "client")
    with use_environment(ADRAIL_MASTER_KEYS=f"{NEW},{OLD}"):
        moved = keyring().reseal(sealed, "client")
        assert keyring().unseal(moved, "client") == b"text"
    with pytest.raises(DecryptionError, match="'new' is not configured"):
        keyring().unseal(moved, "client")
