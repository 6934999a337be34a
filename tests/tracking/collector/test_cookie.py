"""The first-party cookie: set under the site's own address for one who agreed, and nowhere else."""

from __future__ import annotations

from typing import Any

import pytest
from werkzeug.test import TestResponse

from core.accounts.api import list_sites, update_site
from core.errors import InvalidInputError
from tests.marketplace import ORIGIN, Marketplace
from tests.process_state import use_environment
from tests.tracking.events import NONE, Page, completed, consent, event

OWN = "https://www.tickets.example"
EXPECTED = "_adrail_vid={}; Max-Age=31536000; Path=/; Secure; SameSite=Lax"


def allow(marketplace: Marketplace, **rules: Any) -> None:
    """Turn the cookie on, or more."""
    (site,) = list_sites(marketplace.staff)
    rules = {"visitor_cookie": True, **rules}
    update_site(marketplace.staff, site.id, name=site.name, origins=site.allowed_origins, **rules)


def send(page: Page, *events: Any, path: str = "/api/tx/events/batch", base: str = OWN, **headers: str) -> TestResponse:
    """Send as a page does whose own server leads to the collector."""
    headers = page.marketplace.collect_headers(**{"Origin": OWN, **headers})
    body = events[0] if path.endswith("/events") else {"events": list(events)}
    return page.client.post(path, json=body, headers=headers, base_url=base)


@pytest.mark.parametrize("path", ["/api/tx/events", "/api/tx/events/batch", "/api/tx/collect"])
def test_it_is_set_for_a_year_where_the_site_leads_to_the_collector(page: Page, path: str) -> None:
    allow(page.marketplace)
    answer = send(page, event(visitor_id="0b6f2c9e-1d7a"), path=path)
    assert answer.status_code in {202, 204}
    assert answer.headers.getlist("Set-Cookie") == [EXPECTED.format("0b6f2c9e-1d7a")]


def test_its_domain_may_span_subdomains(page: Page) -> None:
    allow(page.marketplace, cookie_domain=".Tickets.example")
    answer = send(page, event(visitor_id="v-1"))
    assert "; Path=/; Domain=tickets.example; Secure" in answer.headers["Set-Cookie"]
    allow(page.marketplace, cookie_domain="")
    assert answer.headers["Set-Cookie"] != send(page, event(visitor_id="v-1")).headers["Set-Cookie"]


def test_a_site_that_did_not_ask_gets_none(page: Page) -> None:
    assert "Set-Cookie" not in send(page, event()).headers
    allow(page.marketplace)
    allow(page.marketplace, visitor_cookie=False)
    assert "Set-Cookie" not in send(page, event()).headers


def test_the_browser_knows_best_which_address_it_called(page: Page) -> None:
    allow(page.marketplace)
    listed = {"base": "https://adrail.example", "Origin": ORIGIN}
    assert "Set-Cookie" in send(page, event(), **listed, **{"Sec-Fetch-Site": "same-origin"}).headers
    for other in ("cross-site", "same-site", "none"):
        assert "Set-Cookie" not in send(page, event(), **listed, **{"Sec-Fetch-Site": other}).headers
        assert "Set-Cookie" not in send(page, event(), **{"Sec-Fetch-Site": other}).headers


def test_another_origin_gets_none(page: Page) -> None:
    allow(page.marketplace)
    assert "Set-Cookie" not in page.post({"events": [event()]}).headers
    assert "Set-Cookie" not in send(page, event(), base="https://adrail.example", Origin="https://shop.example").headers
    key = {"X-Adrail-Key": page.marketplace.write_key}
    assert "Set-Cookie" not in page.client.post("/api/tx/events", json=event(), headers=key, base_url=OWN).headers


@pytest.mark.parametrize(
    "events",
    [
        [event("consent_updated", consent_snapshot=consent(**NONE), payload={"method": "reject_all"})],
        [event("consent_updated", consent_snapshot=None, payload={"method": "reject_all"})],
        [event(consent_snapshot=consent(analytics=False))],
        [event(visitor_id="v-1"), event(visitor_id="v-2")],
        [event(visitor_id="v; Domain=evil.example")],
        [event(visitor_id="v\r\nX: y")],
        [event(visitor_id="v\u0103")],
        [event(event_name="no_such_event")],
        [],
    ],
    ids=["denied", "not asked", "no statistics", "two", "semicolon", "line", "letter", "refused", "nothing"],
)
def test_without_one_visitor_who_agreed_there_is_none(page: Page, events: list[Any]) -> None:
    allow(page.marketplace)
    assert "Set-Cookie" not in send(page, *events).headers


def test_who_asks_not_to_be_tracked_gets_none_where_that_counts(page: Page) -> None:
    allow(page.marketplace, dnt_policy="no_tracking")
    assert "Set-Cookie" not in send(page, event(), DNT="1").headers
    allow(page.marketplace, dnt_policy="off")
    assert "Set-Cookie" in send(page, event(), DNT="1").headers


def test_a_backend_gets_none(page: Page) -> None:
    allow(page.marketplace)
    headers = {**page.marketplace.bearer(), "Origin": OWN}
    assert "Set-Cookie" not in page.client.post("/api/tx/events", json=completed("A-1"), headers=headers).headers


def test_processes_that_know_the_site_from_others_alone_set_it(page: Page) -> None:
    allow(page.marketplace)
    send(page, event())
    with use_environment(DATABASE_URL="postgresql://nobody@127.0.0.1:1/none"):
        assert "Set-Cookie" in send(page, event()).headers


@pytest.mark.parametrize("domain", ["localhost", "a b.example", "x.example; Secure", "-.example", "é.example"])
def test_a_domain_that_is_none_is_refused(marketplace: Marketplace, domain: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        allow(marketplace, cookie_domain=domain)
    assert [item.pointer for item in refused.value.errors] == ["/cookie_domain"]
