"""How a connection's secrets are stored: envelope encryption, bound to their tenant and connection.

Layout of `connections.secret_ciphertext`, version 1::

    1 byte   0x01, version of this layout
    2 bytes  length of the wrapped key, big-endian
    n bytes  the connection's own random 256-bit data key, sealed by the current master key (`Keyring.seal`)
    rest     12-byte nonce, then AES-256-GCM of a JSON object {field name: secret}

The inner encryption authenticates ``connections.secret:<tenant>:<connection>``: a ciphertext copied to another row or
tenant does not open. A new master key changes the wrapped key alone (`rewrap`), never the rest.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

import orjson

from adrail import Credentials
from core.security.crypto import KEY_BYTES, DecryptionError, Keyring, decrypt, encrypt

VERSION = 1
WRAP_PURPOSE = "connection-key"


def lock(ring: Keyring, secrets: Mapping[str, str], *, tenant_id: int, connection_id: int) -> bytes:
    """Encrypt secrets under a new data key."""
    key = os.urandom(KEY_BYTES)
    return _pack(
        ring.seal(key, WRAP_PURPOSE), encrypt(key, orjson.dumps(dict(secrets)), _place(tenant_id, connection_id))
    )


def unlock(ring: Keyring, blob: bytes, *, tenant_id: int, connection_id: int) -> Credentials:
    """Open `lock`; raises `DecryptionError` when it is another row's, damaged, or its master key is gone."""
    wrapped, ciphertext = _unpack(blob)
    key = ring.unseal(wrapped, WRAP_PURPOSE)
    return Credentials(orjson.loads(decrypt(key, ciphertext, _place(tenant_id, connection_id))))


def rewrap(ring: Keyring, blob: bytes) -> bytes:
    """Wrap the same data key under the current master key; raises `DecryptionError`."""
    wrapped, ciphertext = _unpack(blob)
    return _pack(ring.seal(ring.unseal(wrapped, WRAP_PURPOSE), WRAP_PURPOSE), ciphertext)


def master_key_of(blob: bytes) -> str:
    """Return the id of the master key that wraps a stored secret."""
    wrapped, _ = _unpack(blob)
    return wrapped[1 : 1 + wrapped[0]].decode(errors="replace")


def _place(tenant_id: int, connection_id: int) -> str:
    return f"connections.secret:{tenant_id}:{connection_id}"


def _pack(wrapped: bytes, ciphertext: bytes) -> bytes:
    return bytes([VERSION]) + len(wrapped).to_bytes(2, "big") + wrapped + ciphertext


def _unpack(blob: bytes) -> tuple[bytes, bytes]:
    if blob[:1] != bytes([VERSION]):
        raise DecryptionError("this is not a connection's ciphertext of a known version")
    end = 3 + int.from_bytes(blob[1:3], "big")
    return blob[3:end], blob[end:]
