"""Envelope encryption of a connection's secrets."""

from __future__ import annotations

import os

import pytest

from core.connections import vault
from core.security.crypto import DecryptionError, Keyring

OLD, NEW = os.urandom(32), os.urandom(32)
SECRETS = {"token": "canary-8f1c"}


def test_secrets_open_where_they_belong_and_nowhere_else() -> None:
    ring = Keyring({"k1": OLD})
    blob = vault.lock(ring, SECRETS, tenant_id=1, connection_id=7)
    assert dict(vault.unlock(ring, blob, tenant_id=1, connection_id=7)) == SECRETS
    for tenant_id, connection_id in ((2, 7), (1, 8)):
        with pytest.raises(DecryptionError):
            vault.unlock(ring, blob, tenant_id=tenant_id, connection_id=connection_id)


def test_every_byte_of_the_ciphertext_is_protected() -> None:
    ring = Keyring({"k1": OLD})
    blob = vault.lock(ring, SECRETS, tenant_id=1, connection_id=7)
    for position in range(len(blob)):
        damaged = blob[:position] + bytes([blob[position] ^ 1]) + blob[position + 1 :]
        with pytest.raises(DecryptionError):
            vault.unlock(ring, damaged, tenant_id=1, connection_id=7)


def test_each_connection_has_a_data_key_of_its_own() -> None:
    ring = Keyring({"k1": OLD})
    first = vault.lock(ring, SECRETS, tenant_id=1, connection_id=7)
    second = vault.lock(ring, SECRETS, tenant_id=1, connection_id=7)
    assert first != second
    assert b"canary" not in first


def test_a_new_master_key_takes_over_without_touching_the_inner_ciphertext() -> None:
    blob = vault.lock(Keyring({"k1": OLD}), SECRETS, tenant_id=1, connection_id=7)
    moved = vault.rewrap(Keyring({"k2": NEW, "k1": OLD}), blob)
    assert (vault.master_key_of(blob), vault.master_key_of(moved)) == ("k1", "k2")
    assert moved[-40:] == blob[-40:]
    only_new = Keyring({"k2": NEW})
    assert dict(vault.unlock(only_new, moved, tenant_id=1, connection_id=7)) == SECRETS
    with pytest.raises(DecryptionError, match="ADRAIL_MASTER_KEYS"):
        vault.unlock(only_new, blob, tenant_id=1, connection_id=7)
