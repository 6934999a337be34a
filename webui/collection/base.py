"""The blueprint of the pages about collecting, and who may see and change what they show."""

from __future__ import annotations

from core.accounts.api import Actor
from core.errors import ConflictError, InvalidInputError
from webui import session, words
from webui.blueprint import page_blueprint

pages = page_blueprint("collection", __name__, url_prefix="/collection")


def viewer() -> Actor:
    """The signed-in person, who may look; raises `ForbiddenError`."""
    return session.actor("view_collection")


def keeper() -> Actor:
    """The signed-in person, who may repair and define; raises `ForbiddenError`."""
    return session.actor("manage_collection")


def by_field(error: InvalidInputError | ConflictError) -> dict[str, str]:
    """What is wrong, by the name of the form's field."""
    return words.wrong_fields(error)
