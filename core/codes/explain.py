"""Why these codes and no others: the resolver's decision about a page, told to the people behind the codes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy.orm import Session

from core.accounts.api import Actor
from core.codes.active import resolvable_codes
from core.codes.history import last_changes
from core.codes.pages import Page
from core.codes.resolver import Decision, Level, Reason, ResolvableCode, decide
from core.codes.targets import places_of
from core.db.session import tenant_session
from core.errors import NotFoundError

Outcome = Literal["fires", "switched_off", "same_destination"]


@dataclass(frozen=True, slots=True)
class CodeFact:
    """A code in an explanation. Of a code that is not the reader's, who set it and when stays untold (None)."""

    code_id: int | None
    provider: str
    public_id: str
    level: Level
    organizer_id: str | None
    enabled: bool
    set_by: str | None
    set_at: datetime | None


@dataclass(frozen=True, slots=True)
class Explanation:
    """What became of one code on the page.

    ``fires``: it is on the page. ``switched_off``: it won, is disabled, and so this platform gets nothing from its
    owner here. ``same_destination``: ``instead`` sends to the same place already. ``overrides`` lost against it.
    """

    outcome: Outcome
    won_because: Reason | None
    code: CodeFact
    overrides: tuple[CodeFact, ...] = ()
    instead: CodeFact | None = None


def explain(actor: Actor, page: Page) -> list[Explanation]:
    """Explain a page to its organiser or to the marketplace, straight from the database.

    Raises `NotFoundError` for an unknown page, and for pages about another organiser.
    """
    with tenant_session(actor.tenant_id) as session:
        found = page.targets(session)
        if actor.organizer_id is not None and any(item.organizer_id != actor.organizer_id for item in found):
            raise NotFoundError("there is no such page in this marketplace, or it is not yours")
        codes = resolvable_codes(session, {item.organizer_id for item in found if item.organizer_id is not None})
        decision = decide(codes, places_of(found))
        facts = _facts(session, actor, codes)
    return list(_explanations(decision, facts))


def _explanations(decision: Decision, facts: dict[int, CodeFact]) -> Iterable[Explanation]:
    for item in decision.resolutions:
        beaten = tuple(facts[code.id] for code in item.overrides)
        yield Explanation("fires", item.won_because, facts[item.code.id], beaten)
    for off in decision.opt_outs:
        beaten = tuple(facts[code.id] for code in off.overrides)
        yield Explanation("switched_off", off.won_because, facts[off.code.id], beaten)
    for same in decision.collapsed:
        yield Explanation("same_destination", None, facts[same.code.id], instead=facts[same.into.id])


def _facts(session: Session, actor: Actor, codes: Sequence[ResolvableCode]) -> dict[int, CodeFact]:
    changes = last_changes(session, [code.id for code in codes])
    facts = {}
    for code in codes:
        mine = actor.organizer_id is None or code.organizer_id == actor.organizer_id
        change = changes.get(code.id) if mine else None
        facts[code.id] = CodeFact(
            code_id=code.id if mine else None,
            provider=code.provider,
            public_id=code.public_id,
            level=code.level,
            organizer_id=code.organizer_external_id,
            enabled=code.enabled,
            set_by=change.actor if change else None,
            set_at=change.at if change else None,
        )
    return facts
