"""What mails say: one function per kind, plain words, paragraphs apart by an empty line."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from zoneinfo import ZoneInfo

from babel.dates import format_datetime

from core.languages import DEFAULT, catalogue

Kind = Literal["connection_stopped", "connection_working", "key_ending"]


@dataclass(frozen=True, slots=True)
class Words:
    """Subject and text of a mail; a paragraph that is only an address becomes a link in HTML."""

    subject: str
    body: str


def words(kind: Kind, data: Mapping[str, str], language: str = DEFAULT) -> Words:
    """Write a mail in a language; raises `KeyError` when ``data`` lacks something the kind needs."""
    return KINDS[kind](_Pen(data, language))


@dataclass(frozen=True, slots=True)
class _Pen:
    """Writes in one language; ``data`` fills the places of a text."""

    data: Mapping[str, str]
    language: str

    def gettext(self, text: str, **more: str) -> str:
        return self.say(text) % {**self.data, **more}

    def say(self, text: str) -> str:
        return catalogue(self.language).gettext(text) if text else ""

    def moment(self, name: str) -> str:
        """Date and time in the marketplace's zone."""
        zone = self.data["zone"]
        local = datetime.fromisoformat(self.data[name]).astimezone(ZoneInfo(zone))
        return f"{format_datetime(local, 'd MMMM y, HH:mm', locale=self.language)} ({zone})"


def _stopped(pen: _Pen) -> Words:
    since = pen.moment("since")
    return Words(
        pen.gettext("%(platform)s stopped accepting conversions for %(owner)s"),
        _paragraphs(
            pen.gettext(
                "%(platform)s no longer accepts the access token of account %(account)s (%(owner)s). "
                "Nothing has been sent there since %(since)s.",
                since=since,
            ),
            " ".join(pen.say(line) for line in pen.data["reason"].splitlines()),
            pen.gettext(
                "Nothing is lost: conversions that happen meanwhile are kept and will be sent, with their original "
                "time, as soon as you paste a new token. Some platforms take nothing older than seven days, so do "
                "it soon."
            ),
            pen.gettext("Reconnect here:"),
            pen.data["link"],
            _why(pen),
        ),
    )


def _working(pen: _Pen) -> Words:
    return Words(
        pen.gettext("%(platform)s is connected again for %(owner)s"),
        _paragraphs(
            pen.gettext(
                "Account %(account)s at %(platform)s (%(owner)s) has been connected again since %(since)s. "
                "Conversions that waited are on their way; you need not do anything.",
                since=pen.moment("since"),
            ),
            pen.gettext("See how it is doing:"),
            pen.data["link"],
            _why(pen),
        ),
    )


def _key_ending(pen: _Pen) -> Words:
    end = pen.moment("end")
    return Words(
        pen.gettext("The key %(key)s of %(owner)s ends on %(end)s", end=end),
        _paragraphs(
            pen.gettext(
                "The key %(key)s (%(prefix)s…) of %(owner)s works until %(end)s. "
                "Afterwards whatever uses it is refused.",
                end=end,
            ),
            pen.gettext("Replace it in time: you get a new key, and for as long as you choose both work."),
            pen.data["link"],
            pen.gettext("You get this mail because you look after keys of %(owner)s at %(marketplace)s."),
        ),
    )


def _why(pen: _Pen) -> str:
    return pen.gettext("You get this mail because you look after connections of %(owner)s at %(marketplace)s.")


def _paragraphs(*texts: str) -> str:
    return "\n\n".join(text for text in texts if text)


KINDS: dict[Kind, Callable[[_Pen], Words]] = {
    "connection_stopped": _stopped,
    "connection_working": _working,
    "key_ending": _key_ending,
}
