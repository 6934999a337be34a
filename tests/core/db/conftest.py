"""A database without schema, for tests that migrate it themselves."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.process_state import use_environment
from tests.servers import create_database, database_url, drop_database, valkey_url


@pytest.fixture
def empty_database(worker_number: int) -> Iterator[str]:
    """The URL of an empty database that settings point at."""
    name = f"adrail_empty_{worker_number}"
    create_database(name, template=None)
    with use_environment(DATABASE_URL=database_url(name), REDIS_URL=valkey_url(worker_number)):
        yield database_url(name)
    drop_database(name)
