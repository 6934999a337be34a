"""What every page tells browsers, in production: no foreign code, no frames, no plain HTTP, no way to other sites."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlencode

import psycopg
import pytest
from flask import Flask
from werkzeug.test import TestResponse

from tests.marketplace import make_marketplace
from tests.process_state import use_environment
from tests.rounds import rounds
from tests.security.attack import Target, needed_query, targets
from tests.security.prey import PASSWORD, Prey, settle
from tests.webui.people import Elements, Person

HOME = "https://adrail.example"
HTTPS = {"wsgi.url_scheme": "https", "HTTP_HOST": "adrail.example"}
ELSEWHERE = (
    "https://evil.example/", "//evil.example/", "/\\evil.example/", "\\\\evil.example", "/\t/evil.example",
    "https:evil.example", "javascript:alert(1)", "/%09/evil.example", "///evil.example", "data:text/html,x",
    "https://adrail.example@evil.example/", "http://adrail.example.evil.example/", " //evil.example",
    "/..//evil.example",
    "/\u2028/evil.example",
)  # fmt: skip
POLICY = {
    "default-src": "'none'",
    "base-uri": "'none'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
}


@dataclass(frozen=True, slots=True)
class Site:
    """The application as in production, an administrator, and every page there is."""

    app: Flask
    person: Person
    email: str
    own: Prey
    pages: list[Target]

    def get(self, target: Target) -> TestResponse:
        """Open a page as the administrator."""
        path = target.path(self.app, {name: self.own.ids[kind] for name, kind in target.ids.items()})
        return self.person.client.get(path, query_string=needed_query(target, self.own), buffered=True)


@pytest.fixture(scope="module")
def site(database: str) -> Iterator[Site]:
    """Production settings; nothing but the demo is missing."""
    from server.app import create_app

    secure = {"ADRAIL_ENV": "production", "ADRAIL_DEMO": "false", "ADRAIL_BASE_URL": HOME, "ADRAIL_SANDBOX_URL": ""}
    with psycopg.connect(database, autocommit=True) as looking:
        marketplace = make_marketplace()
        own = settle(looking, marketplace, "ownword")
        email = f"admin@{marketplace.slug}.example"
        marketplace.create_user(email, PASSWORD, role="admin")
        with use_environment(**secure):
            app = create_app()
            person = Person(app)
            person.client.environ_base |= HTTPS
            assert person.sign_in(email).status_code == 302
            pages = [item for item in targets(app) if item.method == "GET" and not _is_file(item)]
            yield Site(app, person, email, own, pages)


def _is_file(target: Target) -> bool:
    return target.rule.rule.startswith(("/api/", "/assets", "/sdk", "/metrics", "/healthz", "/readyz"))


def test_every_page_carries_the_headers_of_a_careful_site(site: Site) -> None:
    findings = []
    for target in site.pages:
        answer = site.get(target)
        findings += [f"{target.name} ({answer.status_code}): {text}" for text in _careless(answer)]
    assert not findings, "\n".join(findings)
    assert len(site.pages) > 30


def _careless(answer: TestResponse) -> Iterator[str]:
    headers = answer.headers
    policy = dict(part.strip().partition(" ")[::2] for part in headers.get("Content-Security-Policy", "").split(";"))
    for name, value in POLICY.items():
        if policy.get(name) != value:
            yield f"the policy's {name} is {policy.get(name)!r}"
    if not re.fullmatch(r"'nonce-[\w-]{16,}'", policy.get("script-src", "")):
        yield f"scripts may come from {policy.get('script-src')!r}"
    if "unsafe" in str(policy) or "*" in str(policy):
        yield "the policy allows what is not safe"
    wanted = {"X-Content-Type-Options": "nosniff", "Cross-Origin-Opener-Policy": "same-origin"}
    yield from (f"{name} is {headers.get(name)!r}" for name, value in wanted.items() if headers.get(name) != value)
    if headers.get("Referrer-Policy") not in {"strict-origin-when-cross-origin", "same-origin", "no-referrer"}:
        yield f"Referrer-Policy is {headers.get('Referrer-Policy')!r}"
    if "max-age=31536000" not in headers.get("Strict-Transport-Security", ""):
        yield "browsers may use plain HTTP"
    if "no-store" not in headers.get("Cache-Control", ""):
        yield f"may be kept: {headers.get('Cache-Control')!r}"
    for cookie in headers.getlist("Set-Cookie"):
        if not (
            cookie.startswith("__Host-") and "Secure" in cookie and "HttpOnly" in cookie and "SameSite=Lax" in cookie
        ):
            yield f"a cookie is {cookie.partition('=')[0]}={cookie.partition(';')[2]}"
    yield from _inline(answer.get_data(as_text=True)) if "html" in (answer.content_type or "") else ()


def _inline(text: str) -> Iterator[str]:
    for tag, attributes in Elements(text).found:
        bad = [name for name in attributes if name.startswith("on") or name in {"style", "hx-on"}]
        if bad or (tag == "script" and not attributes.get("src") and attributes.get("type") != "application/json"):
            yield f"<{tag}> has code of its own: {bad}"


def test_no_address_leads_to_another_site(site: Site) -> None:
    findings = []
    stranger = Person(site.app)
    for where in ELSEWHERE[: rounds(3, len(ELSEWHERE))]:
        for target in site.pages:
            path = target.path(site.app, {name: site.own.ids[kind] for name, kind in target.ids.items()})
            for who in (site.person, stranger):
                answer = who.client.get(
                    path, query_string={"next": where, "back": where, "return_to": where}, buffered=True
                )
                if _away(answer):
                    findings.append(f"{target.name} with {where!r}: {answer.headers['Location']}")
    assert not findings, "\n".join(findings)


def test_signing_in_leads_to_this_site_only(site: Site) -> None:
    for where in ELSEWHERE:
        person = Person(site.app)
        person.client.environ_base |= HTTPS
        answer = person.sign_in(site.email, path=f"/sign-in?{urlencode({'next': where})}")
        assert answer.status_code == 302, where
        assert not _away(answer), where


def _away(answer: TestResponse) -> bool:
    location = answer.headers.get("Location", "")
    return bool(location) and not re.match(r"(https://adrail\.example|http://localhost)?/(?![/\\])", location)
