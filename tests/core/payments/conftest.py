"""A marketplace's backend and its payment provider."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from flask.testing import FlaskClient

from tests.core.catalog.backend import Backend
from tests.core.payments.provider import Provider
from tests.marketplace import Marketplace


@pytest.fixture
def backend(client: FlaskClient, marketplace: Marketplace, admin_connection: psycopg.Connection[Any]) -> Backend:
    """The marketplace's backend, with a look into the tables."""
    return Backend(client, marketplace, admin_connection)


@pytest.fixture
def provider(client: FlaskClient, marketplace: Marketplace) -> Provider:
    """The provider, whose secret the marketplace has stored."""
    return Provider(client, marketplace)
