"""Signing secrets at rest: sealed by the master key, bound to their marketplace and provider."""

from __future__ import annotations

import orjson

from core.payments.models import SEAL
from core.security.crypto import DecryptionError, keyring


def lock(tenant_id: int, provider: str, value: str) -> bytes:
    """Seal a secret."""
    return keyring().seal(orjson.dumps([tenant_id, provider, value]), SEAL)


def unlock(tenant_id: int, provider: str, sealed: bytes) -> str:
    """Open `lock`; raises `DecryptionError` when it is another row's, damaged, or its master key is gone."""
    owner, name, value = orjson.loads(keyring().unseal(sealed, SEAL))
    if (owner, name) != (tenant_id, provider):
        raise DecryptionError("this payment secret belongs to another marketplace or provider")
    return str(value)
