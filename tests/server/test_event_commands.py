"""Refused and live events by command."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from flask.testing import FlaskClient

from core.accounts.api import KeyWish, issue_key
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
from tracking.rejected.dead import MOST_LOOKED_AT


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


@pytest.fixture
def crowd(other_marketplace: Marketplace) -> Iterator[None]:
    """More entries of another marketplace than are looked at for one page."""
    theirs: Any = encode(Entry(other_marketplace.tenant_id, False, datetime.now(UTC), []))
    pipeline = valkey().pipeline(transaction=False)
    for _ in range(MOST_LOOKED_AT + 1):
        pipeline.xadd(DEAD_STREAM, {**theirs, b"reason": b"theirs"})
    pipeline.execute()
    yield
    valkey().delete(DEAD_STREAM)


def test_what_was_set_aside_is_found_behind_any_number_of_others(
    client: FlaskClient, marketplace: Marketplace, request: pytest.FixtureRequest
) -> None:
    mine: Any = encode(Entry(marketplace.tenant_id, False, datetime.now(UTC), []))
    valkey().xadd(DEAD_STREAM, {**mine, b"reason": b"the first \x1b[2J of all"})
    request.getfixturevalue("crowd")
    listed = run(marketplace, "rejected", "--set-aside").output
    assert "the first \\u001b[2J of all" in listed

    path = "/api/v1/rejected-events/set-aside"
    key = issue_key(marketplace.staff, KeyWish("server", "collection", scopes=["view_collection"])).key
    first = client.get(path, headers=marketplace.bearer(key)).get_json()
    assert first["items"] == []
    rest = client.get(f"{path}?cursor={first['next_cursor']}", headers=marketplace.bearer(key)).get_json()
    assert (len(rest["items"]), rest["next_cursor"]) == (1, None)


def test_a_short_key_that_fits_several_groups_changes_none(page: Page, marketplace: Marketplace) -> None:
    names = [f"no_such_thing_{number}" for number in range(17)]
    refuse(page, *(event(name) for name in names))
    groups = [json.loads(line) for line in run(marketplace, "rejected", "--json").output.splitlines()]
    shared = [item["key"][0] for item in groups]
    twice = next(first for first in shared if shared.count(first) > 1)
    for change in ("--discard", "--replay"):
        said = run(marketplace, "rejected", "--group", twice, change)
        assert (said.exit_code, f"groups begin with '{twice}'" in said.output) == (2, True), said.output
    assert len(run(marketplace, "rejected", "--json").output.splitlines()) == 17
    assert run(marketplace, "rejected", "--group", groups[0]["key"], "--discard").output == "1 events put away\n"


def test_what_strangers_sent_cannot_steer_the_terminal(page: Page, store: Store, marketplace: Marketplace) -> None:
    refuse(page, event("page_view", payload={"page_type": "\x1b]0;mine\x07", "\x9b31m'": "\u202e"}))
    number = store.rows("tx_rejected_events", "id")[-1]["id"]
    shown = run(marketplace, "rejected", "--id", str(number)).output
    assert "\\u001b]0;mine\\u0007" in shown
    assert [line for line in shown.splitlines() if not line.isprintable()] == []


def page_time(entry: Any) -> Any:
    from core.events.api import decode

    return decode(entry[1]).received_at


def test_the_tail_prints_what_comes(marketplace: Marketplace) -> None:
    stop = threading.Event()

    def send() -> None:
        while not stop.wait(0.1):
            LOOKOUT.forget()
            sent = event("click", visitor_id="v-1", payload={"element": "\x9b2J"})
            tell(FromBackend(marketplace.tenant_id), [sent], [])

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
    assert all(line.isprintable() for line in said.stdout.splitlines())
    assert "\\u009b2J" in said.stdout
    assert json.loads(facts.stdout)["outcome"] == "accepted"
