"""Keys and passwords: random, recognisable, kept as hashes."""

from __future__ import annotations

import hashlib

import pytest

from core.security import tokens
from core.security.tokens import hash_password, key_hash, key_prefix, new_key, verify_password
from tests.passwords import COSTLY


@pytest.mark.parametrize("kind", ["write", "server", "organizer"])
def test_a_key_names_its_kind_and_shows_six_characters(kind: str) -> None:
    key = new_key(kind)
    assert key.startswith(f"ak_{kind}_")
    assert len(key) == len(f"ak_{kind}_") + 43
    assert key_prefix(key) == key[: len(f"ak_{kind}_") + 6]


def test_keys_never_repeat() -> None:
    assert len({new_key("server") for _ in range(1000)}) == 1000


def test_a_keys_hash_is_sha256() -> None:
    assert key_hash("ak_server_x") == hashlib.sha256(b"ak_server_x").digest()


def test_a_password_is_kept_as_argon2id(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "_hasher", COSTLY)
    stored = hash_password("a long enough password")
    assert stored.startswith("$argon2id$")
    assert "long enough" not in stored
    assert verify_password(stored, "a long enough password")
    assert not verify_password(stored, "A long enough password")


def test_a_password_costs_whoever_guesses_it_memory_and_time() -> None:
    """At least what RFC 9106 recommends where memory is short: 64 MiB, three rounds, four lanes."""
    hasher = COSTLY()
    assert (hasher.memory_cost >= 64 * 1024, hasher.time_cost >= 3, hasher.parallelism >= 4) == (True, True, True)


@pytest.mark.parametrize("stored", [None, "", "not a hash", "$argon2id$v=19$m=1,t=1,p=1$broken"])
def test_nobodys_password_is_right(stored: str | None) -> None:
    assert not verify_password(stored, "")
    assert not verify_password(stored, "a long enough password")
