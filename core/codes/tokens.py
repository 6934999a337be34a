"""The token field: from secrets among a code's settings to a connection, and from there to server-side sending."""

from __future__ import annotations

from sqlalchemy.orm import Session

from adrail import Platform
from core.accounts.api import Actor
from core.codes.fields import PluginField, plugin_fields, public_id_name
from core.codes.models import TrackingCode
from core.codes.schema import CleanSettings, plugin_values
from core.connections import api as connections
from core.errors import FieldProblem, InvalidInputError


def connection_for(
    session: Session, actor: Actor, platform: Platform, code: TrackingCode, clean: CleanSettings, *, new: bool
) -> int | None:
    """Return the connection a code shall send through, creating or updating it; None: browsers only.

    ``new`` says that the code's public id is new to it. A token belongs to one public id: when the id changes, the
    owner's connection to the new id is linked or a new token is asked for (`InvalidInputError`).
    """
    if clean.forget_secrets and not clean.secrets:
        _refuse_missing(platform)
        return None
    known = code.connection_id
    if new and not clean.secrets:
        known = connections.find(
            session, organizer_id=code.organizer_id, provider=code.provider, account_id=code.public_id
        )
        if known is None and code.connection_id is not None:
            raise _other_token(platform, code)
    if known is None and not clean.secrets:
        _refuse_missing(platform)
        return None
    return connections.link(
        session,
        actor,
        organizer_id=code.organizer_id,
        provider=code.provider,
        account_id=code.public_id,
        secrets=clean.secrets,
        settings=plugin_values(platform, clean.stored),
    )


def _secrets(platform: Platform) -> list[PluginField]:
    return [item for item in plugin_fields(platform) if item.info.secret]


def _refuse_missing(platform: Platform) -> None:
    # Without a browser side a code without credentials would do nothing at all.
    wanted = [item for item in _secrets(platform) if item.required or platform.pixel is None]
    if wanted:
        problems = [
            FieldProblem(f"/settings/{item.name}", "required", f"{item.info.label} is missing") for item in wanted
        ]
        raise InvalidInputError(f"{platform.display_name} needs credentials", errors=problems)


def _other_token(platform: Platform, code: TrackingCode) -> InvalidInputError:
    label = next(item.info.label for item in plugin_fields(platform) if item.name == public_id_name(platform))
    problems = [
        FieldProblem(
            f"/settings/{item.name}",
            "required",
            f"what is stored belongs to the former {label}; enter the one of {code.public_id}, or null to go without",
        )
        for item in _secrets(platform)
    ]
    return InvalidInputError(f"the {label} changed, so its token must be entered again", errors=problems)
