"""Code in every text somebody else may write, shown on every page of a real browser: nothing runs, nothing breaks."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from flask import Flask
from playwright.sync_api import Browser, Dialog, Page
from sqlalchemy import text
from werkzeug.serving import WSGIRequestHandler, make_server

from core.accounts.api import create_user
from core.db.session import tenant_session
from core.notifications.api import Audience, notify
from tests.marketplace import PLATFORM, Marketplace, make_marketplace
from tests.pipeline import ingest, run_pipeline
from tests.rounds import rounds
from tests.security.attack import Target, targets
from tests.security.payloads import EVALUATED, PAYLOADS, in_turn, portions
from tests.security.prey import PASSWORD, WHEN, Prey, settle
from tests.security.principals import key_of_kind
from tests.tracking.events import event
from tests.webui.people import Person

# Runs before anything of the page: what payloads call, and what the browser refused to run, ends up in the console.
WATCH = """
window.__ran = () => console.error('RAN');
window.alert = window.prompt = window.confirm = window.__ran;
document.addEventListener('securitypolicyviolation',
  e => console.error('REFUSED ' + e.violatedDirective + ' ' + e.blockedURI));
"""

# What no page of ours has; a payload that became one of these was taken for code, whether it ran or not.
CODE = (
    "script:not([src]):not([type='application/json'])", "iframe", "object", "embed", "base", "marquee", "math", "image",
    "audio", "video", "svg script", "svg set", "svg animate", "svg foreignObject", "meta[http-equiv]",
    ":not(.chart):not(.chart *)[style]",
    "link[href*='evil']", "script[src*='evil']", "[href^='javascript:' i]", "[action^='javascript:' i]", "img[src='x']",
    "[href^='vbscript:' i]", "[href^='data:text' i]", "[href^='//evil']", "[hx-get*='evil']",
)  # fmt: skip
BROKEN = """([code, evaluated]) => {
  const found = [...document.querySelectorAll(code)].map(element => element.outerHTML.slice(0, 120));
  for (const element of document.querySelectorAll('*'))
    for (const attribute of element.attributes)
      if (/^on|^hx-on/i.test(attribute.name)) found.push(element.outerHTML.slice(0, 120));
  const whole = document.querySelector('head meta[charset]');  // else it is a part that pages fetch
  if (whole && document.querySelectorAll('main').length !== 1) found.push('not one main');
  if (whole && document.querySelectorAll('h1').length !== 1) found.push('not one heading');
  if (whole && !document.title) found.push('no title');
  if (document.body.innerText.includes(evaluated)) found.push('a template was evaluated');
  const wide = document.documentElement.scrollWidth - document.documentElement.clientWidth;
  if (wide > 0) found.push('scrolls sideways by ' + wide);
  return found;
}"""


class Silent(WSGIRequestHandler):
    """Writes no line for each request."""

    def log(self, type: str, message: str, *args: Any) -> None:
        """Say nothing."""


@contextmanager
def served(app: Flask) -> Iterator[str]:
    """The application at an address of its own, for as long as it is needed."""
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Silent)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@dataclass(frozen=True, slots=True)
class Stage:
    """A marketplace full of hostile texts, an administrator of it, and the addresses of its pages."""

    person: Person
    paths: list[str]


@pytest.fixture(scope="module")
def stage(app: Flask, database: str) -> Stage:
    """Hostile texts through every door that takes texts."""
    marketplace = make_marketplace()
    with psycopg.connect(database, autocommit=True) as looking:
        looking.execute(
            "UPDATE tenants SET slug = 'scena', name = %s WHERE id = %s", [portions(200)[0], marketplace.tenant_id]
        )
        own = settle(looking, marketplace, "ownword")
    ids = _write_everywhere(app, marketplace)
    # Codes, people and mails have their texts from where they were made; the pages need only be there.
    person = _administrator(app, marketplace)
    return Stage(person, _addresses(app, own, ids))


def _administrator(app: Flask, marketplace: Marketplace) -> Person:
    email = f"admin@{marketplace.slug}.example"
    create_user(
        tenant_id=marketplace.tenant_id, email=email, display_name=portions(200)[1], password=PASSWORD, role="admin"
    )
    person = Person(app)
    assert person.sign_in(email).status_code == 302
    return person


def _addresses(app: Flask, own: Prey, live_events: list[str]) -> list[str]:
    """Every page there is; of those about a live event, one for each."""
    pages = [item for item in targets(app) if item.method == "GET" and not item.is_api and not _is_file(item)]
    found = []
    for target in pages:
        values = {name: own.ids[kind] for name, kind in target.ids.items()}
        found.append(target.path(app, values))
        if target.rule.rule == "/catalog/<kind_name>/show/<path:external_id>":
            found += [target.path(app, {"external_id": number}) for number in live_events]
    return [*found, "/persons/liking", *(f"/catalog/{page}" for page in SHOP_PAGES)]


def _is_file(target: Target) -> bool:
    return target.rule.rule.startswith(("/assets", "/sdk", "/metrics", "/healthz", "/readyz", "/demo/posters"))


def _write_everywhere(app: Flask, marketplace: Marketplace) -> list[str]:
    """Send payloads in every text the API takes; returns the live events that carry all of them in their titles."""
    client, key = app.test_client(), marketplace.bearer(key_of_kind(marketplace, "server", "ownword"))

    def send(method: str, path: str, body: Any) -> Any:
        answer = client.open(path, method=method, json=body, headers=key)
        assert answer.status_code < 400, (path, answer.get_data(as_text=True)[:600])
        return answer.get_json()

    def put(kind: str, rows: list[dict[str, Any]]) -> None:
        told = send("PUT", f"/api/v1/catalog/{kind}", {"items": rows})
        assert told["rejected"] == 0, [item for item in told["items"] if item["errors"]][:3]

    long, short, everything = in_turn(200), in_turn(100), portions(9_000)[0]
    titles = portions(200)
    put("organizers", [{"external_id": f"o-{n}", "name": titles[n % len(titles)]} for n in range(3)])
    put("genres", [{"external_id": f"g-{n}", "name": item} for n, item in enumerate(portions(100))])
    put("venues", [{"external_id": f"ve-{n}", "name": item, "city": next(short), "region": next(short), "country": "RO"}
                   for n, item in enumerate(titles)])  # fmt: skip
    put("artists", [{"external_id": f"a-{n}", "name": item, "genre_ids": [f"g-{n}"]} for n, item in enumerate(titles)])
    starts = datetime.now(UTC) + timedelta(days=20)
    translated = {"ro": {"title": next(long), "description": everything}}
    put("live-events", [
        {"external_id": f"h-{n}", "organizer_id": f"o-{n % 3}", "venue_id": f"ve-{n}", "title": item, "currency": "RON",
         "description": everything, "starts_at": (starts + timedelta(hours=n)).isoformat(), "status": "on_sale",
         "translations": translated, "genre_ids": [f"g-{n}"], "artist_ids": [f"a-{n}"]}
        for n, item in enumerate(titles)
    ])  # fmt: skip
    put("ticket-types", [
        {"external_id": f"t-{n}", "live_event_id": f"h-{n}", "name": item, "category": item[:40].strip(), "price": "9"}
        for n, item in enumerate(titles)
    ])  # fmt: skip
    _fill_shop(put, titles)
    for number, item in enumerate(portions(100)):
        order = marketplace.order(f"X-{number} {item}"[:120], promo_code=item, affiliate_id=item)
        order["person"] |= {
            "external_id": f"p-{number} {item}"[:120],
            "first_name": item,
            "last_name": item,
            "city": item,
        }
        order["context"] |= {"user_agent": item, "url": f"https://shop.example/?q={item}", "referrer": item,
                             "click_ids": {"fbclid": item}}  # fmt: skip
        order["items"][0] |= {"live_event_id": f"h-{number % len(titles)}", "ticket_type_id": None}
        send("POST", "/api/v1/orders", order)
        # Names of keys, gates and devices hold nothing invisible.
        seen = "".join(letter for letter in item if letter.isprintable())[:64].strip()
        made = {"kind": "scanner", "name": seen, "live_event": "h-0", "gate": seen, "device": seen}
        send("POST", "/api/v1/keys", made)
    events = [
        event(visitor_id=f"v-{n}", event_name=name,
              context={"page": {"url": f"https://shop.example/#{item}", "title": item}, "utm": {"campaign": item}})
        for n, (item, name) in enumerate(itertools.product(portions(100), ("page_view", "<script>__ran(1)</script>")))
    ]  # fmt: skip
    client.post("/api/tx/events/batch", json={"events": events[:100]}, headers=marketplace.collect_headers())
    ingest()
    _let_platforms_speak(marketplace, titles)
    return [f"h-{n}" for n in range(len(titles))]


def _fill_shop(put: Callable[[str, list[dict[str, Any]]], None], texts: list[str]) -> None:
    """What is sold beside tickets, with as many texts as it takes; names, ids and tastes of one person."""
    # Long texts by their beginnings, which is where payloads stand.
    short = [item[:60].strip() for item in texts]
    put("products", [{"external_id": f"pr-{n}", "name": item, "category": short[n], "seller": item, "currency": "RON",
                      "price": "9"} for n, item in enumerate(texts)])  # fmt: skip
    put("ticket-links", [{"external_id": f"li-{n}", "live_event_id": "h-0", "seller": item,
                          "url": f"https://shop.example/{n}", "utm": {"source": short[n], "term": item}}
                         for n, item in enumerate(texts)])  # fmt: skip
    put("affiliates", [{"external_id": f"af-{n}", "name": item} for n, item in enumerate(texts)])
    put("persons", [{"external_id": "liking", "first_name": short[0]}])
    line = {"line": short[0], "product_id": "pr-0", "quantity": 1, "unit_price": "9"}
    bought = {"currency": "RON", "placed_at": datetime.now(UTC).isoformat(), "gross": "9", "person_id": "liking"}
    put("shop-orders", [{"external_id": f"so-{n} {item}"[:100].strip(), "visitor_id": item[:100].strip(),
                         "items": [line], **bought} for n, item in enumerate(texts)])  # fmt: skip
    put("shipments", [{"external_id": f"pa-{n} {item}"[:100].strip(), "carrier": short[n],
                       "shop_order_id": f"so-{n} {item}"[:100].strip(), "tracking_number": item[:90].strip()}
                      for n, item in enumerate(texts)])  # fmt: skip
    agreed = {"granted": True, "captured_at": "2026-11-01T10:00:00Z"}
    put("interests", [{"person_id": "liking", "source": item[:80].strip(), "subject_kind": "word",
                       "subject": item[:100].strip(), "consent": agreed, "expires_at": "2099-01-01T00:00:00Z"}
                      for item in texts[:15]])  # fmt: skip


SHOP_PAGES = (
    "products/", "ticket-links/", "affiliates/", "shop-orders/", "shipments/", "products/show/pr-0",
    "products/edit/pr-1", "ticket-links/show/li-0", "ticket-links/edit/li-1", "affiliates/show/af-0",
)  # fmt: skip


def _let_platforms_speak(marketplace: Marketplace, texts: list[str]) -> None:
    """Mails and refusals that quote what a platform said, which may be anything."""
    marketplace.add_code(PLATFORM, "house", "700000000001", custom_params={"x": texts[0][:100]})
    words = ("platform", "account", "owner", "marketplace", "reason")
    with tenant_session(marketplace.tenant_id) as session:
        for number, item in enumerate(texts):
            facts = {**dict.fromkeys(words, item), **WHEN, "link": item}
            topic = f"connection:{number}"
            notify(
                session, marketplace.tenant_id, "connection_stopped", Audience(None), facts, topic=topic, occasion="1"
            )
    run_pipeline()
    with tenant_session(marketplace.tenant_id) as session:
        said = {"said": " ".join(texts)[:2_000]}
        session.execute(
            text("UPDATE conversion_deliveries SET state = 'dead', reason = 'invalid', detail = :said"), said
        )
        session.execute(text("UPDATE delivery_attempts SET message = :said, code = :said, reference = :said"), said)
        session.execute(text("UPDATE connections SET state = 'needs_reconnect', state_reason = :said"), said)


def test_there_are_enough_payloads_and_all_fit() -> None:
    assert len(set(PAYLOADS)) >= 60
    assert all(payload.strip()[:60] in " ".join(portions(200)) for payload in PAYLOADS)


def test_nothing_runs_and_no_page_breaks(app: Flask, stage: Stage, browser: Browser) -> None:
    findings: list[str] = []
    with served(app) as address:
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        cookie = stage.person.client.get_cookie("adrail")
        assert cookie
        context.add_cookies([{"name": "adrail", "value": cookie.value, "url": address}])
        context.add_init_script(WATCH)
        page = context.new_page()
        page.on("dialog", lambda dialog: _dismiss(findings, page, dialog))
        page.on("console", lambda line: _note(findings, page, line.text))
        for path in stage.paths:
            findings += _look(page, address, path)
        context.close()
    assert not findings, "\n".join(dict.fromkeys(findings))
    assert len(stage.paths) > 40


def _dismiss(findings: list[str], page: Page, dialog: Dialog) -> None:
    findings.append(f"{page.url}: a dialog")
    dialog.dismiss()


def _note(findings: list[str], page: Page, line: str) -> None:
    if line.startswith(("RAN", "REFUSED")) or "Content Security Policy" in line:
        findings.append(f"{page.url}: {line[:300]}")


def _look(page: Page, address: str, path: str) -> list[str]:
    response = page.goto(address + path, wait_until="load")
    assert response
    if response.status >= 500:
        return [f"{path}: {response.status}"]
    if "text/html" not in response.headers.get("content-type", ""):
        return []
    if rounds(0, 1):
        page.evaluate("document.querySelectorAll('a, button, input, [tabindex]').forEach(element => element.focus())")
    return [f"{path}: {found}" for found in page.evaluate(BROKEN, [", ".join(CODE), EVALUATED])]
