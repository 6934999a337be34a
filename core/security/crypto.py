"""Encryption: master keys wrap data keys, data keys encrypt fields, seals protect what travels."""

from __future__ import annotations

import base64
import functools
import hmac
import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from core.config import parse_master_keys, settings

NONCE_BYTES = 12
KEY_BYTES = 32


class DecryptionError(Exception):
    """Ciphertext does not open: wrong purpose, damaged, or its master key is no longer configured."""


def derive(key: bytes, purpose: str) -> bytes:
    """Return a 32-byte key for one purpose (HKDF-SHA256, RFC 5869)."""
    return HKDF(algorithm=hashes.SHA256(), length=KEY_BYTES, salt=None, info=purpose.encode()).derive(key)


# Making one costs as much as using it. The keys themselves live as long as the process anyhow.
_cipher = functools.lru_cache(maxsize=1024)(AESGCM)


def encrypt(key: bytes, plaintext: bytes, purpose: str) -> bytes:
    """AES-256-GCM with a random nonce in front; ``purpose`` is authenticated."""
    nonce = os.urandom(NONCE_BYTES)
    return nonce + _cipher(key).encrypt(nonce, plaintext, purpose.encode())


def decrypt(key: bytes, ciphertext: bytes, purpose: str) -> bytes:
    """Open `encrypt`; raises `DecryptionError`."""
    return _open(AESGCM(key), ciphertext, purpose)


def _open(cipher: AESGCM, ciphertext: bytes, purpose: str) -> bytes:
    try:
        return cipher.decrypt(ciphertext[:NONCE_BYTES], ciphertext[NONCE_BYTES:], purpose.encode())
    except (InvalidTag, ValueError) as exc:
        raise DecryptionError(f"ciphertext for {purpose!r} does not open") from exc


def key_prefix(key_id: str) -> bytes:
    """What everything sealed under a master key begins with; no other key's begins like that."""
    name = key_id.encode()
    return bytes([len(name)]) + name


def key_id_of(sealed: bytes) -> str:
    """The id of the master key that sealed something; empty for an empty text."""
    return sealed[1 : 1 + sealed[0]].decode(errors="replace") if sealed else ""


def new_master_key() -> str:
    """A fresh entry for ``ADRAIL_MASTER_KEYS``; its id tells the day."""
    key_id = f"k{datetime.now(UTC):%Y%m%d}-{os.urandom(2).hex()}"
    return f"{key_id}:{base64.b64encode(os.urandom(KEY_BYTES)).decode()}"


class Keyring:
    """The master keys: the first encrypts, all decrypt. Every ciphertext names its key, so keys can be rotated."""

    def __init__(self, keys: Mapping[str, bytes]) -> None:
        self._keys = dict(keys)
        self._current = next(iter(self._keys))
        self._derived: dict[tuple[str, str], bytes] = {}

    def seal(self, plaintext: bytes, purpose: str) -> bytes:
        """Encrypt under the current master key; layout: length of key id, key id, nonce, ciphertext."""
        return key_prefix(self._current) + encrypt(self._for(self._current, purpose), plaintext, purpose)

    def unseal(self, sealed: bytes, purpose: str) -> bytes:
        """Open `seal`; raises `DecryptionError` when the key is unknown or the data damaged."""
        key_id = key_id_of(sealed)
        if key_id not in self._keys:
            raise DecryptionError(f"master key {key_id!r} is not configured; add it to ADRAIL_MASTER_KEYS")
        try:
            return decrypt(self._for(key_id, purpose), sealed[1 + sealed[0] :], purpose)
        except DecryptionError:
            raise DecryptionError(
                f"what master key {key_id!r} sealed for {purpose!r} does not open: it is damaged, was sealed for "
                "something else, or another key had this name; set ADRAIL_MASTER_KEYS to the key that sealed it"
            ) from None

    @property
    def current(self) -> str:
        """The id of the key that encrypts."""
        return self._current

    def knows(self, key_id: str) -> bool:
        """Whether what this key sealed can be opened."""
        return key_id in self._keys

    def reseal(self, sealed: bytes, purpose: str) -> bytes:
        """Seal the same under the current master key; raises `DecryptionError`."""
        return self.seal(self.unseal(sealed, purpose), purpose)

    def _for(self, key_id: str, purpose: str) -> bytes:
        cached = self._derived.get((key_id, purpose))
        if cached is None:
            cached = self._derived[key_id, purpose] = derive(self._keys[key_id], purpose)
        return cached


class DataKey:
    """A random key of one tenant (or of the installation): encrypts fields and makes blind indexes."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._ciphers: dict[str, AESGCM] = {}

    @classmethod
    def create(cls, ring: Keyring) -> tuple[DataKey, bytes]:
        """Return a new key and its wrapped form for storage."""
        raw = os.urandom(KEY_BYTES)
        return cls(raw), ring.seal(raw, "data-key")

    @classmethod
    def unwrap(cls, ring: Keyring, wrapped: bytes) -> DataKey:
        """Open a stored key; raises `DecryptionError`."""
        return cls(ring.unseal(wrapped, "data-key"))

    def encrypt(self, text: str, field: str) -> bytes:
        """Encrypt one field's text; ``field`` (``table.column``) binds it to its place."""
        return self.encrypt_all([text], field)[0]

    def encrypt_all(self, texts: Sequence[str], field: str) -> list[bytes]:
        """`encrypt` for many texts, each under a nonce of its own; what they share is done once."""
        cipher, purpose = self._cipher(field).encrypt, field.encode()
        nonces = os.urandom(NONCE_BYTES * len(texts))
        cut = [nonces[at : at + NONCE_BYTES] for at in range(0, len(nonces), NONCE_BYTES)]
        return [nonce + cipher(nonce, text.encode(), purpose) for nonce, text in zip(cut, texts, strict=True)]

    def decrypt(self, ciphertext: bytes, field: str) -> str:
        """Open `encrypt`; raises `DecryptionError`."""
        return _open(self._cipher(field), ciphertext, field).decode()

    def blind_index(self, kind: str, normalised: str) -> bytes:
        """Keyed hash (HMAC-SHA256) of normalised text: equal texts are found, nothing can be read."""
        return hmac.digest(self._derived(f"index:{kind}"), normalised.encode(), "sha256")

    def blind_indexes(self, kind: str, normalised: Sequence[str]) -> list[bytes]:
        """`blind_index` for many texts; the key is worked in once."""
        keyed = hmac.new(self._derived(f"index:{kind}"), digestmod="sha256")
        found = []
        for text in normalised:
            one = keyed.copy()
            one.update(text.encode())
            found.append(one.digest())
        return found

    def _cipher(self, field: str) -> AESGCM:
        cipher = self._ciphers.get(field)
        if cipher is None:
            cipher = self._ciphers[field] = AESGCM(self._derived(f"field:{field}"))
        return cipher

    @functools.lru_cache(maxsize=64)  # noqa: B019 - keys are few and live as long as the process
    def _derived(self, purpose: str) -> bytes:
        return derive(self._key, purpose)


@functools.lru_cache(maxsize=1)
def keyring() -> Keyring:
    """The master keys of this process."""
    return Keyring(parse_master_keys(settings().master_keys.get_secret_value()))
