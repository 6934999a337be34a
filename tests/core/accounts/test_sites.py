"""Write keys while the database hangs: what is known goes on being used."""

from __future__ import annotations

import threading
import time

import psycopg

from core.accounts import service
from core.accounts.api import find_site
from tests.marketplace import Marketplace
from tests.waiting import until


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
        began = time.monotonic()
        assert [find_site(key) for _ in range(20)] == [known] * 20
        assert time.monotonic() - began < 1
        assert asking.is_alive()
    asking.join(10)
    assert service._sites[key][0] > time.monotonic() + 30
    assert not service._asking
