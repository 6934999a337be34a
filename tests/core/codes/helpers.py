"""Making tracking codes in tests."""

from __future__ import annotations

from typing import Any

from core.accounts.api import Actor
from core.codes.api import CodeView, create_code
from tests.marketplace import PLATFORM

PROVIDER = PLATFORM
TOKEN = "canary-EAAB-7f21c9d04e"


def settings(public_id: str, **more: Any) -> dict[str, Any]:
    """Settings of a code of the platform under test."""
    return {"pixel_id": public_id, **more}


def add_code(actor: Actor, public_id: str, *, token: str | None = None, **target: Any) -> CodeView:
    """Create a code; ``target`` is level, organizer_id, live_event_id, enabled."""
    secret = {"access_token": token} if token else {}
    return create_code(actor, {"provider": PROVIDER, "settings": settings(public_id, **secret), **target})
