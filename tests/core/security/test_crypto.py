"""Encryption: rotation, purposes, and indexes that survive a change of master key."""

from __future__ import annotations

import itertools
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.security.crypto import NONCE_BYTES, DataKey, DecryptionError, Keyring, decrypt, derive, encrypt

OLD, NEW = os.urandom(32), os.urandom(32)


def test_what_was_sealed_opens_with_the_same_purpose_only() -> None:
    ring = Keyring({"k1": OLD})
    sealed = ring.seal(b"198.51.100.7", "client")
    assert ring.unseal(sealed, "client") == b"198.51.100.7"
    assert b"198.51.100.7" not in sealed
    with pytest.raises(DecryptionError, match="'reject'"):
        ring.unseal(sealed, "reject")


def test_the_first_key_seals_and_all_keys_open() -> None:
    before = Keyring({"k1": OLD}).seal(b"kept", "client")
    rotated = Keyring({"k2": NEW, "k1": OLD})
    assert rotated.unseal(before, "client") == b"kept"
    after = rotated.seal(b"new", "client")
    assert Keyring({"k2": NEW}).unseal(after, "client") == b"new"
    with pytest.raises(DecryptionError, match=r"master key 'k1' is not configured; add it to ADRAIL_MASTER_KEYS"):
        Keyring({"k2": NEW}).unseal(before, "client")


def test_two_seals_of_the_same_text_differ() -> None:
    ring = Keyring({"k1": OLD})
    assert ring.seal(b"same", "client") != ring.seal(b"same", "client")


@given(st.binary(max_size=80))
def test_whatever_was_not_sealed_here_is_refused_as_such(data: bytes) -> None:
    with pytest.raises(DecryptionError):
        Keyring({"k1": OLD}).unseal(data, "client")


def test_a_single_changed_bit_is_noticed() -> None:
    ring = Keyring({"k1": OLD})
    sealed = ring.seal(b"text", "client")
    for position in range(len(sealed)):
        changed = bytearray(sealed)
        changed[position] ^= 1
        with pytest.raises(DecryptionError):
            ring.unseal(bytes(changed), "client")


def test_a_data_key_survives_the_rotation_of_its_master_key() -> None:
    key, wrapped = DataKey.create(Keyring({"k1": OLD}))
    again = DataKey.unwrap(Keyring({"k2": NEW, "k1": OLD}), wrapped)
    assert again.decrypt(key.encrypt("ana@example.com", "persons.email"), "persons.email") == "ana@example.com"
    assert again.blind_index("persons.email", "ana@example.com") == key.blind_index("persons.email", "ana@example.com")
    with pytest.raises(DecryptionError):
        DataKey.unwrap(Keyring({"k2": NEW}), wrapped)


def test_a_field_opens_in_its_own_column_only() -> None:
    key, _ = DataKey.create(Keyring({"k1": OLD}))
    sealed = key.encrypt("Ana", "persons.first_name")
    with pytest.raises(DecryptionError):
        key.decrypt(sealed, "persons.last_name")


def test_blind_indexes_of_other_kinds_and_other_tenants_differ() -> None:
    ring = Keyring({"k1": OLD})
    (one, _), (other, _) = DataKey.create(ring), DataKey.create(ring)
    indexes = {
        key.blind_index(kind, "40712345678") for key, kind in itertools.product((one, other), ("email", "phone"))
    }
    assert len(indexes) == 4
    assert one.blind_index("email", "a") == one.blind_index("email", "a")


def test_many_texts_are_treated_like_single_ones() -> None:
    key, _ = DataKey.create(Keyring({"k1": OLD}))
    texts = ["Ana", "", "Ana", "Ștefan"]
    sealed = key.encrypt_all(texts, "persons.first_name")
    assert [key.decrypt(item, "persons.first_name") for item in sealed] == texts
    assert len({item[:NONCE_BYTES] for item in sealed}) == len(texts)
    assert key.blind_indexes("email", texts) == [key.blind_index("email", text) for text in texts]


@given(st.text(max_size=200).filter(lambda text: text.isascii() or text.encode("utf-8", "ignore").decode() == text))
def test_any_text_comes_back(text: str) -> None:
    key, _ = DataKey.create(Keyring({"k1": OLD}))
    assert key.decrypt(key.encrypt(text, "field"), "field") == text


def test_keys_for_different_purposes_are_unrelated() -> None:
    assert derive(OLD, "a") != derive(OLD, "b")
    assert len(derive(OLD, "a")) == 32
    with pytest.raises(DecryptionError):
        decrypt(derive(OLD, "b"), encrypt(derive(OLD, "a"), b"x", "p"), "p")
