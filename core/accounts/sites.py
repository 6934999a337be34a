"""Sites of a marketplace: what its administrators see and change."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from adrail import phrase
from core.accounts import site_copies
from core.accounts.audit import record_audit
from core.accounts.key_kinds import DEFAULT_OVERLAP, MANAGE, MAX_OVERLAP
from core.accounts.models import Site
from core.accounts.service import Actor, forget_sites
from core.accounts.setup import ORIGIN, SLUG
from core.db.session import tenant_session
from core.errors import ConflictError, FieldProblem, ForbiddenError, InvalidInputError, NotFoundError
from core.paging import Page, clamp, decode_cursor, encode_cursor
from core.security.tokens import new_key

MAX_NAME, MAX_ORIGINS = 80, 50
DNT_POLICIES = ("off", "no_marketing", "no_tracking")
DOMAIN = re.compile(r"(?=.{4,253}\Z)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]")
DEFAULT_PORT = re.compile(r"(?<=^http://)([^/:\[]+|\[[^]]+\]):80$|(?<=^https://)([^/:\[]+|\[[^]]+\]):443$")


@dataclass(frozen=True, slots=True)
class SiteView:
    """One website; the write key is public and works from ``allowed_origins`` only.

    ``previous_write_key`` is the one before, while it still counts. The ``…_used_at`` are exact to a minute.
    ``dnt_policy`` is what «do not track» means here, one of `DNT_POLICIES`. With ``visitor_cookie`` the collector keeps
    visitors' ids in a cookie where the site's own address leads to it, for ``cookie_domain`` or the page's host alone.
    """

    id: int
    site_id: str
    name: str
    allowed_origins: tuple[str, ...]
    write_key: str
    created_at: datetime
    write_key_used_at: datetime | None = None
    previous_write_key: str | None = None
    previous_write_key_until: datetime | None = None
    previous_write_key_used_at: datetime | None = None
    dnt_policy: str = "no_marketing"
    visitor_cookie: bool = False
    cookie_domain: str | None = None


def require_admin(actor: Actor) -> None:
    """Raise `ForbiddenError` for everybody but the marketplace's administrators, and its keys that manage keys."""
    wanted = MANAGE if actor.kind == "key" else "admin"
    if wanted not in actor.permissions or actor.organizer_id is not None:
        raise ForbiddenError("only administrators of the marketplace manage sites and keys", code="permission_missing")


def list_sites(actor: Actor) -> list[SiteView]:
    """Every site of the marketplace, oldest first. Raises `ForbiddenError`."""
    require_admin(actor)
    with tenant_session(actor.tenant_id) as session:
        rows = session.scalars(select(Site).where(Site.tenant_id == actor.tenant_id).order_by(Site.id))
        return [_view(row) for row in rows]


def site_page(actor: Actor, *, limit: int = 50, cursor: str | None = None) -> Page[SiteView]:
    """Sites of the marketplace page by page, oldest first. Raises `ForbiddenError`."""
    require_admin(actor)
    query = select(Site).where(Site.tenant_id == actor.tenant_id).order_by(Site.id)
    after = decode_cursor(cursor, int)
    if after:
        query = query.where(Site.id > after[0])
    size = clamp(limit)
    with tenant_session(actor.tenant_id) as session:
        rows = session.scalars(query.limit(size + 1)).all()
        items = [_view(row) for row in rows[:size]]
    return Page(items, encode_cursor(items[-1].id) if len(rows) > size else None)


def get_site(actor: Actor, site_pk: int) -> SiteView:
    """Return one site. Raises `ForbiddenError` or `NotFoundError`."""
    require_admin(actor)
    with tenant_session(actor.tenant_id) as session:
        return _view(_row(session, actor, site_pk))


def create_site(actor: Actor, *, site_id: str, name: str, origins: Sequence[str]) -> SiteView:
    """Add a site with a write key of its own. Raises `ForbiddenError`, `InvalidInputError` or `ConflictError`."""
    require_admin(actor)
    wanted = _origins(origins)
    _check(name, wanted, site_id)
    with tenant_session(actor.tenant_id) as session:
        taken = select(Site.id).where(Site.tenant_id == actor.tenant_id, Site.site_id == site_id)
        if session.scalar(taken) is not None:
            problem = FieldProblem("/site_id", "unique", phrase("choose another short name"))
            raise ConflictError(
                phrase("this marketplace has a site %(site_id)s already", site_id=repr(site_id)), errors=[problem]
            )
        row = Site(tenant_id=actor.tenant_id, site_id=site_id, name=name.strip(), allowed_origins=wanted)
        row.write_key = new_key("write")
        session.add(row)
        session.flush()
        record_audit(session, actor, "site.created", f"site:{row.id}", {"site_id": site_id, "origins": wanted})
        session.refresh(row)
        return _view(row)


def update_site(
    actor: Actor,
    site_pk: int,
    *,
    name: str,
    origins: Sequence[str],
    dnt_policy: str | None = None,
    visitor_cookie: bool | None = None,
    cookie_domain: str | None = None,
) -> SiteView:
    """Change a site; every process follows within a minute. What is None stays; an empty ``cookie_domain`` is none.

    Raises `ForbiddenError`, `NotFoundError` or `InvalidInputError`.
    """
    require_admin(actor)
    wanted = _origins(origins)
    domain = (cookie_domain or "").strip().lower().removeprefix(".")
    _check(name, wanted, more=_wrong_rules(dnt_policy, domain))
    with tenant_session(actor.tenant_id) as session:
        row = _row(session, actor, site_pk)
        detail: dict[str, Any] = {"before": list(row.allowed_origins), "after": wanted}
        row.name, row.allowed_origins = name.strip(), wanted
        rules = {"dnt_policy": dnt_policy, "visitor_cookie": visitor_cookie}
        given: dict[str, Any] = {rule: value for rule, value in rules.items() if value is not None}
        if cookie_domain is not None:
            given["cookie_domain"] = domain or None
        for rule, value in given.items():
            if getattr(row, rule) != value:
                setattr(row, rule, value)
                detail[rule] = value
        session.flush()
        record_audit(session, actor, "site.changed", f"site:{row.id}", detail)
        view = _view(row)
    forget_sites()
    return view


def rotate_write_key(actor: Actor, site_pk: int, *, overlap: timedelta = DEFAULT_OVERLAP) -> SiteView:
    """Give a site a new write key; the one before counts for ``overlap`` more (at most 30 days).

    Raises `ForbiddenError`, `NotFoundError`, `InvalidInputError`, and `ConflictError` while an older one still counts.
    """
    require_admin(actor)
    if not timedelta(0) <= overlap <= MAX_OVERLAP:
        hours = int(MAX_OVERLAP.total_seconds() // 3600)
        problem = FieldProblem("/overlap_hours", "range", phrase("use 0 to %(hours)s hours", hours=hours))
        raise InvalidInputError(phrase("the write key cannot be replaced"), errors=[problem])
    now = datetime.now(UTC)
    with tenant_session(actor.tenant_id) as session:
        row = _row(session, actor, site_pk, lock=True)
        if row.previous_write_key and row.previous_write_key_until and row.previous_write_key_until > now:
            raise ConflictError(
                phrase("the write key before this one still counts; end it first, or wait until it ends by itself"),
                code="key_not_active",
            )
        row.previous_write_key, row.previous_write_key_until = row.write_key, now + overlap
        row.write_key = new_key("write")
        session.flush()
        detail = {"site_id": row.site_id, "old_until": row.previous_write_key_until.isoformat()}
        record_audit(session, actor, "site.write_key_rotated", f"site:{row.id}", detail)
        view = _view(row)
    forget_sites()
    return view


def retire_write_key(actor: Actor, site_pk: int) -> SiteView:
    """End the write key that was replaced; every process follows within a minute. Twice changes nothing.

    Raises `ForbiddenError` or `NotFoundError`.
    """
    require_admin(actor)
    with tenant_session(actor.tenant_id) as session:
        row = _row(session, actor, site_pk, lock=True)
        old = row.previous_write_key
        if old is not None:
            row.previous_write_key = row.previous_write_key_until = None
            session.flush()
            record_audit(session, actor, "site.write_key_retired", f"site:{row.id}", {"site_id": row.site_id})
        view = _view(row)
    forget_sites()
    if old is not None:
        site_copies.remember(old, None)
    return view


def _row(session: Session, actor: Actor, site_pk: int, *, lock: bool = False) -> Site:
    query = select(Site).where(Site.tenant_id == actor.tenant_id, Site.id == site_pk)
    row = session.scalars(query.with_for_update() if lock else query).one_or_none()
    if row is None:
        raise NotFoundError(f"there is no site {site_pk} in this marketplace")
    return row


def _origins(given: Sequence[str]) -> list[str]:
    """As browsers write them: lower case, no slash at the end, no port that goes without saying."""
    cleaned = (DEFAULT_PORT.sub(r"\1\2", item.strip().lower().rstrip("/")) for item in given)
    return list(dict.fromkeys(item for item in cleaned if item))


def _wrong_rules(dnt_policy: str | None, domain: str) -> list[FieldProblem]:
    problems = []
    if dnt_policy is not None and dnt_policy not in DNT_POLICIES:
        problems.append(
            FieldProblem("/dnt_policy", "enum", phrase("use one of %(choices)s", choices=", ".join(DNT_POLICIES)))
        )
    if domain and not DOMAIN.fullmatch(domain):
        problems.append(
            FieldProblem("/cookie_domain", "pattern", phrase("use a domain such as tickets.example, or leave it empty"))
        )
    return problems


def _check(name: str, origins: list[str], site_id: str | None = None, *, more: Sequence[FieldProblem] = ()) -> None:
    problems = list(more)
    if site_id is not None and not SLUG.fullmatch(site_id):
        problems.append(
            FieldProblem("/site_id", "pattern", phrase("use 2 to 63 lower-case letters, digits and hyphens"))
        )
    if not 0 < len(name.strip()) <= MAX_NAME or not name.strip().isprintable():
        problems.append(FieldProblem("/name", "length", phrase("use 1 to %(most)s characters", most=MAX_NAME)))
    if len(origins) > MAX_ORIGINS:
        problems.append(
            FieldProblem("/origins", "length", phrase("a site has at most %(most)s origins", most=MAX_ORIGINS))
        )
    wrong = [origin for origin in origins if not ORIGIN.fullmatch(origin)]
    if wrong:
        said = f"{wrong[0][:60]!r} is no origin: use scheme and host only, such as https://tickets.example"
        problems.append(FieldProblem("/origins", "origin", said))
    if problems:
        raise InvalidInputError(phrase("the site cannot be saved"), errors=problems)


def _view(row: Site) -> SiteView:
    until = row.previous_write_key_until
    previous = row.previous_write_key if until is not None and until > datetime.now(UTC) else None
    return SiteView(
        id=row.id,
        site_id=row.site_id,
        name=row.name,
        allowed_origins=tuple(row.allowed_origins),
        write_key=row.write_key,
        created_at=row.created_at,
        write_key_used_at=site_copies.last_used(row.write_key),
        previous_write_key=previous,
        previous_write_key_until=until if previous else None,
        previous_write_key_used_at=site_copies.last_used(previous) if previous else None,
        dnt_policy=row.dnt_policy,
        visitor_cookie=row.visitor_cookie,
        cookie_domain=row.cookie_domain,
    )
