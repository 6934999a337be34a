"""Random keys with a readable prefix, their hashes, and password hashing."""

from __future__ import annotations

import functools
import hashlib
import secrets

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

SHOWN_CHARACTERS = 6


def new_key(kind: str) -> str:
    """Return a new key, ``ak_<kind>_<43 characters>`` (256 random bits)."""
    return f"ak_{kind}_{secrets.token_urlsafe(32)}"


def key_prefix(key: str) -> str:
    """The part of a key that may be shown: its kind and the first 6 of 43 random characters."""
    kind = "_".join(key.split("_", 2)[:2])
    return key[: len(kind) + 1 + SHOWN_CHARACTERS]


def key_hash(key: str) -> bytes:
    """SHA-256 of a key; enough because keys are random."""
    return hashlib.sha256(key.encode()).digest()


@functools.lru_cache(maxsize=1)
def _hasher() -> PasswordHasher:
    return PasswordHasher()


def hash_password(password: str) -> str:
    """Argon2id hash in PHC format with the library's current parameters."""
    return _hasher().hash(password)


def verify_password(stored: str | None, password: str) -> bool:
    """Check a password; takes the same time when there is no such user (``stored`` None)."""
    try:
        return _hasher().verify(stored or _nobody(), password) and stored is not None
    except (VerificationError, InvalidHashError):
        return False


def is_outdated(stored: str) -> bool:
    """Whether a password hash was made with other parameters than today's, so that it should be made anew."""
    return _hasher().check_needs_rehash(stored)


@functools.lru_cache(maxsize=1)
def _nobody() -> str:
    return hash_password(secrets.token_urlsafe(16))
