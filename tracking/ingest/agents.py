"""User agents: browser, system and kind of device, and who is no visitor but a program."""

from __future__ import annotations

import functools
import re
from typing import NamedTuple

from ua_parser import Result, parse

from core.events.api import NO_DEVICE, Device

REMEMBERED = 4_096
LONGEST = 1_000
"""Characters of an agent that are looked at; real ones have 80 to 300."""

CRAWLER = re.compile(
    r"(?<!cu)bot\b|crawl|spider|slurp|mediapartners|externalhit|preview|archiver|uptime|pingdom|lighthouse|prerender",
    re.IGNORECASE,
)
"""Programs that open pages and say so; Cubot is a maker of phones."""
HEADLESS = re.compile(r"headless|phantomjs|selenium|webdriver|puppeteer|playwright|cypress", re.IGNORECASE)
LIBRARY = re.compile(
    r"^(curl|wget|python|aiohttp|httpx|go-http|java|okhttp|axios|node|undici|got|ruby|perl|libwww|php|guzzle|postman|"
    r"insomnia|httpie|scrapy|apache-httpclient|rest-client|dart)\b",
    re.IGNORECASE,
)
"""HTTP libraries: an application on a phone may speak through one, a page does not."""
TABLET = re.compile(r"ipad|tablet|kindle|silk|playbook", re.IGNORECASE)
MOBILE_SYSTEMS = frozenset({"iOS", "Android", "Windows Phone", "KaiOS", "BlackBerry OS", "HarmonyOS", "Tizen"})
TV = re.compile(r"smart-?tv|appletv|apple tv|googletv|hbbtv|web0s|webos|netcast|roku|bravia|aft[a-z]\b", re.IGNORECASE)


class Agent(NamedTuple):
    """What an agent says. ``crawler`` opens pages by itself, ``headless`` is steered, ``library`` is no browser."""

    device: Device = NO_DEVICE
    crawler: bool = False
    headless: bool = False
    library: bool = False


@functools.lru_cache(maxsize=REMEMBERED)
def read_agent(text: str) -> Agent:
    """Read a user agent; the parts that are not recognised stay None."""
    text = text[:LONGEST]
    found = parse(text)
    spider = found.device is not None and found.device.family == "Spider"
    crawler = spider or CRAWLER.search(text) is not None
    device = _device(found, text, crawler=crawler)
    return Agent(device, crawler, HEADLESS.search(text) is not None, LIBRARY.match(text) is not None)


def _device(found: Result, text: str, *, crawler: bool) -> Device:
    browser = found.user_agent.family if found.user_agent else None
    system = found.os.family if found.os else None
    device = Device(browser, system, "bot" if crawler else _kind(found, system, text))
    return NO_DEVICE if device == NO_DEVICE else device


def _kind(found: Result, system: str | None, text: str) -> str | None:
    if TV.search(text):
        return "tv"
    brand = (found.device.brand or "") if found.device else ""
    # Android's convention: a phone's agent says «Mobile», a tablet's does not.
    if TABLET.search(text) or "Tablet" in brand or (system == "Android" and "Mobile" not in text):
        return "tablet"
    if system in MOBILE_SYSTEMS or "Mobile" in text:
        return "mobile"
    return "desktop" if system else None
