"""Values that must not be printed: raw and hashed identifiers, platform credentials."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping


class RawIdentifier:
    """An e-mail address, phone number or name in clear; its text is reachable only through ``reveal()``."""

    __slots__ = ("__value",)

    def __init__(self, value: str) -> None:
        self.__value = value

    def reveal(self) -> str:
        """Return the clear text; call it only where the value is normalised and hashed at once."""
        return self.__value

    def __repr__(self) -> str:
        return "<RawIdentifier>"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RawIdentifier) and other.reveal() == self.__value

    def __hash__(self) -> int:
        return hash(self.__value)


class HashedIdentifier:
    """A SHA-256 digest (64 lower-case hex digits) of a normalised identifier."""

    __slots__ = ("__digest",)

    def __init__(self, digest: str) -> None:
        self.__digest = digest

    @classmethod
    def of(cls, normalised: str) -> HashedIdentifier:
        """Hash text that already has the platform's normal form."""
        return cls(hashlib.sha256(normalised.encode()).hexdigest())

    def hexdigest(self) -> str:
        """Return the 64 hex digits."""
        return self.__digest

    def __repr__(self) -> str:
        return "<HashedIdentifier>"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, HashedIdentifier) and other.hexdigest() == self.__digest

    def __hash__(self) -> int:
        return hash(self.__digest)


class Credentials(Mapping[str, str]):
    """Secrets of one connection by settings field name; printing them shows the names only."""

    def __init__(self, values: Mapping[str, str] | None = None) -> None:
        self.__values = dict(values or {})

    def __getitem__(self, key: str) -> str:
        return self.__values[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self.__values)

    def __len__(self) -> int:
        return len(self.__values)

    def __repr__(self) -> str:
        return f"<Credentials {sorted(self.__values)}>"

    __str__ = __repr__
