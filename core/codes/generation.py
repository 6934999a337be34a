"""The generation of a tenant's tracking configuration: a value in Valkey that every change replaces."""

from __future__ import annotations

import secrets

from core.valkey import client

FIRST = "0"


def generation_key(tenant_id: int) -> str:
    """The Valkey key that holds the generation."""
    return f"adrail:config:generation:{tenant_id}"


def config_generation(tenant_id: int) -> str:
    """Return the current generation; what was computed under another one is stale."""
    value = client().get(generation_key(tenant_id))
    return value.decode() if isinstance(value, bytes) else FIRST


def bump_generation(tenant_id: int) -> None:
    """Make every process forget what it knows of the tenant's configuration, within two seconds.

    The value is random, not a counter: after Valkey lost its data a counter would come by old values again.
    """
    client().set(generation_key(tenant_id), secrets.token_hex(8))
