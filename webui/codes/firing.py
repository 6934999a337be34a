"""«What fires on a page?»: the resolver's decision in sentences."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from babel.lists import format_list
from flask_babel import gettext as _
from flask_babel import ngettext

from core.accounts.api import Actor
from core.codes.api import CodeFact, EventPage, Explanation, Page, SitePage, explain
from core.errors import NotFoundError
from webui import formats, platforms, session

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
        return Sentence(subject, _because(item), fires=True, set_at=code.set_at)
    if item.outcome == "switched_off":
        here = code.level == "live_event"
        text = (
            _("does not fire: it is switched off for this live event.")
            if here
            else _("does not fire: it is switched off everywhere.")
        )
        return Sentence(name, text, fires=False, set_at=code.set_at)
    twice = _("does not fire twice: the marketplace sends to the same place already.")
    return Sentence(subject, twice, fires=False, set_at=None)


def _because(item: Explanation) -> str:
    if item.code.level == "marketplace":
        return _("fires: it is the marketplace’s own and is on every page.")
    if item.code.level == "organizer":
        return _("fires: it is the default for all events.")
    replaced = ", ".join(formats.public_id(code.public_id) for code in item.overrides)
    if replaced:
        return _("fires, because it is set for this live event. It replaces the default %(ids)s.", ids=replaced)
    return _("fires, because it is set for this live event.")


def _shared(others: Iterable[Explanation]) -> str:
    names = sorted({platforms.mark(item.code.provider).name for item in others})
    if not names:
        return ""
    listed = format_list(names, locale=session.locale())
    return ngettext(
        "The marketplace’s own %(platforms)s code is always there.",
        "The marketplace’s own %(platforms)s codes are always there.",
        len(names),
        platforms=listed,
    )
