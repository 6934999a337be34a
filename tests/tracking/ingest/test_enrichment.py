"""What ingest adds to events: device, place, and whether it was a program that sent them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import orjson
import pytest
from mmdb_writer import MMDBWriter
from netaddr import IPSet

from core.security.crypto import keyring
from tests.pipeline import ingest
from tests.process_state import use_environment
from tests.tracking.events import Page, event
from tests.tracking.ingest.stream import entry
from tests.tracking.store import Store
from tests.waiting import until
from tracking.ingest.agents import read_agent
from tracking.ingest.places import Places
from tracking.ingest.service import ingest as store_entries

LINUX = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36"
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"
    " Version/17.5 Mobile/15E148 Safari/604.1"
)
TABLET = (
    "Mozilla/5.0 (Linux; Android 13; SM-X200) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36"
)
PHONE = (
    "Mozilla/5.0 (Linux; Android 12; CUBOT P60) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/120.0.0.0 Mobile Safari/537.36"
)
TV = "Mozilla/5.0 (SMART-TV; Linux; Tizen 6.0) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/2.2 TV Safari/53"
CRAWLER = "Mozilla/5.0 (compatible; Examplebot/2.1; +https://search.example/bot.html)"
HEADLESS = LINUX.replace("Chrome/", "HeadlessChrome/")

# What production refuses to start without.
PRODUCTION = {
    "ADRAIL_ENV": "production", "ADRAIL_DEMO": "false", "ADRAIL_SANDBOX_URL": "", "ADRAIL_BASE_URL": "https://a.example",
}  # fmt: skip


def client(agent: str = LINUX, ip: str = "203.0.113.77") -> bytes:
    """The sealed client of a request."""
    return keyring().seal(orjson.dumps({"ip": ip, "ua": agent}), "client")


def put(page: Page, *events: dict[str, Any], **changes: Any) -> None:
    """Store an entry."""
    store_entries([entry(page.marketplace, *events, **changes)])


@pytest.mark.parametrize(
    ("agent", "device"),
    [
        (LINUX, ("Chrome", "Linux", "desktop")),
        (IPHONE, ("Mobile Safari", "iOS", "mobile")),
        (TABLET, ("Chrome", "Android", "tablet")),
        (PHONE, ("Chrome Mobile", "Android", "mobile")),
        (TV, ("Samsung Internet", "Tizen", "tv")),
        ("Mozilla/5.0 (test)", (None, None, None)),
        ("x" * 5000, (None, None, None)),
    ],
    ids=("desktop", "phone", "tablet", "phone-named-like-a-bot", "tv", "unknown", "endless"),
)
def test_the_agent_tells_browser_system_and_kind_of_device(agent: str, device: tuple[str | None, ...]) -> None:
    assert read_agent(agent).device == device
    assert not read_agent(agent).crawler


def test_the_servers_own_reading_outranks_what_an_event_says_of_its_device(page: Page, store: Store) -> None:
    said = {"device": {"browser": "Own", "os": "OwnOS", "type": "tablet"}}
    put(page, event(context=said, visitor_id="seen"), sealed_client=client(IPHONE))
    put(page, event(context=said, visitor_id="unseen"))
    put(page, event(context=said, visitor_id="odd"), sealed_client=client("Mozilla/5.0 (test)"))
    found = {row["visitor_id"]: (row["browser"], row["os"], row["device_type"]) for row in store.events()}
    own = ("Own", "OwnOS", "tablet")
    assert found == {"seen": ("Mobile Safari", "iOS", "mobile"), "unseen": own, "odd": own}
    assert store.rows("tx_sessions", "visitor_id")[-1]["device_type"] == "tablet"


@pytest.mark.parametrize(
    ("agent", "flags", "development", "production"),
    [
        (LINUX, {}, False, False),
        (CRAWLER, {}, True, True),
        (HEADLESS, {}, False, True),
        ("curl/8.9", {}, False, True),
        ("", {}, False, True),
        (LINUX, {"bare_headers": True}, False, True),
        ("Mozilla/5.0 (test)", {"bare_headers": True}, False, False),
    ],
    ids=("browser", "crawler", "headless", "library", "silent", "bare-browser", "bare-unknown"),
)
def test_programs_are_marked_and_stored(
    page: Page, store: Store, agent: str, flags: dict[str, Any], development: bool, production: bool
) -> None:
    put(page, event(visitor_id="dev"), sealed_client=client(agent), flags=flags)
    with use_environment(**PRODUCTION):
        put(page, event(visitor_id="prod"), sealed_client=client(agent), flags=flags)
        mobile = event(visitor_id="app", source_system="mobile")
        put(page, mobile, sealed_client=client("okhttp/4.12"))
        put(page, event(visitor_id="backend"), sealed_client=client("curl/8.9"), trusted=True)
    found = {row["visitor_id"]: row["is_bot"] for row in store.events()}
    assert found == {"dev": development, "prod": production, "app": False, "backend": False}


def test_a_request_without_a_browsers_headers_is_noticed(page: Page, store: Store) -> None:
    with use_environment(**PRODUCTION):
        page.send(event(visitor_id="bare"), **{"User-Agent": LINUX})
        page.send(event(visitor_id="full"), **{"User-Agent": LINUX, "Accept-Language": "ro"})
        ingest()
    assert {row["visitor_id"]: row["is_bot"] for row in store.events()} == {"bare": True, "full": False}


def write_database(path: Path, records: dict[str, dict[str, Any]]) -> None:
    """An address database of these networks; appears at once, as operators replace it."""
    writer = MMDBWriter(6, "Test", description="of a test", ipv4_compatible=True)
    for network, record in records.items():
        writer.insert_network(IPSet([network]), record)
    fresh = path.with_suffix(".new")
    writer.to_db_file(str(fresh))
    fresh.replace(path)


NESTED = {
    "country": {"iso_code": "RO", "names": {"en": "Romania"}},
    "subdivisions": [{"iso_code": "CJ", "names": {"en": "Cluj"}}],
    "city": {"names": {"en": "Cluj-Napoca"}},
}


def test_an_address_tells_country_region_and_city_and_is_cut_afterwards(
    page: Page, store: Store, tmp_path: Path
) -> None:
    path = tmp_path / "places.mmdb"
    write_database(path, {"203.0.113.0/24": NESTED, "2001:db8::/32": {"country_code": "md"}})
    with use_environment(ADRAIL_GEO_DATABASE=str(path)):
        for name, ip in (("v4", "203.0.113.77"), ("v6", "2001:db8:1::9"), ("far", "198.51.100.1"), ("odd", "unknown")):
            put(page, event(visitor_id=name, context={"referrer": "https://x.example/"}), sealed_client=client(ip=ip))
    found = {row["visitor_id"]: (row["country"], row["client_network"], row["context"]) for row in store.events()}
    referrer = {"referrer": "https://x.example/"}
    assert found == {
        "v4": ("RO", "203.0.113.0/24", {**referrer, "geo": {"region": "Cluj", "city": "Cluj-Napoca"}}),
        "v6": ("MD", "2001:db8:1::/48", referrer),
        "far": (None, "198.51.100.0/24", referrer),
        "odd": (None, None, referrer),
    }
    assert {row["visitor_id"]: row["country"] for row in store.rows("tx_sessions", "visitor_id")}["v4"] == "RO"


@pytest.mark.parametrize(
    ("record", "place"),
    [
        ({"country_code": "ro", "state1": "Cluj", "city": "Turda"}, ("RO", "Cluj", "Turda")),
        ({"country": "RO", "region": "Cluj"}, ("RO", "Cluj", None)),
        ({"country": "Romania", "city": 7}, (None, None, None)),
        ({"subdivisions": ["odd"], "city": []}, (None, None, None)),
    ],
    ids=("flat-codes", "flat-names", "no-code", "odd"),
)
def test_records_of_several_makers_are_understood(
    tmp_path: Path, record: dict[str, Any], place: tuple[str | None, ...]
) -> None:
    path = tmp_path / "places.mmdb"
    write_database(path, {"203.0.113.0/24": record})
    assert Places(path).find("203.0.113.7") == place


def test_a_file_that_is_missing_or_damaged_makes_places_unknown(tmp_path: Path) -> None:
    path = tmp_path / "places.mmdb"
    assert Places(path).find("203.0.113.7") == (None, None, None)
    path.write_bytes(os.urandom(4096))
    assert Places(path).find("203.0.113.7") == (None, None, None)


def test_a_replaced_file_is_read_anew(tmp_path: Path) -> None:
    path = tmp_path / "places.mmdb"
    write_database(path, {"203.0.113.0/24": {"country_code": "RO"}})
    known = Places(path, look_again_seconds=0.01)
    assert known.find("203.0.113.7").country == "RO"
    write_database(path, {"203.0.113.0/24": {"country_code": "MD"}})
    until(lambda: known.find("203.0.113.7").country == "MD", what="the new file's answer")
