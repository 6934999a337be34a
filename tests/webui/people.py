"""People at the web UI: somebody who signs in, reads pages and sends forms, as a browser without scripts would."""

from __future__ import annotations

import html
import itertools
import re
import secrets
from html.parser import HTMLParser
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from itsdangerous import URLSafeTimedSerializer
from werkzeug.test import TestResponse

from tests.marketplace import Marketplace

PASSWORD = "a long enough password"
_numbers = itertools.count(1)


class Person:
    """A visitor with cookies of their own."""

    def __init__(self, app: Flask) -> None:
        self.client: FlaskClient = app.test_client()
        number = next(_numbers)
        # Sign-in tries are counted by address as well.
        self.client.environ_base["REMOTE_ADDR"] = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"

    def get(self, path: str, status: int = 200) -> str:
        """Open a page and return its text; fails on another status."""
        response = self.client.get(path)
        assert response.status_code == status, f"{path}: {response.status_code}\n{readable(response.text)}"
        return response.text

    def token(self) -> str:
        """Return the form token of this visitor's session, as any page with a form would tell it."""
        with self.client.session_transaction() as session:
            secret = session.setdefault("csrf_token", secrets.token_hex(20))
        signer = URLSafeTimedSerializer(str(self.client.application.secret_key), salt="wtf-csrf-token")
        return str(signer.dumps(secret))

    def send(self, path: str, fields: dict[str, Any] | None = None, *, partly: bool = False) -> TestResponse:
        """Send a form with this session's token; ``partly`` as a page that only wants a part renewed."""
        headers = {"HX-Request": "true"} if partly else {}
        return self.client.post(path, data={"csrf_token": self.token(), **(fields or {})}, headers=headers)

    def sign_in(self, email: str, password: str = PASSWORD, path: str = "/sign-in") -> TestResponse:
        """Send the sign-in form."""
        return self.send(path, {"email": email, "password": password})


def member(app: Flask, marketplace: Marketplace, organizer: str | None = "org-1", role: str = "owner") -> Person:
    """Return somebody of a marketplace's staff who has signed in."""
    email = f"person-{next(_numbers)}@{marketplace.slug}.example"
    marketplace.create_user(email, PASSWORD, role=role, organizer=organizer)
    person = Person(app)
    assert person.sign_in(email).status_code == 302
    return person


def readable(text: str) -> str:
    """Return what a person reads on a page, blanks squeezed; a few seconds ago, on a busy machine, is just now."""
    shown = text.partition("<body")[2] or text
    body = re.sub(r"<(script|style|noscript|template)\b.*?</\1>", " ", shown, flags=re.DOTALL)
    told = " ".join(html.unescape(re.sub(r"<[^>]+>", " ", body)).split())
    return re.sub(r"\b\d+ s ago\b", "just now", told)


class Elements(HTMLParser):
    """Every start tag of a page with its attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Remember a tag."""
        self.found.append((tag, {name: value or "" for name, value in attrs}))

    def named(self, tag: str) -> list[dict[str, str]]:
        """Return the attributes of every element of one kind."""
        return [attrs for name, attrs in self.found if name == tag]

    def field(self, name: str) -> dict[str, str]:
        """Return the attributes of one input."""
        return next(attrs for attrs in self.named("input") if attrs.get("name") == name)
