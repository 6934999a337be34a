"""Who attacks: nobody, every kind of key, and people of every role, of a marketplace and of one organiser."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from flask import Flask
from itsdangerous import URLSafeTimedSerializer
from werkzeug.test import TestResponse

from core.accounts.api import KeyWish, issue_key
from core.accounts.key_kinds import KEY_SCOPES, ORGANIZER, SCANNER, SERVER
from core.accounts.permissions import ROLES, SUBJECT_TYPES
from tests.marketplace import Marketplace
from tests.security.prey import Looking
from tests.webui.people import PASSWORD, Person, member


@dataclass(slots=True)
class Principal:
    """Somebody with their credentials; ``organizer`` tells who is bound to one organiser."""

    name: str
    person: Person
    headers: Mapping[str, str]
    organizer: bool = False
    signs_in: bool = False
    _token: str = ""

    def suits(self, api: bool) -> bool:
        """Whether it is what such an address asks for: keys of the API, people of pages; nobody goes anywhere."""
        return self.name == "anonymous" or self.signs_in is not api

    def send(
        self,
        method: str,
        path: str,
        *,
        body: Any = None,
        form: Mapping[str, Any] | None = None,
        query: Mapping[str, str] | None = None,
    ) -> TestResponse:
        """Send a request as they would: JSON to the API, forms with their token to pages."""
        if self.signs_in:
            self._forget_messages()
        content: dict[str, Any] = {}
        if method not in {"GET", "HEAD", "OPTIONS"}:
            content = (
                {"json": body} if path.startswith("/api/") else {"data": {"csrf_token": self.token(), **(form or {})}}
            )
        return self.person.client.open(
            path, method=method, headers=self.headers, query_string=query, buffered=True, **content
        )

    def _forget_messages(self) -> None:
        """What the last form led to would be told on the next page."""
        with self.person.client.session_transaction() as cookie:
            cookie.pop("_flashes", None)

    def token(self) -> str:
        """The form token of their session; not every page that they may see has a form to take it from."""
        if not self._token:
            with self.person.client.session_transaction() as cookie:
                raw = cookie.setdefault("csrf_token", secrets.token_hex(20))
            signer = URLSafeTimedSerializer(str(self.person.client.application.secret_key), salt="wtf-csrf-token")
            self._token = str(signer.dumps(raw))
        return self._token


def principals(app: Flask, looking: Looking, marketplace: Marketplace, organizer: str) -> Iterator[Principal]:
    """Everybody there can be; new kinds of keys, roles and subjects come by themselves."""
    yield Principal("anonymous", Person(app), {})
    yield Principal("write key", Person(app), marketplace.collect_headers())
    for kind in KEY_SCOPES:
        headers = marketplace.bearer(key_of_kind(marketplace, kind, organizer))
        yield Principal(f"{kind} key", Person(app), headers, organizer=kind != SERVER)
    for role in ROLES:
        yield Principal(f"marketplace's {role}", member(app, marketplace, None, role), {}, signs_in=True)
        person = member(app, marketplace, organizer, role)
        yield Principal(f"organiser's {role}", person, {}, organizer=True, signs_in=True)
    for subject in sorted(set(SUBJECT_TYPES) - {"marketplace", "organizer"}):
        yield Principal(f"{subject}'s owner", _member_of(app, looking, marketplace, subject), {}, True, True)


def key_of_kind(marketplace: Marketplace, kind: str, organizer: str) -> str:
    """A key of a kind that may do everything which such a key can do."""
    place: dict[str, dict[str, Any]] = {
        SERVER: {},
        ORGANIZER: {"organizer": f"{organizer}-org"},
        SCANNER: {"live_event": f"{organizer}-ev", "gate": "north", "device": "one"},
    }
    if kind not in place:
        raise AssertionError(f"say in tests/security/principals.py what a key of kind {kind!r} is bound to")
    wish = KeyWish(kind=kind, name="attacker", scopes=KEY_SCOPES[kind], **place[kind])
    return issue_key(marketplace.staff, wish).key


def _member_of(app: Flask, looking: Looking, marketplace: Marketplace, subject: str) -> Person:
    """Somebody of an artist, a venue, …; the membership that invitations lead to."""
    email = f"{subject}@{marketplace.slug}.example"
    user = marketplace.create_user(email, PASSWORD)
    looking.execute(
        "UPDATE memberships SET subject_kind = %s, subject_id = 'theirs', account_type = %s WHERE user_id = %s",
        [subject, SUBJECT_TYPES[subject][0], user],
    )
    person = Person(app)
    assert person.sign_in(email).status_code == 302
    return person
