"""Events as they come: told to whoever watches, without personal data, and to nobody else."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import orjson
import pytest

from core.accounts.api import Actor
from core.errors import InvalidInputError, UnavailableError
from core.valkey import client
from tests.marketplace import Marketplace
from tests.outages import away
from tests.pipeline import relay, run_pipeline
from tests.tracking.events import Page, consent, event
from tests.tracking.store import Store
from tracking.live.telling import KEPT, FromBackend, tell
from tracking.live.watches import LOOKOUT, MAX_WATCHES, WATCH_SECONDS, Watch
from tracking.live.watching import LiveEvent, earlier, follow, look, open_watch, traced
from tracking.registry.own import forget_own_events, registry_of


@pytest.fixture(autouse=True)
def fresh_lookout() -> Iterator[None]:
    """Nobody watches, and this process knows it."""
    LOOKOUT.forget()
    yield
    LOOKOUT.forget()


def watch(marketplace: Marketplace, **chosen: str) -> Watch:
    """Begin to watch; this process looks at the register with its next request."""
    opened = open_watch(marketplace.staff, **chosen)
    LOOKOUT.forget()
    return opened


def live_keys() -> list[Any]:
    return list(client().scan_iter("adrail:live:*"))


def test_while_nobody_watches_nothing_is_written(page: Page, marketplace: Marketplace, database: str) -> None:
    client().delete("adrail:live:watches")
    page.send(event(), event("no_such_thing"))
    assert live_keys() == []


def test_a_watcher_sees_what_became_of_each_event(page: Page, marketplace: Marketplace) -> None:
    opened = watch(marketplace)
    page.send(event(), event("page_wiew"), event(consent_snapshot=consent(analytics=False)), "nonsense")

    seen = look(marketplace.staff, opened)
    assert [item.outcome for item in seen] == ["accepted", "rejected", "blocked_by_consent", "rejected"]
    assert [item.name for item in seen] == ["page_view", "page_wiew", "page_view", ""]
    (problem,) = seen[1].problems
    assert (problem["pointer"], problem["rule"], problem["found"]) == ("/event_name", "registry", "page_wiew")
    assert "Correct it" in problem["remedy"]
    assert look(marketplace.staff, opened, seen[-1].place) == []
    page.send(event("click"))
    assert [item.name for item in look(marketplace.staff, opened, seen[-1].place)] == ["click"]


@pytest.mark.parametrize(
    ("chosen", "names"),
    [
        ({"name": "click"}, ["click"]),
        ({"visitor": "v-mine"}, ["page_view"]),
        ({"site": "shop"}, ["page_view", "click", "share"]),
        ({"site": "another"}, []),
    ],
    ids=["name", "visitor", "site", "another site"],
)
def test_a_watch_can_be_narrowed(
    chosen: dict[str, str], names: list[str], page: Page, marketplace: Marketplace
) -> None:
    opened = watch(marketplace, **chosen)
    page.send(event(visitor_id="v-mine"), event("click"), event("share"))
    assert [item.name for item in look(marketplace.staff, opened)] == names


def test_personal_data_is_hidden_before_it_is_written(page: Page, marketplace: Marketplace) -> None:
    opened = watch(marketplace)
    address = {"page": {"url": "https://shop.example/?mail=ana%40people.example"}}
    payload = {"query": "ana popescu"}
    page.send(
        event("search_performed", payload=payload, context=address), event(payload={"page_type": "ana@people.example"})
    )

    entries: Any = client().xrange(f"adrail:live:{marketplace.tenant_id}:{opened.id}")
    written = b"".join(fields[b"e"] for _, fields in entries)
    assert b"people.example" not in written
    assert b"popescu" not in written
    refused = look(marketplace.staff, opened)[1]
    assert [item["found"] for item in refused.problems] == ["[hidden 1]"]


def test_orders_of_the_backend_are_seen_by_who_watches_their_visitor(page: Page, marketplace: Marketplace) -> None:
    opened = watch(marketplace, visitor="v-1")
    page.order()
    relay()
    (seen,) = look(marketplace.staff, opened)
    assert (seen.name, seen.trusted, seen.outcome) == ("order_completed", True, "accepted")


def test_the_developers_view_says_where_each_event_went(page: Page, marketplace: Marketplace) -> None:
    marketplace.add_code("meta", "pixel", "1000000000001", organizer="org-1")
    opened = watch(marketplace, visitor="v-mine")
    shown = event("event_view", visitor_id="v-mine", entities={"event_entity_id": "ev-1"}, payload={"currency": "RON"})
    page.send(shown)
    (before,) = traced(marketplace.staff, look(marketplace.staff, opened))
    assert before.stored is False
    run_pipeline()

    (seen,) = traced(marketplace.staff, look(marketplace.staff, opened))
    assert seen.stored is True
    assert [(item.provider, item.public_id, item.state) for item in seen.destinations] == [
        ("meta", "1000000000001", "accepted")
    ]
    (again,) = earlier(marketplace.staff, "v-mine")
    assert (again.name, again.destinations) == ("event_view", seen.destinations)


def test_a_watch_ends_by_itself_and_another_marketplace_sees_nothing(
    page: Page, marketplace: Marketplace, other_marketplace: Marketplace
) -> None:
    mine, theirs = watch(marketplace), watch(other_marketplace)
    page.send(event())
    assert len(look(marketplace.staff, mine)) == 1
    assert look(other_marketplace.staff, theirs) == []
    assert look(other_marketplace.staff, mine_as(other_marketplace, mine)) == []
    assert 0 < client().ttl("adrail:live:watches") <= 2 * WATCH_SECONDS
    assert 0 < client().ttl(f"adrail:live:{marketplace.tenant_id}:{mine.id}") <= 300


def mine_as(marketplace: Marketplace, opened: Watch) -> Watch:
    """The same watch id, asked for by another marketplace."""
    return open_watch(marketplace.staff, watch_id=opened.id)


def test_only_so_many_views_may_be_open(marketplace: Marketplace) -> None:
    opened = [open_watch(marketplace.staff) for _ in range(MAX_WATCHES)]
    with pytest.raises(InvalidInputError, match="are open already"):
        open_watch(marketplace.staff)
    assert open_watch(marketplace.staff, watch_id=opened[0].id) == opened[0]


def test_a_watcher_who_cannot_be_told_stops_nobody(marketplace: Marketplace, store: Store, database: str) -> None:
    opened = watch(marketplace)
    forget_own_events()
    with away(database, spare=store.backend):
        with pytest.raises(UnavailableError):
            registry_of(marketplace.tenant_id).versions("custom.unread")
        tell(FromBackend(marketplace.tenant_id), [event("custom.unread")], [])
    assert look(marketplace.staff, opened) == []


def test_watches_that_ended_long_ago_are_forgotten(marketplace: Marketplace) -> None:
    old = "0" * 24
    stored = {"id": old, "tenant_id": marketplace.tenant_id, "until": 1.0}
    client().hset("adrail:live:watches", old, orjson.dumps(stored))
    opened = open_watch(marketplace.staff)
    assert client().hexists("adrail:live:watches", opened.id)
    assert not client().hexists("adrail:live:watches", old)


def test_what_comes_too_fast_is_counted(page: Page, marketplace: Marketplace) -> None:
    opened = watch(marketplace)
    for _ in range(5):
        page.send(*(event(visitor_id=f"v-{number}") for number in range(100)))
    seen = look(marketplace.staff, opened)
    shown = [item for item in seen if not item.left_out]
    assert len(seen) <= KEPT
    assert len(shown) + sum(item.left_out for item in seen) == 500


def test_following_gives_events_as_they_come_until_it_is_stopped(page: Page, marketplace: Marketplace) -> None:
    opened, stop, seen = watch(marketplace), threading.Event(), list[LiveEvent]()

    def read(actor: Actor) -> None:
        seen.extend(iter_until(follow(actor, opened, stop), stop))

    reader = threading.Thread(target=read, args=[marketplace.staff])
    reader.start()
    page.send(event("click"))
    reader.join(30)
    assert [item.name for item in seen] == ["click"]
    assert not client().hexists("adrail:live:watches", opened.id)


def iter_until(events: Iterator[LiveEvent], stop: threading.Event) -> Iterator[LiveEvent]:
    """The first event; then it is stopped."""
    for item in events:
        stop.set()
        yield item
