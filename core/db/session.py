"""Engines per database role, and transactions that carry their tenant."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session

from core.config import Settings, settings

# A server that vanished without a word (its machine died, a network was cut) is noticed within a minute, not hours.
SILENCE = {"tcp_user_timeout": 20_000, "keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3}

OWNER, APP, MAINTAINER = "adrail_owner", "adrail_app", "adrail_maintainer"


def role_url(config: Settings, role: str) -> tuple[str, str | None]:
    """Return (URL, role to SET or None): a login of its own when configured, else DATABASE_URL with SET ROLE."""
    own = {OWNER: config.database_owner_url, MAINTAINER: config.database_maintainer_url}.get(role)
    url = (own or config.database_url).get_secret_value()
    login = make_url(url).username
    return url, None if login == role else role


def make_engine(url: str, role: str | None, config: Settings, **kwargs: Any) -> Engine:
    """Create an engine whose connections act as ``role`` with the configured time limits."""
    options = f"-c timezone=UTC -c statement_timeout={config.statement_timeout_ms} -c lock_timeout=5000"
    if role:
        options += f" -c role={role}"
    return create_engine(
        make_url(url).set(drivername="postgresql+psycopg"),
        connect_args={
            "options": options,
            "connect_timeout": 5,
            "application_name": "adrail",
            # A statement is planned for the rows it has: a plan made for a batch of one, kept for a batch of two
            # thousand, costs seconds. Checks of foreign keys still keep theirs.
            "prepare_threshold": None,
            **SILENCE,
        },
        pool_size=config.database_pool_size,
        max_overflow=config.database_pool_size,
        pool_timeout=5,
        pool_pre_ping=True,
        hide_parameters=True,  # statements' values are people's; they must not reach logs with an error
        **kwargs,
    )


@functools.cache
def engine(role: str = APP) -> Engine:
    """The process-wide engine of a role."""
    url, set_role = role_url(settings(), role)
    return make_engine(url, set_role, settings())


def dispose_engines() -> None:
    """Forget all engines; call it in a child after `fork` and between tests."""
    for role in (OWNER, APP, MAINTAINER):
        engine(role).dispose(close=False)
    engine.cache_clear()


@contextmanager
def tenant_session(tenant_id: int) -> Iterator[Session]:
    """One transaction as the application role inside one tenant; commits at the end, rolls back on an exception."""
    with Session(engine(APP), expire_on_commit=False) as session, session.begin():
        set_tenant(session, tenant_id)
        yield session


@contextmanager
def maintainer_session() -> Iterator[Session]:
    """One transaction across tenants, for sweeps, relays and partitions."""
    with Session(engine(MAINTAINER), expire_on_commit=False) as session, session.begin():
        yield session


@contextmanager
def anonymous_session() -> Iterator[Session]:
    """One transaction with no tenant: sees only what SECURITY DEFINER look-ups return."""
    with Session(engine(APP), expire_on_commit=False) as session, session.begin():
        yield session


def set_tenant(session: Session | Connection, tenant_id: int) -> None:
    """Bind the rest of the transaction to a tenant."""
    session.execute(text("SELECT set_config('adrail.tenant_id', :tenant, true)"), {"tenant": str(int(tenant_id))})
