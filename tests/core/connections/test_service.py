"""State of connections, their secrets at rest, and who is told of changes."""

from __future__ import annotations

import base64
import os
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib.metadata import EntryPoint

import pytest
from sqlalchemy import text

from adrail.hookspecs import ConnectionChanged
from core.accounts.api import Actor
from core.config import settings
from core.connections import announce, health
from core.connections.api import (
    check,
    get_connection,
    link,
    list_connections,
    mark_needs_reconnect,
    open_for_sending,
    pause,
    replace_secrets,
    resume,
    rewrap_secrets,
    throttle,
)
from core.db.session import tenant_session
from core.errors import ConflictError, ForbiddenError, InvalidInputError, NotFoundError
from core.jobs import CONVERSIONS, queue
from core.registry import GROUP, Registry
from core.security.crypto import DecryptionError, keyring
from tests.core.codes.helpers import PROVIDER, TOKEN
from tests.core.connections import recorder
from tests.marketplace import Marketplace

ACCOUNT = "100000000000001"


@pytest.fixture
def seller(marketplace: Marketplace) -> Actor:
    return marketplace.organizer("org-1")


@pytest.fixture
def rival(marketplace: Marketplace) -> Actor:
    return marketplace.organizer("org-2")


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[ConnectionChanged]]:
    plugins = Registry([EntryPoint("recorder", "tests.core.connections.recorder", GROUP)])
    monkeypatch.setattr(announce, "registry", lambda: plugins)
    recorder.heard.clear()
    yield recorder.heard
    recorder.heard.clear()


@pytest.fixture
def use_master_keys(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    def use(keys: str) -> None:
        monkeypatch.setenv("ADRAIL_MASTER_KEYS", keys)
        settings.cache_clear()
        keyring.cache_clear()

    yield use
    monkeypatch.undo()
    settings.cache_clear()
    keyring.cache_clear()


def connect(marketplace: Marketplace, token: str = TOKEN, account: str = ACCOUNT) -> int:
    with tenant_session(marketplace.tenant_id) as session:
        return link(
            session,
            marketplace.organizer("org-1"),
            organizer_id=marketplace.organizers["org-1"],
            provider=PROVIDER,
            account_id=account,
            secrets={"access_token": token},
            settings={"advanced_matching": True},
        )


def stored_secret(marketplace: Marketplace, connection_id: int) -> bytes:
    with tenant_session(marketplace.tenant_id) as session:
        query = text("SELECT secret_ciphertext FROM connections WHERE id = :id")
        return bytes(session.execute(query, {"id": connection_id}).scalar_one())


def state(marketplace: Marketplace) -> tuple[str, str | None]:
    (view,) = list_connections(marketplace.organizer("org-1")).items
    return view.state, view.state_reason


def test_secret_is_unreadable_in_the_table_and_opens_for_sending(marketplace: Marketplace) -> None:
    connection_id = connect(marketplace)
    assert TOKEN.encode() not in stored_secret(marketplace, connection_id)
    with tenant_session(marketplace.tenant_id) as session:
        opened = open_for_sending(session, connection_id)
    assert opened.credentials["access_token"] == TOKEN
    assert opened.ref.settings == {"advanced_matching": True}
    assert TOKEN not in repr(opened)


def test_ciphertext_moved_to_another_connection_does_not_open(marketplace: Marketplace) -> None:
    mine, other = connect(marketplace), connect(marketplace, "other-token", "100000000000002")
    with tenant_session(marketplace.tenant_id) as session:
        session.execute(
            text("UPDATE connections SET secret_ciphertext = :stolen WHERE id = :id"),
            {"stolen": stored_secret(marketplace, mine), "id": other},
        )
    with tenant_session(marketplace.tenant_id) as session, pytest.raises(DecryptionError):
        open_for_sending(session, other)


def test_secrets_rotate_to_a_second_master_key_and_open_without_the_first(
    marketplace: Marketplace, use_master_keys: Callable[[str], None]
) -> None:
    connection_id = connect(marketplace)
    before = stored_secret(marketplace, connection_id)
    old, new = settings().master_keys.get_secret_value(), f"k-new:{base64.b64encode(os.urandom(32)).decode()}"
    use_master_keys(f"{new},{old}")
    assert rewrap_secrets() >= 1
    assert rewrap_secrets() == 0
    assert stored_secret(marketplace, connection_id) != before
    use_master_keys(new)
    with tenant_session(marketplace.tenant_id) as session:
        assert open_for_sending(session, connection_id).credentials["access_token"] == TOKEN
    use_master_keys(f"{old},{new}")
    assert rewrap_secrets() >= 1


def test_unnamed_secrets_stay_and_an_empty_first_link_is_refused(marketplace: Marketplace, seller: Actor) -> None:
    connection_id = connect(marketplace)
    with tenant_session(marketplace.tenant_id) as session:
        link(
            session,
            seller,
            organizer_id=marketplace.organizers["org-1"],
            provider=PROVIDER,
            account_id=ACCOUNT,
            secrets={"app_secret": "second"},
            settings={},
        )
        assert dict(open_for_sending(session, connection_id).credentials) == {
            "access_token": TOKEN,
            "app_secret": "second",
        }
    with pytest.raises(InvalidInputError), tenant_session(marketplace.tenant_id) as session:
        link(
            session,
            seller,
            organizer_id=marketplace.organizers["org-1"],
            provider=PROVIDER,
            account_id="100000000000009",
            secrets={},
            settings={},
        )
    assert len(list_connections(seller).items) == 1


def test_dead_credentials_stop_the_connection_once_and_plugins_hear_it_after_the_commit(
    marketplace: Marketplace, heard: list[ConnectionChanged]
) -> None:
    connection_id = connect(marketplace)
    with tenant_session(marketplace.tenant_id) as session:
        refused = open_for_sending(session, connection_id)
        mark_needs_reconnect(session, refused, "the token expired", "190")
        mark_needs_reconnect(session, refused, "again", "190")
        with session.begin_nested():
            session.execute(text("SELECT 1"))
        assert heard == []
    assert heard == [
        ConnectionChanged(marketplace.tenant_id, connection_id, PROVIDER, "needs_reconnect", "the token expired")
    ]
    assert state(marketplace) == ("needs_reconnect", "the token expired")


def test_rolled_back_change_is_announced_to_nobody(marketplace: Marketplace, heard: list[ConnectionChanged]) -> None:
    connection_id = connect(marketplace)
    with tenant_session(marketplace.tenant_id) as session:
        mark_needs_reconnect(session, open_for_sending(session, connection_id), "the token expired", "190")
        session.rollback()
    assert heard == []
    assert state(marketplace) == ("active", None)


def test_new_token_reactivates_and_wakes_what_waits(marketplace: Marketplace, heard: list[ConnectionChanged]) -> None:
    connection_id = connect(marketplace)
    with tenant_session(marketplace.tenant_id) as session:
        mark_needs_reconnect(session, open_for_sending(session, connection_id), "the token expired", "190")
    connect(marketplace, "fresh-token")
    assert [change.state for change in heard] == ["needs_reconnect", "active"]
    jobs = [(job.func_name, list(job.args)) for job in queue(CONVERSIONS).jobs]
    assert (announce.DELIVER, [marketplace.tenant_id, connection_id]) in jobs
    assert callable(pkgutil.resolve_name(announce.DELIVER))


def test_pause_holds_until_resumed_and_survives_a_new_token(marketplace: Marketplace, seller: Actor) -> None:
    connection_id = connect(marketplace)
    pause(seller, connection_id, "budget is used up")
    connect(marketplace, "fresh-token")
    assert state(marketplace) == ("paused", "budget is used up")
    with pytest.raises(ConflictError):
        pause(seller, connection_id)
    resume(seller, connection_id)
    assert state(marketplace) == ("active", None)
    with pytest.raises(ConflictError, match="nothing is to be done"):
        resume(seller, connection_id)


def test_replaced_secret_reactivates_and_is_what_opens(marketplace: Marketplace, seller: Actor) -> None:
    connection_id = connect(marketplace)
    with tenant_session(marketplace.tenant_id) as session:
        mark_needs_reconnect(session, open_for_sending(session, connection_id), "the token expired", "190")
    with pytest.raises(InvalidInputError):
        replace_secrets(seller, connection_id, {"access_token": ""})
    replace_secrets(seller, connection_id, {"access_token": "fresh-token"})
    assert get_connection(seller, connection_id).state == "active"
    with tenant_session(marketplace.tenant_id) as session:
        assert open_for_sending(session, connection_id).credentials["access_token"] == "fresh-token"


def test_throttling_never_shortens_a_longer_pause(marketplace: Marketplace) -> None:
    connection_id, now = connect(marketplace), datetime.now(UTC)
    with tenant_session(marketplace.tenant_id) as session:
        throttle(session, connection_id, now + timedelta(minutes=10))
        throttle(session, connection_id, now + timedelta(minutes=5))
        assert open_for_sending(session, connection_id).resume_at == now + timedelta(minutes=10)


def test_connections_of_others_are_out_of_reach(
    marketplace: Marketplace, other_marketplace: Marketplace, seller: Actor, rival: Actor
) -> None:
    connection_id, stranger = connect(marketplace), other_marketplace
    for actor in (rival, stranger.staff):
        assert list_connections(actor).items == []
        for act in (get_connection, pause, resume, check):
            with pytest.raises(NotFoundError):
                act(actor, connection_id)
        with pytest.raises(NotFoundError):
            replace_secrets(actor, connection_id, {"access_token": "stolen"})
    with tenant_session(stranger.tenant_id) as session, pytest.raises(NotFoundError):
        open_for_sending(session, connection_id)
    powerless = replace(seller, permissions=frozenset())
    with pytest.raises(ForbiddenError):
        pause(powerless, connection_id)


def test_health_check_asks_the_platform(marketplace: Marketplace, sandbox: object, seller: Actor) -> None:
    assert check(seller, connect(marketplace)).ok
    broken = connect(marketplace, "x y", "100000000000002")
    report = check(seller, broken)
    assert not report.ok
    assert report.remedy


def test_dead_credentials_found_by_a_health_check_stop_the_connection(
    marketplace: Marketplace, sandbox: object, seller: Actor
) -> None:
    report = check(seller, connect(marketplace, "x y"))
    assert report.remedy
    assert state(marketplace) == ("needs_reconnect", report.summary)


def test_a_health_check_that_fails_in_its_own_way_is_reported_and_leaks_nothing(
    marketplace: Marketplace,
    seller: Actor,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    plugins = Registry([EntryPoint("careless", "tests.core.connections.careless", GROUP)])
    monkeypatch.setattr(health, "registry", lambda: plugins)
    connection_id = connect(marketplace)
    with tenant_session(marketplace.tenant_id) as session:
        session.execute(text("UPDATE connections SET provider = 'careless' WHERE id = :id"), {"id": connection_id})
    report = check(seller, connection_id)
    assert (report.ok, report.code) == (False, "")
    assert report.remedy
    assert state(marketplace) == ("active", None)
    printed = "".join(capsys.readouterr()) + caplog.text
    assert "ValueError at careless.py" in printed
    assert TOKEN not in printed + str(report)


def test_list_is_paged(marketplace: Marketplace, seller: Actor) -> None:
    ids = [connect(marketplace, account=str(100000000000001 + number)) for number in range(3)]
    first = list_connections(seller, limit=2)
    rest = list_connections(seller, limit=2, cursor=first.next_cursor)
    assert [item.id for item in first.items + rest.items] == ids
    assert rest.next_cursor is None
