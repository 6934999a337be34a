"""What must hold once everything is quiet, whatever happened before."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Self

from core.registry import registry
from tests.chaos import processes
from tests.chaos.books import Books, SentEvent
from tests.chaos.hearing import hear
from tests.chaos.rail import Code, Rail

EVENTS = """
SELECT event_id::text, trusted, count(*) FROM tx_events WHERE visitor_id = ANY(%s) GROUP BY event_id, trusted"""
SESSIONS = """
SELECT s.session_id, s.events, s.last_sequence_no, s.converted, s.revenue, count(e.event_id), max(e.sequence_no),
  sum(e.amount) FILTER (WHERE e.event_name = 'order_completed')
FROM tx_sessions s LEFT JOIN tx_events e ON e.session_id = s.session_id AND e.tenant_id = s.tenant_id
WHERE s.visitor_id = ANY(%s) GROUP BY s.tenant_id, s.session_id"""
ORDERS = """
SELECT o.external_id, count(DISTINCT o.id), count(i.id) FROM orders o LEFT JOIN order_items i ON i.order_id = o.id
WHERE o.visitor_id = ANY(%s) GROUP BY o.external_id"""
DELIVERIES = """
SELECT provider, public_id, platform_event_id, event_name, state, reason, count(*) FROM conversion_deliveries
WHERE visitor_id = ANY(%s) GROUP BY 1, 2, 3, 4, 5, 6"""
LINKS = """
SELECT visitor_id, count(*) FROM tx_identity_links WHERE visitor_id = ANY(%s) AND unlinked_at IS NULL GROUP BY 1"""

COUNTED = ("tx_events", "tx_sessions", "orders", "conversion_deliveries")

Row = tuple[Any, ...]
Destination = tuple[str, str, str]  # provider, public id, the id the platform knows the event by


@dataclass(frozen=True, slots=True)
class Before:
    """How many rows there were before the visitors came."""

    counts: dict[str, int]

    @classmethod
    def of(cls, rail: Rail) -> Self:
        """Count now."""
        return cls({table: rail.query(f"SELECT count(*) FROM {table}")[0][0] for table in COUNTED})


def violations(rail: Rail, books: Books, before: Before) -> list[str]:
    """Everything that is not as it must be, in words; empty when all is well."""
    visitors = [visit.visitor for visit in books.visits]
    stored = Counter({(event_id, trusted): number for event_id, trusted, number in rail.query(EVENTS, visitors)})
    expected = expected_deliveries(rail.codes(), books, stored)
    rows = rail.query(DELIVERIES, visitors)
    found = [
        *books.complaints,
        *_events(books, stored),
        *_sessions(rail, visitors),
        *_orders(rail, books, visitors),
        *_deliveries(rows, expected),
        *_ledger(rail),
        *_platforms(rail, rows),
        *_nothing_else(rail, before, visitors),
        *_leftovers(rail),
        *_strays(rail),
    ]
    return [text for text in found if text]


def _events(books: Books, stored: Counter[tuple[str, bool]]) -> Iterator[str]:
    public = {event_id for event_id, trusted in stored if not trusted}
    truth = {event_id for event_id, trusted in stored if trusted}
    sent = {visit.event_ids["*"]: visit.order for visit in books.orders_sent.values()}
    promised = {event_id for event_id, order in sent.items() if order in books.orders_acknowledged}
    yield _list("acknowledged events are not stored", books.acknowledged - public)
    yield _list("acknowledged orders have no event", promised - truth)
    yield _list("events are stored that nobody sent", public - books.sent.keys())
    yield _list("order events are stored that nobody caused", truth - sent.keys())
    yield _list("events are stored more than once", {key for key, number in stored.items() if number != 1})


def _sessions(rail: Rail, visitors: list[str]) -> Iterator[str]:
    rows = rail.query(SESSIONS, visitors)
    for session, events, last_sequence, converted, revenue, stored, highest, spent in rows:
        if (events, last_sequence, converted, revenue) != (stored, highest, spent is not None, spent):
            yield (
                f"session {session} says {events} events, last {last_sequence}, converted {converted}, "
                f"revenue {revenue}; its events say {stored}, {highest}, {spent is not None}, {spent}"
            )
    without = "SELECT DISTINCT session_id FROM tx_events WHERE visitor_id = ANY(%s)"
    missing = {session for (session,) in rail.query(without, visitors)} - {row[0] for row in rows}
    yield _list("events have no session", missing)


def _orders(rail: Rail, books: Books, visitors: list[str]) -> Iterator[str]:
    rows = {order: (number, lines) for order, number, lines in rail.query(ORDERS, visitors)}
    yield _list("acknowledged orders do not exist", books.orders_acknowledged - rows.keys())
    yield _list("orders exist that nobody sent", rows.keys() - books.orders_sent.keys())
    for order, (number, lines) in rows.items():
        wanted = len(books.orders_sent[order].sold) if order in books.orders_sent else 0
        if (number, lines) != (1, wanted):
            yield f"order {order} exists {number} times with {lines} lines instead of {wanted}"
    buyers = {visit.visitor for visit in books.visits if visit.order in rows}
    links = dict(rail.query(LINKS, visitors))
    yield _list("buyers are not linked to their person exactly once", {name for name in buyers if links.get(name) != 1})


def expected_deliveries(
    codes: Iterable[Code], books: Books, stored: Counter[tuple[str, bool]]
) -> dict[Destination, str]:
    """Which platform has to hear of which event, by the rules of the demo marketplace; value: what it is."""
    expected: dict[Destination, str] = {}
    placed = list(codes)
    for event in books.sent.values():
        if (event.id, False) in stored:
            for code in _codes_of_page(placed, event):
                expected[code.provider, code.public_id, event.id] = event.name
    for visit in books.visits:
        if (visit.event_ids["*"], True) not in stored:
            continue
        for code in placed:
            if "order_completed" in _taken(code.provider):
                for whose in _shares(code, visit.sold, placed):
                    expected[code.provider, code.public_id, visit.event_ids[whose]] = f"order {visit.order}"
    return expected


def _taken(provider: str) -> Iterable[str]:
    return registry().conversions(provider).event_names


def _codes_of_page(codes: list[Code], event: SentEvent) -> Iterator[Code]:
    organizer = event.visit.sold[event.live_event]
    for code in codes:
        if event.name in _taken(code.provider) and _belongs(code, event.live_event, organizer, codes):
            yield code


def _belongs(code: Code, live_event: str, organizer: str, codes: list[Code]) -> bool:
    """A live event's own code takes the place of its organiser's."""
    own = [item for item in codes if item.live_event == live_event and item.provider == code.provider]
    match code.level:
        case "marketplace":
            return True
        case "live_event":
            return code in own
        case _:
            return code.organizer == organizer and not own


def _shares(code: Code, sold: dict[str, str], codes: list[Code]) -> set[str]:
    if code.level == "marketplace":
        return {"*"}
    return {organizer for live_event, organizer in sold.items() if _belongs(code, live_event, organizer, codes)}


def _deliveries(rows: Sequence[Row], expected: dict[Destination, str]) -> Iterator[str]:
    planned: Counter[Destination] = Counter()
    unsettled = []
    taken: dict[tuple[str, str], set[bool]] = {}
    for provider, public_id, event_id, event_name, state, reason, number in rows:
        planned[provider, public_id, event_id] += number
        declined = (state, reason) == ("ignored", "not_taken") and event_name != "order_completed"
        taken.setdefault((provider, event_name), set()).add(not declined)
        if state != "accepted" and not declined:
            unsettled.append(f"{event_name} {event_id} to {public_id}: {state} ({reason})")
    yield _list("deliveries did not arrive", unsettled)
    yield _list("deliveries are missing", {(*key, what) for key, what in expected.items() if key not in planned})
    yield _list("deliveries exist that nobody expects", planned.keys() - expected.keys())
    yield _list("deliveries exist more than once", {key for key, number in planned.items() if number != 1})
    yield _list("platforms take one event and not another", {key for key, answers in taken.items() if len(answers) > 1})


def _ledger(rail: Rail) -> Iterator[str]:
    ledger = rail.call("GET", "/api/v1/deliveries/ledger").json()
    if ledger["expected"] != sum(ledger[state] for state in ("accepted", "ignored", "pending", "dead")):
        yield f"the ledger does not add up: {ledger}"


def _platforms(rail: Rail, rows: Sequence[Row]) -> Iterator[str]:
    for platform in rail.platforms.host.sandboxes:
        heard = hear(rail, platform)
        wanted = {(row[1], row[2]) for row in rows if row[0] == platform and row[4] == "accepted"}
        yield _list(f"{platform} has not heard of", wanted - heard.contents.keys())
        yield _list(f"{platform} has heard of what it should not", heard.contents.keys() - wanted)
        yield _list(f"{platform} was told different things", {k for k, told in heard.contents.items() if len(told) > 1})
        if heard.counted_twice:
            yield f"{platform} has counted {heard.counted_twice} events twice"


def _nothing_else(rail: Rail, before: Before, visitors: list[str]) -> Iterator[str]:
    for table, number in before.counts.items():
        [(total, own)] = rail.query(
            f"SELECT count(*), count(*) FILTER (WHERE visitor_id = ANY(%s)) FROM {table}", visitors
        )
        if total != number + own:
            yield f"{total - number - own} rows of {table} belong to no visitor"


def _leftovers(rail: Rail) -> Iterator[str]:
    for table in ("event_outbox", "tx_rejected_events"):
        [(number,)] = rail.query(f"SELECT count(*) FROM {table}")
        yield f"{number} rows are left in {table}" if number else ""
    with rail.valkey() as valkey:
        for stream in valkey.scan_iter("adrail:events:*", _type="stream"):
            length: Any = valkey.xlen(stream)
            yield f"{length} entries are left in {stream.decode()}" if length else ""


def _strays(rail: Rail) -> Iterator[str]:
    for pid, command in processes.strays(rail.installation.data_dir, rail.supervisor).items():
        yield f"process {pid} belongs to nobody: {command}"


def _list(what: str, items: Iterable[Any]) -> str:
    found = sorted(map(str, items))
    more = f" and {len(found) - 5} more" if len(found) > 5 else ""
    return f"{what}: {'; '.join(found[:5])}{more}" if found else ""
