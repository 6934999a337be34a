"""Password hashes that cost a computer nothing: tests make hundreds of people, of whom nobody guesses at anything."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from argon2 import PasswordHasher

from core.security import tokens

COSTLY = tokens._hasher
"""What production uses; tests of the hashes themselves put it back."""
_QUICK = PasswordHasher(time_cost=1, memory_cost=16, parallelism=1)


@contextmanager
def quick_passwords() -> Iterator[None]:
    """Hash with the smallest parameters in this process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tokens, "_hasher", lambda: _QUICK)
        yield
