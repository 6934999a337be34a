"""Form tokens, security headers, isolation between tenants and organisers, permissions."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from werkzeug.routing import Rule

from tests.marketplace import Marketplace
from tests.process_state import use_environment
from tests.webui.people import Elements, Person, member, readable

OURS = {
    "auth",
    "overview",
    "live_events",
    "codes",
    "deliveries",
    "connections",
    "sites",
    "keys",
    "audit",
    "demo",
    "mail",
}
PAGES = (
    "/", "/live-events/", "/codes/", "/codes/new", "/codes/new/meta", "/deliveries/", "/connections/", "/sites/",
    "/sites/new", "/keys/", "/keys/new", "/keys/new/server", "/audit/", "/demo/mail/",
)  # fmt: skip


def our_rules(app: Flask, method: str) -> list[Rule]:
    rules = [rule for rule in app.url_map.iter_rules() if rule.endpoint.partition(".")[0] in OURS]
    return [rule for rule in rules if method in (rule.methods or ())]


def address(rule: Rule, number: int) -> str:
    return re.sub(r"<(?:int:)?(\w+)>", lambda found: str(number) if found[1].endswith("_id") else "meta", rule.rule)


def test_no_form_is_accepted_without_its_token(app: Flask, marketplace: Marketplace) -> None:
    person = member(app, marketplace)
    rules = our_rules(app, "POST")

    answers = {rule.rule: person.client.post(address(rule, 1), data={"anything": "x"}) for rule in rules}

    assert len(answers) >= 15
    assert {rule: answer.status_code for rule, answer in answers.items() if answer.status_code != 400} == {}
    assert "open for too long" in readable(answers["/sign-out"].text)
    assert "Overview" in person.get("/")


def test_a_part_of_a_page_is_answered_with_a_part_of_an_error_page(app: Flask, marketplace: Marketplace) -> None:
    person = member(app, marketplace)

    response = person.client.post("/codes/1/test", headers={"HX-Request": "true"})

    assert response.status_code == 400
    assert response.text.startswith("<div class=")
    assert "open for too long" in readable(response.text)


def test_the_token_of_another_session_is_refused(app: Flask, marketplace: Marketplace) -> None:
    stolen = member(app, marketplace).token()

    response = member(app, marketplace).client.post("/sign-out", data={"csrf_token": stolen})

    assert response.status_code == 400


@pytest.mark.parametrize("path", [*PAGES, "/sign-in", "/nothing/here"])
def test_pages_run_only_scripts_with_the_nonce_of_this_answer(app: Flask, marketplace: Marketplace, path: str) -> None:
    person = Person(app) if path == "/sign-in" else member(app, marketplace)

    first, second = (person.client.get(path, follow_redirects=True) for _ in range(2))

    policies = [response.headers["Content-Security-Policy"] for response in (first, second)]
    nonces = [re.findall(r"script-src 'nonce-([\w-]{16,})'(?:;|$)", policy) for policy in policies]
    assert all(len(found) == 1 for found in nonces)
    assert nonces[0] != nonces[1]
    assert all(attrs["nonce"] == nonces[0][0] for attrs in Elements(first.text).named("script"))


@pytest.mark.parametrize("path", [*PAGES, "/sign-in"])
def test_pages_have_no_inline_code_or_style_and_nothing_from_elsewhere(
    app: Flask, marketplace: Marketplace, path: str
) -> None:
    person = Person(app) if path == "/sign-in" else member(app, marketplace)

    elements = Elements(person.client.get(path, follow_redirects=True).text)

    for tag, attrs in elements.found:
        assert not [name for name in attrs if name.startswith("on") or name == "style"], (tag, attrs)
        loaded = attrs.get("src", "") or (attrs.get("href", "") if tag in {"link", "use"} else "")
        assert not re.match(r"(https?:)?//|javascript:|data:", loaded), (tag, attrs)
    assert not elements.named("style")
    assert all(attrs.get("src") for attrs in elements.named("script"))


def test_pages_tell_browsers_to_be_careful(app: Flask, marketplace: Marketplace) -> None:
    headers = member(app, marketplace).client.get("/").headers

    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "strict-origin-when-cross-origin"
    assert headers["Cache-Control"] == "no-store"
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "'unsafe-" not in headers["Content-Security-Policy"]
    assert "Strict-Transport-Security" not in headers


def test_in_production_cookies_are_secure_and_browsers_stay_on_https(database: str) -> None:
    from server.app import create_app

    secure = {"ADRAIL_ENV": "production", "ADRAIL_DEMO": "false", "ADRAIL_BASE_URL": "https://adrail.example"}
    with use_environment(**secure, ADRAIL_SANDBOX_URL=""):
        response = create_app().test_client().get("/sign-in", base_url="https://adrail.example")

    assert response.headers["Strict-Transport-Security"].startswith("max-age=31536000")
    assert response.headers["Set-Cookie"].startswith("__Host-adrail=")
    assert "Secure" in response.headers["Set-Cookie"]


def test_static_files_may_be_kept_for_a_year_by_their_digest(app: Flask, marketplace: Marketplace) -> None:
    person = member(app, marketplace)
    links = [attrs["href"] for attrs in Elements(person.get("/")).named("link")]

    assert len(links) > 4
    for link in links:
        with person.client.get(link) as answer:
            assert answer.status_code == 200
            assert "immutable" in answer.headers["Cache-Control"]


@pytest.mark.parametrize("whose", ["another marketplace's owner", "another organiser of the same marketplace"])
def test_things_of_somebody_else_do_not_exist(
    app: Flask, marketplace: Marketplace, other_marketplace: Marketplace, whose: str
) -> None:
    code = marketplace.add_code("meta", "default", "1234567890123", organizer="org-1")
    connection = marketplace_connection(marketplace, code)
    same = whose.startswith("another organiser")
    stranger = member(app, marketplace if same else other_marketplace, "org-2" if same else None)
    token = stranger.token()
    numbers = {"code_id": code, "connection_id": connection}

    for method in ("GET", "POST"):
        for rule in our_rules(app, method):
            wanted = [name for name in ("code_id", "connection_id") if f"<int:{name}>" in rule.rule]
            if not wanted:
                continue
            path = address(rule, numbers[wanted[0]])
            data = {"csrf_token": token} if method == "POST" else None
            assert stranger.client.open(path, method=method, data=data).status_code == 404, (method, path)


def marketplace_connection(marketplace: Marketplace, code: int) -> int:
    from core.codes.api import get_code

    connection = get_code(marketplace.staff, code).connection_id
    assert connection is not None
    return connection


def test_an_analyst_sees_results_and_changes_nothing(app: Flask, marketplace: Marketplace) -> None:
    analyst = member(app, marketplace, role="analyst")

    overview = readable(analyst.get("/"))

    assert "Deliveries" in overview
    assert "Tracking codes" not in overview
    for path in ("/codes/", "/codes/new/meta", "/connections/"):
        assert "not yours to open" in readable(analyst.get(path, 403))


def test_errors_say_what_to_do_next(app: Flask, marketplace: Marketplace) -> None:
    person = member(app, marketplace)

    missing = readable(person.get("/codes/999999", 404))
    unknown = readable(person.get("/no/such/page", 404))

    assert missing.startswith("> ad rail There is nothing here") or "There is nothing here" in missing
    assert "Go to the overview" in unknown
