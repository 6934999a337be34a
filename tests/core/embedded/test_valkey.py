"""The embedded Valkey keeps what it acknowledged and never evicts."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from core.embedded.child import wait_until
from core.embedded.errors import DataDirInUseError
from core.embedded.valkey import EmbeddedValkey
from tests.core.embedded.support import DEADLINE, are_gone


def _client(server: EmbeddedValkey, db: int = 0) -> redis.Redis:
    return redis.Redis.from_url(server.url(db), decode_responses=True)


def test_a_restart_keeps_port_password_and_data(empty_dir: Path) -> None:
    with EmbeddedValkey(empty_dir) as server:
        url, pid = server.url(), server.pid
        with _client(server) as client:
            client.set("kept", "1")
    assert pid is not None
    assert are_gone([pid], within=0)
    with EmbeddedValkey(empty_dir) as server, _client(server) as client:
        assert server.url() == url
        assert client.get("kept") == "1"


def test_acknowledged_writes_survive_kill_9(empty_dir: Path) -> None:
    server = EmbeddedValkey(empty_dir)
    server.start()
    with _client(server) as client:
        for n in range(200):
            client.rpush("kept", n)
        assert server.pid is not None
        os.kill(server.pid, signal.SIGKILL)
    assert wait_until(lambda: not server.alive(), DEADLINE)
    server.start()
    with _client(server) as client:
        assert client.lrange("kept", 0, -1) == [str(n) for n in range(200)]
    server.stop()


def test_an_append_only_file_cut_short_by_a_crash_is_loaded(empty_dir: Path) -> None:
    with EmbeddedValkey(empty_dir) as server, _client(server) as client:
        client.set("first", "1")
        client.set("second", "2")
    (log,) = (empty_dir / "valkey" / "appendonlydir").glob("*.incr.aof")
    os.truncate(log, log.stat().st_size - 3)
    with EmbeddedValkey(empty_dir) as server, _client(server) as client:
        assert client.mget("first", "second") == ["1", None]


def test_settings_are_the_ones_promised(empty_dir: Path) -> None:
    with EmbeddedValkey(empty_dir, appendfsync="everysec") as server, _client(server, db=31) as client:
        found = dict(client.config_get("append*", "maxmemory*", "databases", "save", "bind"))
    wanted = {
        "appendonly": "yes",
        "appendfsync": "everysec",
        "maxmemory": str(512 * 1024 * 1024),
        "maxmemory-policy": "noeviction",
        "databases": "32",
        "save": "",
        "bind": "127.0.0.1",
    }
    assert {name: found[name] for name in wanted} == wanted


def test_every_write_is_on_disk_before_it_is_acknowledged_by_default(empty_dir: Path) -> None:
    with EmbeddedValkey(empty_dir) as server, _client(server) as client:
        assert dict(client.config_get("appendfsync")) == {"appendfsync": "always"}


def test_the_password_is_asked_for(empty_dir: Path) -> None:
    with (
        EmbeddedValkey(empty_dir) as server,
        redis.Redis(port=server.port, retry=Retry(NoBackoff(), 0)) as stranger,
        pytest.raises(redis.AuthenticationError),
    ):
        stranger.ping()


def test_a_second_start_in_the_same_process_is_refused(empty_dir: Path) -> None:
    with EmbeddedValkey(empty_dir) as first:
        with pytest.raises(DataDirInUseError, match="valkey of the data directory"):
            EmbeddedValkey(empty_dir).start()
        assert first.alive()
