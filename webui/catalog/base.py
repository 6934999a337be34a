"""What the catalogue's pages share: their blueprint, the kind in the address, who may change it."""

from __future__ import annotations

from core.accounts.api import Actor
from core.catalog.api import Kind, kind_named, may_write
from core.errors import ForbiddenError, NotFoundError
from webui import session
from webui.blueprint import page_blueprint
from webui.catalog import words

MAX_SEARCH = 100

pages = page_blueprint("catalog", __name__, url_prefix="/catalog")


def reader(name: str) -> tuple[Actor, Kind]:
    """Return who looks at rows of which kind; raises `ForbiddenError` or `NotFoundError`."""
    kind = kind_named(name)
    actor = session.actor(kind.view)
    if kind.closed and actor.organizer_id is not None:
        raise ForbiddenError("this is the marketplace's own", code="permission_missing")
    return actor, kind


def editor(name: str) -> tuple[Actor, Kind]:
    """Return who changes rows of which kind; raises `ForbiddenError` or `NotFoundError`."""
    actor, kind = reader(name)
    if kind.name in words.SENT_ONLY:
        raise NotFoundError("the shop sends these; nobody types them")
    if not may_write(actor, kind):
        raise ForbiddenError("your role does not include changing this", code="permission_missing")
    return actor, kind
