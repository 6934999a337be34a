"""The blueprint of the tracking-code pages, and who may use them."""

from __future__ import annotations

from core.accounts.api import Actor
from webui import session
from webui.blueprint import page_blueprint

pages = page_blueprint("codes", __name__, url_prefix="/codes")


def manager() -> Actor:
    """The signed-in person as somebody who may manage tracking codes; raises `ForbiddenError`."""
    return session.actor("manage_tracking_codes")
