"""Sending rows to the bulk API of the catalogue, as a marketplace's backend and an organiser do."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import orjson
import pytest
from flask import Flask

from tests.core.catalog.backend import Backend, pointers
from tests.core.catalog.catalogue import CATALOG, EXAMPLES, STARTS, get, live_event, problems, put, taken


@pytest.mark.parametrize("kind", sorted(EXAMPLES))
def test_rows_are_created_once_then_unchanged_then_updated(backend: Backend, kind: str) -> None:
    row = EXAMPLES[kind]
    assert taken(put(backend, kind, [row])) == ["created"]
    stored = get(backend, f"{kind}/{row['external_id']}")
    assert {name: stored[name] for name in row if name != "starts_at"} == {
        name: value for name, value in row.items() if name != "starts_at"
    }
    assert taken(put(backend, kind, [row])) == ["unchanged"]
    assert taken(put(backend, kind, [stored])) == ["unchanged"]
    renamed = {"live-events": "title", "ticket-links": "seller"}.get(kind, "name")
    assert taken(put(backend, kind, [{"external_id": row["external_id"], renamed: "Another"}])) == ["updated"]
    assert get(backend, f"{kind}/{row['external_id']}") == {**stored, renamed: "Another"}
    assert row["external_id"] in [item["external_id"] for item in get(backend, kind)["items"]]


def test_null_empties_a_field_and_leaving_it_out_does_not(backend: Backend) -> None:
    put(backend, "venues", [EXAMPLES["venues"]])
    assert taken(put(backend, "venues", [{"external_id": "v-9", "capacity": None}])) == ["updated"]
    stored = get(backend, "venues/v-9")
    assert (stored["capacity"], stored["latitude"]) == (None, 46.77)


def test_what_is_wrong_with_one_row_costs_that_row_only(backend: Backend) -> None:
    rows = [
        live_event(1),
        live_event(10, venue_id="nowhere"),
        live_event(11, organizer_id="nobody", genre_ids=["unheard"]),
        live_event(12, starts_at="tomorrow", currency="LEI", price_from="12.345"),
        live_event(13, ends_at=(STARTS - timedelta(hours=1)).isoformat()),
        "a text",
        {"title": "without id"},
        live_event(14, colour="red"),
        live_event(15),
        live_event(15, title="again"),
        live_event(16, price_from="12.345", price_to="10"),
    ]
    answer = put(backend, "live-events", rows)
    assert taken(answer) == ["updated", *["rejected"] * 7, "created", "rejected", "rejected"]
    assert problems(answer, 1) == [("/venue_id", "unknown")]
    assert problems(answer, 2) == [("/organizer_id", "unknown"), ("/genre_ids/0", "unknown")]
    assert problems(answer, 3) == [("/starts_at", "schema"), ("/currency", "schema")]
    assert problems(answer, 4) == [("/ends_at", "schema")]
    assert problems(answer, 5) == [("", "type")]
    assert problems(answer, 6) == [("/external_id", "required")]
    assert problems(answer, 7) == [("/colour", "schema")]
    assert problems(answer, 9) == [("/external_id", "unique")]
    assert problems(answer, 10) == [("/price_from", "schema")]
    assert "send it first" in answer.get_json()["items"][1]["errors"][0]["message"]


@pytest.mark.parametrize(
    ("change", "pointer", "fix"),
    [
        ({"starts_at": "2031-01-01T10:00"}, "/starts_at", "with its zone"),
        ({"starts_at": 5}, "/starts_at", "with its zone"),
        ({"title": None}, "/title", "cannot be emptied"),
        ({"title": 7}, "/title", "send a text"),
        ({"promoted": "perhaps"}, "/promoted", "true or false"),
        ({"artist_ids": "a-1"}, "/artist_ids", "list of ids"),
        ({"price_to": 12}, "/price_to", "send a text"),
        ({"translations": {"Romanian!": {}}}, "/translations/Romanian!", "language code"),
        ({"translations": {"ro": {"name": "x"}}}, "/translations/ro/name", "these can"),
        ({"slug": "No Slug"}, "/slug", "lower-case"),
        ({"description": "a\u0007bell"}, "/description", "leave it out"),
        ({"status": "gone"}, "/status", "Must be one of"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else None,
)
def test_a_refusal_says_how_to_mend_it(backend: Backend, change: dict[str, Any], pointer: str, fix: str) -> None:
    answer = put(backend, "live-events", [live_event(10, **change)])
    assert [found for found, _rule in problems(answer)] == [pointer]
    assert fix in answer.get_json()["items"][0]["errors"][0]["message"]


def test_a_new_row_that_lacks_something_says_what(backend: Backend) -> None:
    answer = put(backend, "live-events", [{"external_id": "ev-10", "organizer_id": "org-1"}])
    assert problems(answer) == [("/title", "schema"), ("/starts_at", "schema"), ("/currency", "schema")]
    assert "a new row needs it" in answer.get_json()["items"][0]["errors"][0]["message"]


def test_ndjson_takes_every_line_that_can_be_read(backend: Backend) -> None:
    lines = [
        orjson.dumps(live_event(10)),
        b"{broken",
        b"",
        orjson.dumps(live_event(11)),
        b'{"external_id": "a\\u0000"}',
    ]
    headers = {**backend.marketplace.bearer(), "Content-Type": "application/x-ndjson"}
    answer = backend.client.put(f"{CATALOG}/live-events", data=b"\n".join(lines), headers=headers)
    assert taken(answer) == ["created", "rejected", "created", "rejected"]
    assert problems(answer, 1) == [("", "invalid_json")]
    assert problems(answer, 3) == [("", "nul")]


@pytest.mark.parametrize("count", [0, 1001])
def test_a_call_holds_one_to_a_thousand_rows(backend: Backend, count: int) -> None:
    rows = [{"external_id": f"g-{number}", "name": "Genre"} for number in range(count)]
    assert pointers(put(backend, "genres", rows)) == ["/items"]
    assert get(backend, "genres")["items"] == []


@pytest.mark.parametrize("body", ["[]", '{"rows": []}', '{"items": {}}', '{"items": [], "more": 1}'])
def test_another_body_is_refused_with_how_to_send_it(backend: Backend, body: str) -> None:
    headers = {**backend.marketplace.bearer(), "Content-Type": "application/json"}
    answer = backend.client.put(f"{CATALOG}/genres", data=body, headers=headers)
    assert pointers(answer) == ["/items"]


def test_a_body_of_another_type_is_refused(backend: Backend) -> None:
    answer = backend.client.put(f"{CATALOG}/genres", data="a,b", headers=backend.marketplace.bearer())
    assert pointers(answer, 415) == []


def test_the_same_idempotency_key_gets_the_same_answer(backend: Backend) -> None:
    first = put(backend, "genres", [EXAMPLES["genres"]], **{"Idempotency-Key": "k"})
    again = put(backend, "genres", [EXAMPLES["genres"]], **{"Idempotency-Key": "k"})
    assert (taken(first), taken(again)) == (["created"], ["created"])
    assert again.headers["Idempotent-Replayed"] == "true"


def test_slugs_are_made_from_titles_and_belong_to_one(backend: Backend) -> None:
    rows = [live_event(10, title="Ștefan & prietenii"), live_event(11, title="Stefan prietenii"), live_event(12)]
    assert taken(put(backend, "live-events", [*rows[:2], {**rows[2], "slug": "stefan-prietenii"}])) == [
        "created", "created", "rejected",
    ]  # fmt: skip
    first, second = (get(backend, f"live-events/ev-{number}")["slug"] for number in (10, 11))
    assert first == "stefan-prietenii"
    assert second.startswith("stefan-prietenii-")
    assert taken(put(backend, "live-events", rows[:2])) == ["unchanged", "unchanged"]


def test_prices_of_a_live_event_follow_its_ticket_types(backend: Backend) -> None:
    put(backend, "live-events", [live_event(price_from="10.00")])
    types = [
        {"external_id": "t-1", "live_event_id": "ev-10", "name": "GA", "price": "90.00", "sale_price": "70.00"},
        {"external_id": "t-2", "live_event_id": "ev-10", "name": "VIP", "price": "200.00"},
    ]
    assert taken(put(backend, "ticket-types", types)) == ["created", "created"]
    stored = get(backend, "live-events/ev-10")
    assert (stored["price_from"], stored["price_to"]) == ("70.00", "200.00")
    assert taken(put(backend, "live-events", [live_event(price_from="10.00")])) == ["unchanged"]
    answer = put(backend, "live-events", [live_event(currency="EUR")])
    assert problems(answer) == [("/currency", "fixed")]


def test_prices_have_the_decimals_of_their_currency(backend: Backend) -> None:
    put(backend, "live-events", [live_event(10, currency="JPY"), live_event(11, currency="KWD")])
    rows = [
        {"external_id": "t-1", "live_event_id": "ev-10", "name": "GA", "price": "9000"},
        {"external_id": "t-2", "live_event_id": "ev-10", "name": "GA", "price": "9000.5"},
        {"external_id": "t-3", "live_event_id": "ev-11", "name": "GA", "price": "12.345"},
        {"external_id": "t-4", "live_event_id": "ev-11", "name": "GA", "price": "12", "sale_price": "13"},
    ]
    answer = put(backend, "ticket-types", rows)
    assert taken(answer) == ["created", "rejected", "created", "rejected"]
    assert (problems(answer, 1), problems(answer, 3)) == ([("/price", "schema")], [("/sale_price", "schema")])
    assert get(backend, "ticket-types/t-3")["price"] == "12.345"


def test_concurrent_calls_with_the_same_rows_all_succeed(backend: Backend, app: Flask) -> None:
    rows = [live_event(number) for number in range(10, 60)]

    def call(turn: int) -> list[str]:
        ordered = rows if turn % 2 else rows[::-1]
        changed = [{**row, "title": f"{row['title']} in turn {turn}"} for row in ordered]
        answer = app.test_client().put(
            f"{CATALOG}/live-events", json={"items": changed}, headers=backend.marketplace.bearer()
        )
        return taken(answer)

    with ThreadPoolExecutor(4) as pool:
        outcomes = list(pool.map(call, range(8)))
    assert {outcome for found in outcomes for outcome in found} <= {"created", "updated"}
    assert sum(found.count("created") for found in outcomes) == len(rows)


def test_an_organiser_changes_its_own_live_events_only(backend: Backend) -> None:
    key = backend.marketplace.organizer_keys["org-1"]
    rows = [
        live_event(10, organizer_id=None),
        live_event(11, organizer_id="org-2"),
        live_event(3),
        live_event(1, title="Mine"),
    ]
    answer = put(backend, "live-events", rows, key)
    assert taken(answer) == ["created", "rejected", "rejected", "updated"]
    assert (problems(answer, 1), problems(answer, 2)) == ([("/organizer_id", "unknown")], [("/external_id", "foreign")])
    assert get(backend, "live-events/ev-10", key)["organizer_id"] == "org-1"
    types = [
        {"external_id": "mine", "live_event_id": "ev-1", "name": "GA", "price": "1"},
        {"external_id": "not-mine", "live_event_id": "ev-3", "name": "GA", "price": "1"},
        {"external_id": "tt-3", "price": "1"},
    ]
    answer = put(backend, "ticket-types", types, key)
    assert taken(answer) == ["created", "rejected", "rejected"]
    assert (problems(answer, 1), problems(answer, 2)) == (
        [("/live_event_id", "unknown")],
        [("/external_id", "foreign")],
    )


@pytest.mark.parametrize("kind", ["organizers", "venues", "artists", "genres"])
def test_what_belongs_to_all_is_changed_by_the_marketplace_alone(backend: Backend, kind: str) -> None:
    answer = put(backend, kind, [EXAMPLES[kind]], backend.marketplace.organizer_keys["org-1"])
    assert pointers(answer, 403) == []


def test_bulk_calls_leave_one_entry_in_the_audit_log(backend: Backend) -> None:
    before = len(backend.rows("audit_log"))
    put(backend, "live-events", [live_event(10), live_event(11)])
    put(backend, "live-events", [live_event(10), live_event(11)])
    entries = backend.rows("audit_log")[before:]
    assert [(entry["action"], entry["detail"]["created"]) for entry in entries] == [("live_event.upserted", 2)]


def test_keys_without_the_permission_are_refused(backend: Backend) -> None:
    assert backend.client.put(f"{CATALOG}/venues", json={"items": []}).status_code == 401
    assert backend.client.get(f"{CATALOG}/venues").status_code == 401


def test_nothing_of_what_others_have_stored_is_told(backend: Backend) -> None:
    key = backend.marketplace.organizer_keys["org-2"]
    early = {"external_id": "ev-1", "ends_at": "2001-01-01T00:00:00Z", "status": "ended", "currency": "EUR"}
    assert problems(put(backend, "live-events", [early], key)) == [("/external_id", "foreign")]
    dear = {"external_id": "tt-1", "sale_price": "9999999.001"}
    assert problems(put(backend, "ticket-types", [dear], key)) == [("/external_id", "foreign")]
