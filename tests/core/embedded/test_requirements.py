"""Servers given from outside are refused with the setting to change, or accepted with what could not be checked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from core.embedded.errors import ServerRequirementError
from core.embedded.postgres import EmbeddedPostgres
from core.embedded.requirements import check_postgres, check_valkey, product_of, require_postgres_version
from core.embedded.valkey import EmbeddedValkey


@pytest.fixture
def valkey(empty_dir: Path) -> Iterator[EmbeddedValkey]:
    with EmbeddedValkey(empty_dir) as server:
        yield server


def _configure(server: EmbeddedValkey, name: str, value: str) -> None:
    with redis.Redis.from_url(server.url()) as client:
        client.config_set(name, value)


def _url_without_config(server: EmbeddedValkey) -> str:
    with redis.Redis.from_url(server.url()) as client:
        client.execute_command("ACL", "SETUSER", "managed", "on", ">pass", "~*", "+@all", "-config")
    return f"redis://managed:pass@127.0.0.1:{server.port}/0"


def test_the_embedded_servers_meet_the_requirements(data_dir: Path) -> None:
    with EmbeddedPostgres(data_dir) as postgres, EmbeddedValkey(data_dir) as valkey:
        found = check_postgres(postgres.superuser_url)
        assert (found.product, found.version.split(".")[0]) == ("PostgreSQL", "18")
        sqlalchemy_url = postgres.superuser_url.replace("postgresql://", "postgresql+psycopg://")
        assert check_postgres(sqlalchemy_url) == found
        assert (check_valkey(valkey.url()).product, check_valkey(valkey.url()).notes) == ("Valkey", ())


def test_a_server_without_append_only_file_is_refused(valkey: EmbeddedValkey) -> None:
    _configure(valkey, "appendonly", "no")
    with pytest.raises(ServerRequirementError, match=f"127.0.0.1:{valkey.port} keeps no append-only.*Set `appendonly"):
        check_valkey(valkey.url())


def test_a_server_that_evicts_is_refused_unless_its_memory_is_unlimited(valkey: EmbeddedValkey) -> None:
    _configure(valkey, "maxmemory-policy", "allkeys-lru")
    with pytest.raises(ServerRequirementError, match=r"may evict.*allkeys-lru.*Set `maxmemory-policy noeviction`"):
        check_valkey(valkey.url())
    _configure(valkey, "maxmemory", "0")
    assert check_valkey(valkey.url()).product == "Valkey"


def test_a_server_that_hides_its_configuration_is_judged_by_what_it_reports(valkey: EmbeddedValkey) -> None:
    url = _url_without_config(valkey)
    assert "CONFIG GET is not allowed" in check_valkey(url).notes[0]
    _configure(valkey, "maxmemory-policy", "volatile-ttl")
    with pytest.raises(ServerRequirementError, match="volatile-ttl"):
        check_valkey(url)
    _configure(valkey, "appendonly", "no")
    with pytest.raises(ServerRequirementError, match="no append-only file"):
        check_valkey(url)


def test_versions_that_are_too_old_are_refused_with_both_numbers() -> None:
    assert require_postgres_version(150000, "db:5432") == "15.0"
    with pytest.raises(ServerRequirementError, match=r"db:5432 is version 14\.11, but adrail needs 15 or newer"):
        require_postgres_version(140011, "db:5432")
    assert product_of({"redis_version": "7.0.0"}, "cache:6379") == ("Redis", "7.0.0")
    assert product_of({"redis_version": "7.2.4", "valkey_version": "8.1.0"}, "cache:6379") == ("Valkey", "8.1.0")
    with pytest.raises(
        ServerRequirementError, match=r"cache:6379 is version 6\.2\.14; adrail needs Valkey, or Redis 7"
    ):
        product_of({"redis_version": "6.2.14"}, "cache:6379")


def test_an_unreachable_server_is_named_without_its_password() -> None:
    with pytest.raises(ServerRequirementError, match=r"127\.0\.0\.1:1 cannot be used.*DATABASE_URL") as postgres:
        check_postgres("postgresql://user:hidden-word@127.0.0.1:1/db")
    with pytest.raises(ServerRequirementError, match=r"127\.0\.0\.1:1 cannot be used.*REDIS_URL") as valkey:
        check_valkey("redis://:hidden-word@127.0.0.1:1/0")
    assert "hidden-word" not in str(postgres.value) + str(valkey.value)
