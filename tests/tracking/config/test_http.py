"""tracking-config and the scripts as pages load them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import event
from sqlalchemy.exc import OperationalError
from werkzeug.test import TestResponse

from core.codes.api import bump_generation
from core.config import settings
from core.db import session as db
from tests.marketplace import ORIGIN, PLATFORM, Marketplace
from tests.waiting import until

BASE = "/api/marketplace-client"
EVENT = f"{BASE}/events/event-1/tracking-config"
CART = f"{BASE}/carts/tracking-config"
WHOLE, OWN, OTHER = "100000000000001", "100000000000002", "100000000000003"
CANARY = "canary-EAAB-90817263"


@pytest.fixture
def shop(marketplace: Marketplace) -> Marketplace:
    secret = {"access_token": CANARY}
    marketplace.add_code(PLATFORM, "whole", WHOLE, settings=secret)
    marketplace.add_code(PLATFORM, "own", OWN, organizer="org-1", settings=secret)
    marketplace.add_code(PLATFORM, "other", OTHER, organizer="org-2", settings=secret)
    return marketplace


def ids(response: TestResponse) -> list[str]:
    assert response.status_code == 200, response.text
    body: dict[str, Any] = response.get_json()
    return [code["public_id"] for code in body["codes"]]


def test_pages_get_their_codes_by_header_or_query_key(client: FlaskClient, shop: Marketplace) -> None:
    key = {"X-Adrail-Key": shop.write_key}
    assert ids(client.get(EVENT, headers=key)) == [WHOLE, OWN]
    assert ids(client.get(EVENT, query_string={"key": shop.write_key})) == [WHOLE, OWN]
    assert ids(client.get(f"{BASE}/organizers/org-2/tracking-config", headers=key)) == [WHOLE, OTHER]
    assert ids(client.get(f"{BASE}/site/tracking-config", headers=key)) == [WHOLE]
    cart = client.post(CART, json={"live_event_ids": ["ev-1", "ev-3", "gone"]}, headers=key)
    assert ids(cart) == [WHOLE, OWN, OTHER]
    assert cart.get_json()["live_events"] == {"ev-1": "org-1", "ev-3": "org-2"}


def test_no_secret_leaves(client: FlaskClient, shop: Marketplace) -> None:
    key = {"X-Adrail-Key": shop.write_key}
    explained = client.get(EVENT, query_string={"explain": 1}, headers=shop.bearer())
    cart = client.post(CART, json={"live_event_ids": ["ev-1", "ev-3"]}, headers=key)
    for response in (client.get(EVENT, headers=key), cart, explained):
        assert response.status_code == 200
        assert CANARY not in response.text


def test_answer_may_be_cached_and_is_revalidated_by_entity_tag(client: FlaskClient, shop: Marketplace) -> None:
    key = {"X-Adrail-Key": shop.write_key}
    first = client.get(EVENT, headers=key)
    assert first.headers["Cache-Control"] == "public, max-age=60, stale-while-revalidate=300"
    assert first.headers["ETag"] == f'"{first.get_json()["version"]}"'
    again = client.get(EVENT, headers={**key, "If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", first.headers["ETag"])
    shop.add_code(PLATFORM, "late", OTHER, organizer="org-1", live_event_id="ev-1")
    changed = until(
        lambda: client.get(EVENT, headers={**key, "If-None-Match": first.headers["ETag"]}).status_code == 200,
        what="the change",
    )
    assert changed


def test_only_the_sites_own_origins_may_read(client: FlaskClient, shop: Marketplace) -> None:
    key = {"X-Adrail-Key": shop.write_key}
    own = client.get(EVENT, headers={**key, "Origin": ORIGIN})
    assert own.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert "Access-Control-Allow-Credentials" not in own.headers
    assert "Origin" in own.headers["Vary"]
    foreign = client.get(EVENT, headers={**key, "Origin": "https://evil.example"})
    assert "Access-Control-Allow-Origin" not in foreign.headers
    preflight = client.options(EVENT, headers={"Origin": ORIGIN, "Access-Control-Request-Headers": "x-adrail-key"})
    assert preflight.status_code == 204
    assert "X-Adrail-Key" in preflight.headers["Access-Control-Allow-Headers"]


def test_marketplaces_do_not_see_each_other(
    client: FlaskClient, shop: Marketplace, other_marketplace: Marketplace
) -> None:
    stranger = {"X-Adrail-Key": other_marketplace.write_key}
    assert ids(client.get(EVENT, headers=stranger)) == []
    with_both = client.get(EVENT, query_string={"explain": 1}, headers={**stranger, **shop.bearer()})
    assert with_both.status_code == 404


def test_unknown_key_and_unknown_pages_are_problems(client: FlaskClient, shop: Marketplace) -> None:
    key = {"X-Adrail-Key": shop.write_key}
    assert client.get(EVENT).status_code == 401
    assert client.get(EVENT, headers={"X-Adrail-Key": "ak_write_unknown"}).status_code == 401
    missing = client.get(f"{BASE}/events/nothing/tracking-config", headers=key)
    assert (missing.status_code, missing.get_json()["code"]) == (404, "not_found")
    too_many = client.post(CART, json={"live_event_ids": [str(n) for n in range(101)]}, headers=key)
    assert (too_many.status_code, too_many.get_json()["errors"][0]["pointer"]) == (422, "/live_event_ids")


def test_explanation_is_for_bearer_keys_and_never_cached(client: FlaskClient, shop: Marketplace) -> None:
    asked = {"explain": 1}
    assert client.get(EVENT, query_string={**asked, "key": shop.write_key}).status_code == 401
    response = client.get(EVENT, query_string=asked, headers=shop.bearer(shop.organizer_keys["org-1"]))
    assert response.headers["Cache-Control"] == "private, no-store"
    assert "ETag" not in response.headers
    told = {item["code"]["public_id"]: item for item in response.get_json()["explanation"]}
    assert told[OWN]["won_because"] == "organizer_default"
    assert told[OWN]["code"]["code_id"] == str(shop.codes["own"])
    assert told[WHOLE]["code"]["code_id"] is None
    rival = client.get(EVENT, query_string=asked, headers=shop.bearer(shop.organizer_keys["org-2"]))
    assert rival.status_code == 404


def test_stale_copy_says_so_and_is_not_kept(client: FlaskClient, shop: Marketplace) -> None:
    key = {"X-Adrail-Key": shop.write_key}
    fresh = client.get(EVENT, headers=key)
    bump_generation(shop.tenant_id)
    with database_away():
        until(lambda: client.get(EVENT, headers=key).get_json()["stale"], what="the stale copy")
        stale = client.get(EVENT, headers=key)
    assert ids(stale) == ids(fresh)
    assert stale.headers["Cache-Control"] == "public, max-age=5"
    assert stale.headers["ETag"] != fresh.headers["ETag"]


@contextmanager
def database_away() -> Iterator[None]:
    """Refuse connections to the database in this process, whose caches stay as they are."""

    def refuse(*_: object) -> None:
        raise OperationalError("connect", None, ConnectionRefusedError())

    db.engine(db.APP).dispose()
    event.listen(db.engine(db.APP), "do_connect", refuse)
    try:
        yield
    finally:
        event.remove(db.engine(db.APP), "do_connect", refuse)


def test_sdk_files_are_served_to_every_page(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "adrail.js").write_text("window.adrail = {};")
    (tmp_path / "secret.txt").write_text("no")
    monkeypatch.setenv("ADRAIL_BROWSER_SDK_DIR", str(tmp_path))
    settings.cache_clear()
    plain = client.get("/sdk/v1/adrail.js")
    assert (plain.status_code, plain.text) == (200, "window.adrail = {};")
    assert plain.content_type == "text/javascript; charset=utf-8"
    assert plain.headers["Access-Control-Allow-Origin"] == "*"
    assert plain.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert "immutable" not in plain.headers["Cache-Control"]
    version = plain.headers["ETag"].strip('"')
    assert "immutable" in client.get(f"/sdk/v1/adrail.js?v={version}").headers["Cache-Control"]
    assert "immutable" not in client.get("/sdk/v1/adrail.js?v=other").headers["Cache-Control"]
    assert client.get("/sdk/v1/adrail.js", headers={"If-None-Match": plain.headers["ETag"]}).status_code == 304
    (tmp_path / "adrail.js").write_text("window.adrail = {version: 2};")
    assert client.get("/sdk/v1/adrail.js").text == "window.adrail = {version: 2};"
    for name in ("secret.txt", "..%2Fsecret.js", "missing.js"):
        assert client.get(f"/sdk/v1/{name}").status_code == 404
    monkeypatch.undo()
    settings.cache_clear()


def test_adapter_of_every_code_on_a_page_can_be_loaded_for_ever(client: FlaskClient, shop: Marketplace) -> None:
    codes = client.get(EVENT, headers={"X-Adrail-Key": shop.write_key}).get_json()["codes"]
    for adapter in {code["adapter"] for code in codes}:
        response = client.get(adapter)
        assert (response.status_code, response.content_type) == (200, "text/javascript; charset=utf-8")
        assert "registerPixel" in response.text
        assert "immutable" in response.headers["Cache-Control"]
    assert client.get("/sdk/v1/pixels/nobody.js").status_code == 404
