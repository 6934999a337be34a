"""Fixtures of the edge's tests."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from flask.testing import FlaskClient

from tests.marketplace import Marketplace
from tests.tracking.events import Page
from tests.tracking.store import Store


@pytest.fixture
def page(client: FlaskClient, marketplace: Marketplace) -> Page:
    """A page of this test's marketplace."""
    return Page(client, marketplace)


@pytest.fixture
def store(admin_connection: psycopg.Connection[Any], marketplace: Marketplace) -> Store:
    """What is stored of this test's marketplace."""
    return Store(admin_connection, marketplace)
