"""People of a test marketplace."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest

from core.accounts.api import Profile, load_profile
from tests.marketplace import Marketplace

PASSWORD = "a long enough password"
_numbers = itertools.count(1)
Make = Callable[..., Profile]


@pytest.fixture
def somebody(marketplace: Marketplace) -> Make:
    """Makes members: role and organiser in, profile out."""

    def make(role: str = "owner", organizer: str | None = None) -> Profile:
        email = f"somebody-{next(_numbers)}@{marketplace.slug}.example"
        user = marketplace.create_user(email, PASSWORD, role=role, organizer=organizer)
        profile = load_profile(user)
        assert profile is not None
        return profile

    return make
