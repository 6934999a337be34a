"""Write keys while the database hangs or is away: what is known goes on being used."""

from __future__ import annotations

import threading
import time

import psycopg
import pytest
from sqlalchemy.exc import OperationalError

from core.accounts import service
from core.accounts.api import find_site
from tests.marketplace import Marketplace
from tests.process_state import use_environment
from tests.waiting import until

NO_DATABASE = "postgresql://nobody@127.0.0.1:1/none"


def test_one_asks_a_database_that_hangs_and_nobody_else_waits(marketplace: Marketplace, database: str) -> None:
    key = marketplace.write_key
    known = find_site(key)
    assert known is not None
    service._sites[key] = (0.0, known)
    with psycopg.connect(database) as other:
        other.execute("LOCK TABLE sites IN ACCESS EXCLUSIVE MODE")
        asking = threading.Thread(target=find_site, args=(key,))
        asking.start()
        until(lambda: key in service._asking, what="the first question")
        assert [find_site(key) for _ in range(20)] == [known] * 20
        assert asking.is_alive()
    asking.join(30)
    assert service._sites[key][0] > time.monotonic() + 30
    assert not service._asking


def test_a_process_that_never_met_a_key_learns_it_from_the_others(marketplace: Marketplace) -> None:
    known = find_site(marketplace.write_key)
    with use_environment(DATABASE_URL=NO_DATABASE):  # as a process that starts now
        assert find_site(marketplace.write_key) == known
        assert find_site(marketplace.write_key) == known
        with pytest.raises(OperationalError):
            find_site("ak_write_that_nobody_met")


def test_a_key_that_was_taken_away_is_forgotten_everywhere(
    marketplace: Marketplace, admin_connection: psycopg.Connection[tuple[object, ...]]
) -> None:
    key = marketplace.write_key
    assert find_site(key)
    admin_connection.execute("UPDATE sites SET write_key = write_key || 'x' WHERE write_key = %s", [key])
    service.forget_sites()
    assert find_site(key) is None
    with use_environment(DATABASE_URL=NO_DATABASE), pytest.raises(OperationalError):
        find_site(key)


def test_without_valkey_keys_are_found_all_the_same(marketplace: Marketplace) -> None:
    with use_environment(REDIS_URL="redis://127.0.0.1:1/0"):
        assert find_site(marketplace.write_key)
