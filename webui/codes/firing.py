"""«What fires on a page?»: the resolver's decision in sentences."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from core.accounts.api import Actor
from core.codes.api import CodeFact, EventPage, Explanation, Page, SitePage, explain
from core.errors import NotFoundError
from webui import formats, platforms

EVENT_PREFIX = "event:"
SITE = "site"


@dataclass(frozen=True, slots=True)
class Sentence:
    """What becomes of one code: ``subject`` in bold, the rest, and when that was set."""

    subject: str
    text: str
    fires: bool
    set_at: datetime | None


@dataclass(frozen=True, slots=True)
class Preview:
    """All sentences of a page; ``shared`` tells of codes that are not the reader's."""

    sentences: tuple[Sentence, ...]
    shared: str


def page_of(choice: str) -> Page:
    """Return the page that a choice of the form stands for."""
    if choice.startswith(EVENT_PREFIX):
        return EventPage(choice.removeprefix(EVENT_PREFIX))
    return SitePage()


def preview(actor: Actor, choice: str) -> Preview | None:
    """Return the sentences of a page, or None when there is no such page."""
    try:
        explanations = explain(actor, page_of(choice))
    except NotFoundError:
        return None
    own = [item for item in explanations if _mine(actor, item.code)]
    others = [item for item in explanations if item not in own and item.outcome == "fires"]
    return Preview(tuple(_sentence(item) for item in own), _shared(others))


def _mine(actor: Actor, code: CodeFact) -> bool:
    return actor.organizer_id is None or code.level != "marketplace"


def _sentence(item: Explanation) -> Sentence:
    code = item.code
    name = platforms.mark(code.provider).name
    subject = f"{name} {formats.public_id(code.public_id)}"
    if item.outcome == "fires":
        return Sentence(subject, f"fires{_because(item)}", fires=True, set_at=code.set_at)
    if item.outcome == "switched_off":
        where = "for this live event" if code.level == "live_event" else "everywhere"
        return Sentence(name, f"does not fire: it is switched off {where}.", fires=False, set_at=code.set_at)
    return Sentence(
        subject, "does not fire twice: the marketplace sends to the same place already.", fires=False, set_at=None
    )


def _because(item: Explanation) -> str:
    if item.code.level == "marketplace":
        return ": it is the marketplace’s own and is on every page."
    if item.code.level == "organizer":
        return ": it is the default for all events."
    replaced = ", ".join(formats.public_id(code.public_id) for code in item.overrides)
    tail = f" It replaces the default {replaced}." if replaced else ""
    return f", because it is set for this live event.{tail}"


def _shared(others: Iterable[Explanation]) -> str:
    names = sorted({platforms.mark(item.code.provider).name for item in others})
    if not names:
        return ""
    listed = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
    return f"The marketplace’s own {listed} {'code is' if len(names) == 1 else 'codes are'} always there."
