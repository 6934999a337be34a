"""Passwords and ports of a data directory: made once, kept in two small JSON files."""

from __future__ import annotations

import json
import os
import secrets
import socket
from pathlib import Path

from core.embedded.errors import DataDirError, EmbeddedServerError
from core.embedded.paths import DataDir

_SECRETS = "secrets.json"
_PORTS = "ports.json"
# Linux gives 32768 and above to outgoing connections, other systems 49152 and above.
_FIRST_PORT, _END_OF_PORTS = 20_000, 32_768
_TRIES = 100


def secret(data_dir: DataDir, name: str) -> str:
    """Return the password kept under `name`, a random one from the first call on; safe in URLs unquoted."""
    kept = _read(data_dir.root / _SECRETS)
    if name not in kept:
        kept[name] = secrets.token_urlsafe(24)
        write_file(data_dir.root / _SECRETS, json.dumps(kept, indent=1), mode=0o600)
    return str(kept[name])


def has_secret(data_dir: DataDir, name: str) -> bool:
    """Say whether a password was ever made under `name`."""
    return name in _read(data_dir.root / _SECRETS)


def choose_port(data_dir: DataDir, name: str, wanted: int | None) -> int:
    """Return a free loopback TCP port for server `name`: the wanted one, else last time's, else any.

    Raises `EmbeddedServerError` when the wanted one is taken.
    """
    if wanted is not None:
        if not _is_free(wanted):
            raise EmbeddedServerError(f"port {wanted} for {name} is in use. Free it, choose another, or choose none.")
        return wanted
    kept = _read(data_dir.root / _PORTS)
    port = kept.get(name)
    if isinstance(port, int) and _is_free(port):
        return port
    kept[name] = port = _any_free_port()
    write_file(data_dir.root / _PORTS, json.dumps(kept, indent=1), mode=0o644)
    return port


def write_file(path: Path, text: str, *, mode: int) -> None:
    """Replace a file at once, so that a reader or a crash meets the old text or the new, never half of one."""
    fresh = path.with_name(f".{path.name}.new")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        os.fchmod(stream.fileno(), mode)
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    fresh.replace(path)


def _read(path: Path) -> dict[str, object]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError as exc:
        raise DataDirError(f"{path} is not readable as JSON ({exc}). Restore it from a backup.") from exc
    if not isinstance(content, dict):
        raise DataDirError(f"{path} does not hold a JSON object. Restore it from a backup.")
    return content


def _any_free_port() -> int:
    """A port below those that systems give to outgoing connections.

    While a server is down one of these may take its port, even one that was trying to reach the server and then talks
    to itself.
    """
    for _ in range(_TRIES):
        port = _FIRST_PORT + secrets.randbelow(_END_OF_PORTS - _FIRST_PORT)
        if _is_free(port):
            return port
    raise EmbeddedServerError(f"{_TRIES} ports between {_FIRST_PORT} and {_END_OF_PORTS} are all in use")


def _is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As the servers do; without it a port with connections in TIME_WAIT would count as taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
