"""Refused and live events by command."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from flask.testing import FlaskClient

from core.events.api import Entry, encode
from core.valkey import client as valkey
from server.cli import main
from tests.marketplace import Marketplace
from tests.pipeline import ingest
from tests.tracking.events import Page, event
from tests.tracking.store import Store
from tracking.ingest.entries import DEAD_STREAM
from tracking.live.telling import FromBackend, tell
from tracking.live.watches import LOOKOUT


@pytest.fixture
def page(client: FlaskClient, marketplace: Marketplace) -> Page:
    return Page(client, marketplace)


@pytest.fixture
def store(admin_connection: Any, marketplace: Marketplace) -> Store:
    return Store(admin_connection, marketplace)


def run(marketplace: Marketplace, *words: str) -> Result:
    return CliRunner().invoke(main, ["events", *words, "--tenant", marketplace.slug])


def refuse(page: Page, *events: Any) -> None:
    assert page.send(*events)["rejected"] == len(events)
    ingest()


def test_refused_events_are_listed_shown_repaired_and_taken(
    page: Page, store: Store, marketplace: Marketplace, tmp_path: Path
) -> None:
    assert "No refused event waits." in run(marketplace, "rejected").output
    refuse(page, event("page_wiew"), event("page_wiew"), event(payload={"page_type": "moon"}))
    listed = run(marketplace, "rejected").output
    assert "2 × page_wiew: unknown_event" in listed
    assert "/payload/page_type (enum)" in listed
    groups = [json.loads(line) for line in run(marketplace, "rejected", "--json").output.splitlines()]

    number = [row["id"] for row in store.rows("tx_rejected_events", "id")][-1]
    shown = run(marketplace, "rejected", "--id", str(number)).output
    assert "found moon" in shown
    assert "--drop '/payload/page_type'" in shown
    tried = run(marketplace, "rejected", "--name", "page_wiew", "--replay", "--rename-event", "page_view", "--dry-run")
    assert "2 would be taken, 0 would be refused again" in tried.output
    done = run(marketplace, "rejected", "--group", groups[1]["key"][:12], "--replay", "--rename-event", "page_view")
    assert "2 taken, 0 refused again" in done.output

    mended = json.loads(run(marketplace, "rejected", "--id", str(number), "--json").output)["event"]
    file = tmp_path / "mended.json"
    file.write_text(json.dumps({**mended, "payload": {"page_type": "event"}}), "utf-8")
    assert run(marketplace, "rejected", "--id", str(number), "--replay", "--event", str(file)).output == "taken\n"
    ingest()
    assert len(store.events()) == 3
    assert "No refused event waits." in run(marketplace, "rejected").output


def test_what_nobody_needs_is_put_away_and_a_wrong_call_says_how(page: Page, marketplace: Marketplace) -> None:
    refuse(page, event("page_wiew"))
    assert run(marketplace, "rejected", "--replay").exit_code == 2
    assert "needs PATH=VALUE" in run(marketplace, "rejected", "--name", "page_wiew", "--replay", "--set", "x").output
    assert run(marketplace, "rejected", "--name", "page_wiew", "--discard").output == "1 events put away\n"


@pytest.mark.parametrize(
    ("value", "rule"),
    [("18446744073709551616", "maximum"), ("[-9223372036854775809]", "maximum"), ('"\\ud800"', "characters")],
    ids=["large", "small", "half a character"],
)
def test_a_value_that_cannot_be_stored_is_refused_by_name(
    value: str, rule: str, page: Page, marketplace: Marketplace
) -> None:
    refuse(page, event("page_wiew"))
    repairs = ("--rename-event", "page_view", "--set", f"/payload/shown={value}")
    done = run(marketplace, "rejected", "--name", "page_wiew", "--replay", *repairs)
    assert (done.exit_code, "0 taken, 1 refused again" in done.output) == (0, True), done.output
    assert f"({rule}): contains" in done.output


def test_requests_that_could_not_be_stored_are_listed_and_put_back(
    page: Page, store: Store, marketplace: Marketplace, other_marketplace: Marketplace
) -> None:
    assert "Nothing was set aside." in run(marketplace, "rejected", "--set-aside").output
    page.send(body := event())
    (stream,) = [key for key in valkey().scan_iter("adrail:events:*") if b"dead" not in key and valkey().xlen(key)]
    entry: Any = next(iter(valkey().xrange(stream)))  # type: ignore[arg-type]
    valkey().delete(stream)
    valkey().xadd(DEAD_STREAM, {**entry[1], b"reason": b"the disk was full", b"from": stream})
    damaged: Any = {**encode(Entry(marketplace.tenant_id, False, page_time(entry), [])), b"e": b"no zstd"}
    valkey().xadd(DEAD_STREAM, {**damaged, b"reason": b"damaged"})

    listed = run(marketplace, "rejected", "--set-aside").output
    assert "the disk was full  (1 × page_view)" in listed
    assert "damaged  (cannot be read)" in listed
    assert "Nothing was set aside." in run(other_marketplace, "rejected", "--set-aside").output
    assert "put back: the disk was full" in run(marketplace, "rejected", "--set-aside", "--replay").output
    ingest()
    assert store.has(body["event_id"])
    assert "disk" not in run(marketplace, "rejected", "--set-aside").output


def page_time(entry: Any) -> Any:
    from core.events.api import decode

    return decode(entry[1]).received_at


def test_the_tail_prints_what_comes(marketplace: Marketplace) -> None:
    stop = threading.Event()

    def send() -> None:
        while not stop.wait(0.1):
            LOOKOUT.forget()
            tell(FromBackend(marketplace.tenant_id), [event("click", visitor_id="v-1")], [])

    sender = threading.Thread(target=send)
    sender.start()
    try:
        said = run(marketplace, "tail", "--visitor", "v-1", "--most", "2")
        facts = run(marketplace, "tail", "--name", "click", "--most", "1", "--json")
    finally:
        stop.set()
        sender.join()
    assert said.exit_code == 0, said.output
    assert said.stdout.count("accepted   click") == 2
    assert json.loads(facts.stdout)["outcome"] == "accepted"
