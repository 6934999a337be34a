"""Everything a process remembers about its environment, and how to forget it between tests."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from core import config, registry, valkey
from core.accounts import service
from core.codes.api import forget_codes, forget_configs
from core.db import session
from core.security import crypto


@contextmanager
def use_environment(**variables: str) -> Iterator[None]:
    """Set environment variables and start from a clean process state; both are undone at the end."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    forget()
    try:
        yield
    finally:
        forget()
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def forget() -> None:
    """Close connections and drop every cache that depends on settings."""
    for role in (session.OWNER, session.APP, session.MAINTAINER):
        if session.engine.cache_info().currsize:
            try:
                session.engine(role).dispose()
            except config.ConfigError:
                break
    session.engine.cache_clear()
    for maker in (valkey.client, valkey.blocking_client):
        if maker.cache_info().currsize:
            maker().close()
        maker.cache_clear()
    config.settings.cache_clear()
    crypto.keyring.cache_clear()
    registry.registry.cache_clear()
    service.tenant_key.cache_clear()
    service.forget_sites()
    forget_codes()
    forget_configs()
    _forget_tenants()


def _forget_tenants() -> None:
    from tracking.ingest import service as ingest
    from tracking.ingest.places import places
    from tracking.registry.own import forget_own_events

    ingest._tenant.cache_clear()
    places.cache_clear()
    forget_own_events()
