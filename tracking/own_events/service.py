"""Defining events: a name with its first version, further versions that add optional fields, retiring a name."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.orm import Session

from core.accounts.api import Actor, record_audit
from core.db.session import tenant_session
from core.errors import ConflictError, FieldProblem, InvalidInputError
from core.events.api import (
    OwnEvent,
    add_own_event,
    count_own_events,
    emit_config_change,
    lock_own_events,
    own_event_page,
    retire_own_event,
    versions_of,
)
from core.paging import Page
from tracking.registry import Registry
from tracking.registry.check import check_event
from tracking.registry.own import compiled
from tracking.registry.own_fields import compatibility_problems, example_of, field_problems
from tracking.rights import MANAGE, VIEW, require

NAME = re.compile(r"custom\.[a-z][a-z0-9_]{0,79}")
SOURCES = ("web", "mobile", "backend", "scanner", "shop", "wallet")
SCOPES = ("analytics", "marketing")
"""An event of one's own is never «necessary»: what a visitor must be told is asked for."""
MAX_NAMES, MAX_VERSIONS = 200, 50
MAX_DESCRIPTION = 500


@dataclass(frozen=True, slots=True)
class Definition:
    """What somebody wants an event to be; without an example one is made."""

    name: str
    description: str
    sources: list[str]
    scope: str
    fields: list[dict[str, Any]]
    example: dict[str, Any] | None = None


def list_own_events(actor: Actor, *, limit: int = 50, cursor: str | None = None) -> Page[OwnEvent]:
    """The newest version of every name."""
    require(actor, VIEW)
    with tenant_session(actor.tenant_id) as session:
        return own_event_page(session, actor.tenant_id, limit=limit, cursor=cursor)


def get_own_event(actor: Actor, name: str) -> list[OwnEvent]:
    """Every version of a name, oldest first; raises `NotFoundError`."""
    require(actor, VIEW)
    with tenant_session(actor.tenant_id) as session:
        return versions_of(session, actor.tenant_id, name)


def define(actor: Actor, wanted: Definition) -> OwnEvent:
    """Make the first version of an event; every process knows it within two seconds.

    Raises `InvalidInputError` naming every field that is wrong, `ConflictError` for a name that exists.
    """
    require(actor, MANAGE)
    _check(wanted)
    with tenant_session(actor.tenant_id) as session:
        lock_own_events(session, actor.tenant_id)
        if count_own_events(session, actor.tenant_id) >= MAX_NAMES:
            raise ConflictError(f"a marketplace has at most {MAX_NAMES} events of its own", code="too_many")
        if not _is_new(session, actor.tenant_id, wanted.name):
            problem = FieldProblem("/name", "unique", "an event has this name; add a version to it instead")
            raise ConflictError("the name is taken", errors=[problem], code="name_taken")
        return _add(session, actor, wanted, 1)


def extend(
    actor: Actor,
    name: str,
    fields: list[dict[str, Any]],
    *,
    description: str | None = None,
    example: dict[str, Any] | None = None,
) -> OwnEvent:
    """Add a version: ``fields`` is the whole list, that of the version before with optional ones added.

    Raises `NotFoundError`, `InvalidInputError`, and `ConflictError` for a retired name.
    """
    require(actor, MANAGE)
    with tenant_session(actor.tenant_id) as session:
        lock_own_events(session, actor.tenant_id)
        newest = versions_of(session, actor.tenant_id, name)[-1]
        if newest.retired_at is not None:
            raise ConflictError("the event is retired; take it into use again first", code="retired")
        if newest.version >= MAX_VERSIONS:
            raise ConflictError(f"an event has at most {MAX_VERSIONS} versions", code="too_many")
        told = newest.description if description is None else description
        wanted = Definition(name, told, newest.sources, newest.scope, fields, example)
        _check(wanted, newest.version + 1)
        problems = compatibility_problems(newest.fields, fields)
        if problems:
            raise InvalidInputError("a version only adds optional fields", errors=problems)
        return _add(session, actor, wanted, newest.version + 1)


def retire(actor: Actor, name: str) -> OwnEvent:
    """Refuse an event from now on; what is stored stays. Raises `NotFoundError`."""
    return _use(actor, name, retired=True)


def restore(actor: Actor, name: str) -> OwnEvent:
    """Accept a retired event again; raises `NotFoundError`."""
    return _use(actor, name, retired=False)


def _use(actor: Actor, name: str, *, retired: bool) -> OwnEvent:
    require(actor, MANAGE)
    with tenant_session(actor.tenant_id) as session:
        lock_own_events(session, actor.tenant_id)
        versions_of(session, actor.tenant_id, name)
        if retire_own_event(session, actor.tenant_id, name, retired=retired):
            emit_config_change(session, actor.tenant_id)
            action = "custom_event.retired" if retired else "custom_event.restored"
            record_audit(session, actor, action, f"custom_event:{name}")
        return versions_of(session, actor.tenant_id, name)[-1]


def _add(session: Session, actor: Actor, wanted: Definition, version: int) -> OwnEvent:
    example = wanted.example if wanted.example is not None else example_of(wanted.fields)
    add_own_event(
        session,
        actor.tenant_id,
        name=wanted.name,
        version=version,
        description=wanted.description.strip(),
        sources=sorted(set(wanted.sources)),
        scope=wanted.scope,
        fields=wanted.fields,
        example=example,
    )
    emit_config_change(session, actor.tenant_id)
    action = "custom_event.created" if version == 1 else "custom_event.changed"
    record_audit(session, actor, action, f"custom_event:{wanted.name}", {"version": version})
    return versions_of(session, actor.tenant_id, wanted.name)[-1]


def _is_new(session: Session, tenant_id: int, name: str) -> bool:
    page = own_event_page(session, tenant_id, limit=MAX_NAMES)
    return all(item.name != name for item in page.items)


def _check(wanted: Definition, version: int = 1) -> None:
    problems = []
    if not NAME.fullmatch(wanted.name):
        problems.append(
            FieldProblem("/name", "pattern", "use custom. and small letters, digits, _: custom.seat_map_opened")
        )
    if not 1 <= len(wanted.description.strip()) <= MAX_DESCRIPTION:
        problems.append(
            FieldProblem("/description", "length", f"say in 1 to {MAX_DESCRIPTION} characters when it happens")
        )
    if not wanted.sources or not set(wanted.sources) <= set(SOURCES):
        problems.append(FieldProblem("/sources", "choice", f"name one or more of {', '.join(SOURCES)}"))
    if wanted.scope not in SCOPES:
        problems.append(FieldProblem("/scope", "choice", f"use one of {', '.join(SCOPES)}"))
    problems += field_problems(wanted.fields)
    if not problems and wanted.example is not None:
        problems += example_problems(wanted, version)
    if problems:
        raise InvalidInputError("the event cannot be defined like that", errors=problems)


def example_problems(wanted: Definition, version: int = 1) -> list[FieldProblem]:
    """What the collector would say of the example; the rest of the definition must be right."""
    now = datetime.now(UTC)
    spec = compiled({**_plain(wanted), "version": version, "example": wanted.example or {}})
    event = {
        "event_id": str(uuid.uuid4()),
        "event_name": wanted.name,
        "event_version": version,
        "occurred_at": now.isoformat(),
        "source_system": min(spec.sources),
        "visitor_id": "v-1",
        "session_id": "s-1",
        "payload": wanted.example,
    }
    verdict = check_event(Registry([spec]), event, trusted=True, now=now)
    return [
        FieldProblem(f"/example{item['pointer'].removeprefix('/payload')}", item["rule"], item["message"])
        for item in verdict.problems
    ]


def _plain(wanted: Definition) -> Mapping[str, Any]:
    return {name: getattr(wanted, name) for name in ("name", "description", "sources", "scope", "fields")}
