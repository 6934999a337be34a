"""Marks tell whether the process that left them still lives."""

from __future__ import annotations

import os
from urllib.parse import urlsplit

import redis

from core.valkey import client, ended, mark
from tests.process_state import use_environment


def test_a_process_lives_while_one_of_its_connections_is_open(database: str) -> None:
    with redis.Redis.from_url(os.environ["REDIS_URL"], client_name="adrail-elsewhere-1-ab12") as other:
        other.ping()
        assert ended(["adrail-elsewhere-1-ab12/1", "adrail-elsewhere-2-cd34/1"]) == {"adrail-elsewhere-2-cd34/1"}
    assert ended(["adrail-elsewhere-1-ab12/1"]) == {"adrail-elsewhere-1-ab12/1"}


def test_this_process_lives_and_makes_no_mark_twice(database: str) -> None:
    client().ping()
    marks = {mark() for _ in range(100)}
    assert len(marks) == 100
    assert ended(marks) == set()


def test_what_is_no_mark_is_nobody(database: str) -> None:
    assert ended(["", "somebody", "9f2c"]) == set()


def test_a_server_that_does_not_tell_who_is_connected_makes_all_count_as_alive(database: str) -> None:
    with redis.Redis.from_url(os.environ["REDIS_URL"]) as admin:
        admin.acl_setuser("quiet", enabled=True, nopass=True, categories=["+@all"], commands=["-client|list"])
        place = urlsplit(os.environ["REDIS_URL"])
        with use_environment(REDIS_URL=f"redis://quiet:any@{place.hostname}:{place.port}{place.path}"):
            assert ended(["adrail-elsewhere-2-cd34/1"]) == set()
        admin.acl_deluser("quiet")
