"""Ports of embedded servers: nobody else gets one by chance, and who was told of one can rely on it."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from core.embedded.errors import EmbeddedServerError
from core.embedded.paths import open_data_dir
from core.embedded.state import choose_port
from core.embedded.valkey import EmbeddedValkey


def test_a_free_port_is_none_that_outgoing_connections_get(empty_dir: Path) -> None:
    data_dir = open_data_dir(empty_dir)
    chosen = [choose_port(data_dir, f"server-{number}", None) for number in range(50)]
    assert all(20_000 <= port < 32_768 for port in chosen)
    assert len(set(chosen)) > 40


def test_a_restarted_server_waits_for_its_port_instead_of_taking_another(empty_dir: Path) -> None:
    with EmbeddedValkey(empty_dir) as valkey:
        port, url = valkey.port, valkey.url()
        assert valkey._process is not None
        valkey._process.kill()
        valkey._process.wait(30)
        in_use = pytest.raises(EmbeddedServerError, match=f"port {port} for valkey is in use")
        with socket.create_server(("127.0.0.1", port)), in_use:
            valkey.start()
        valkey.start()
        assert valkey.url() == url
