"""Who and which visit GA4 should take an event for: from Google's own cookies, else derived, the same every time.

GA4 recognises a purchase that browser and server both report only when order number and client id agree, so the
browser's cookie goes before anything we could make up.
"""

from __future__ import annotations

import hashlib
import re

from adrail import Conversion

# GA1.<depth of the domain>.<random number>.<first visit in seconds>
CLIENT_COOKIE = re.compile(r"(?:GA[0-9]\.[0-9-]{1,5}\.)?(?P<id>[0-9]{1,20}\.[0-9]{1,20})")
# GS1.1.<start>.<count>.… until 2025, GS2.1.s<start>$o<count>$… since; a bare number may come from a backend.
SESSION_COOKIE = re.compile(r"(?:GS[0-9]\.[0-9-]{1,5}\.s?)?(?P<id>[0-9]{9,11})(?:[.$].*)?", re.DOTALL)

HALF_HOUR = 1800
LARGEST = 2**31 - 1


def client_id(conversion: Conversion) -> str:
    """Return the client id: of the cookie ``_ga`` (click id ``ga``), else made from who it was.

    Without the cookie the customer's or visitor's id decides, and without those the order or event, so that an event
    that is sent again is the same client's. The stream is part of it: two properties cannot be joined over it.
    """
    cookie = CLIENT_COOKIE.fullmatch(conversion.user.click_ids.get("ga", "").strip())
    if cookie:
        return cookie["id"]
    known = conversion.user.external_id.reveal().strip() if conversion.user.external_id else ""
    seed = f"{conversion.destination_id}|{known or conversion.order_id or conversion.event_id}"
    digest = hashlib.sha256(seed.encode("utf-8", "surrogatepass")).digest()
    # GA4's strict validation wants two numbers with a dot, as the cookie has them.
    first, second = (int.from_bytes(digest[at : at + 8], "big") % LARGEST + 1 for at in (0, 8))
    return f"{first}.{second}"


def session_id(conversion: Conversion) -> str:
    """Return the visit: of the stream's session cookie, else the half hour in which it happened.

    The cookie ``_ga_ABCDE12345`` of the stream G-ABCDE12345 is collected as click id ``ga_ABCDE12345``. Without any
    session GA4 leaves an event out of Realtime and of sessions.
    """
    name = f"ga_{conversion.destination_id.removeprefix('G-')}"
    cookie = SESSION_COOKIE.fullmatch(conversion.user.click_ids.get(name, "").strip())
    if cookie:
        return cookie["id"]
    return str(int(conversion.occurred_at.timestamp()) // HALF_HOUR * HALF_HOUR)
