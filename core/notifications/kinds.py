"""What mails say: one function per kind, plain words, paragraphs apart by an empty line."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

Kind = Literal["connection_stopped", "connection_working", "key_ending"]


@dataclass(frozen=True, slots=True)
class Words:
    """Subject and text of a mail; a paragraph that is only an address becomes a link in HTML."""

    subject: str
    body: str


def words(kind: Kind, data: Mapping[str, str]) -> Words:
    """Write a mail; raises `KeyError` when ``data`` lacks something the kind needs."""
    return KINDS[kind](data)


def _stopped(data: Mapping[str, str]) -> Words:
    return Words(
        f"{data['platform']} stopped accepting conversions for {data['owner']}",
        _paragraphs(
            f"{data['platform']} no longer accepts the access token of account {data['account']} ({data['owner']}). "
            f"Nothing has been sent there since {data['since']}.",
            data["reason"],
            "Nothing is lost: conversions that happen meanwhile are kept and will be sent, with their original time, "
            "as soon as you paste a new token. Some platforms take nothing older than seven days, so do it soon.",
            "Reconnect here:",
            data["link"],
            _why(data),
        ),
    )


def _working(data: Mapping[str, str]) -> Words:
    return Words(
        f"{data['platform']} is connected again for {data['owner']}",
        _paragraphs(
            f"Account {data['account']} at {data['platform']} ({data['owner']}) has been connected again since "
            f"{data['since']}. Conversions that waited are on their way; you need not do anything.",
            "See how it is doing:",
            data["link"],
            _why(data),
        ),
    )


def _key_ending(data: Mapping[str, str]) -> Words:
    return Words(
        f"The key {data['key']} of {data['owner']} ends on {data['end']}",
        _paragraphs(
            f"The key {data['key']} ({data['prefix']}…) of {data['owner']} works until {data['end']}. "
            "Afterwards whatever uses it is refused.",
            "Replace it in time: you get a new key, and for as long as you choose both work.",
            data["link"],
            f"You get this mail because you look after keys of {data['owner']} at {data['marketplace']}.",
        ),
    )


def _why(data: Mapping[str, str]) -> str:
    return f"You get this mail because you look after connections of {data['owner']} at {data['marketplace']}."


def _paragraphs(*texts: str) -> str:
    return "\n\n".join(text for text in texts if text)


KINDS: dict[Kind, Callable[[Mapping[str, str]], Words]] = {
    "connection_stopped": _stopped,
    "connection_working": _working,
    "key_ending": _key_ending,
}
