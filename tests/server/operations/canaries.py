"""Personal details and secrets that can be recognised wherever they turn up, in whatever form."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import requests

TAG = secrets.token_hex(4)
PERSON = {
    "email": f"Canary.{TAG}@Example.com",
    "phone": "+40 722 987 654",
    "first_name": f"Canarița{TAG}",
    "last_name": f"Zăpadă{TAG}",
    "city": f"Câmpia{TAG}",
}
CLIENT = {"client_ip": "203.0.113.77", "user_agent": f"CanaryBrowser/{TAG}"}
TOKEN = f"EAAcanary{secrets.token_hex(16)}"
NORMALISED = ("40722987654", "+40722987654", "0722987654", f"canary.{TAG}@example.com", f"canarița{TAG}")
FORBIDDEN_FACTS = ("server_key", "organizer_api_token", "organizer_password", "admin_password")


def forms(text: str) -> set[str]:
    """A text as it may appear: plain, escaped, encoded, hashed."""
    raw = text.encode()
    return {
        text,
        quote(text),
        quote_plus(text),
        json.dumps(text)[1:-1],
        base64.b64encode(raw).decode().rstrip("="),
        hashlib.sha256(raw).hexdigest(),
        hashlib.sha256(text.lower().encode()).hexdigest(),
    }


def all_canaries(facts: Mapping[str, Any], data_dir: Path) -> dict[str, str]:
    """Form → what it is a form of."""
    named = {
        **{f"person's {name}": value for name, value in PERSON.items()},
        **{f"client's {name}": value for name, value in CLIENT.items()},
        **{f"normalised {value}": value for value in NORMALISED},
        "platform token": TOKEN,
        **{name: facts[name] for name in FORBIDDEN_FACTS},
    }
    kept = json.loads((data_dir / "secrets.json").read_text("utf-8"))
    named |= {f"secret {name}": value for name, value in kept.items()}
    return {form: what for what, value in named.items() for form in forms(value)}


def leaks(files: Mapping[str, str], canaries: Mapping[str, str]) -> Iterator[str]:
    """Each canary found, with where it stands."""
    for name, text in files.items():
        for number, line in enumerate(text.splitlines(), start=1):
            yield from (f"{what} in {name}:{number}: {line[:300]}" for form, what in canaries.items() if form in line)


def misbehave(facts: Mapping[str, Any], order: dict[str, Any]) -> None:
    """Send what is refused, broken or unheard of, with canaries in every corner."""
    base, key = facts["base_url"], {"X-Adrail-Key": facts["write_key"], "User-Agent": CLIENT["user_agent"]}
    bearer = {"Authorization": f"Bearer {facts['server_key']}", "User-Agent": CLIENT["user_agent"]}
    query = {"email": PERSON["email"], "access_token": TOKEN, "phone": PERSON["phone"]}
    session = requests.Session()
    session.trust_env = False
    for path in ("/", "/deliveries", "/api/v1/nothing", "/demo/nothing", "/readyz"):
        session.get(base + path, params=query, headers=bearer, timeout=30)
    session.post(f"{base}/sign-in", data={"email": PERSON["email"], "password": TOKEN}, timeout=30)
    session.post(f"{base}/api/v1/orders", data=json.dumps(PERSON)[:-3], headers=bearer, timeout=30)
    broken = {**order, "person": {**PERSON, "country": "Nowhere"}, "currency": TOKEN, "external_id": PERSON["email"]}
    session.post(f"{base}/api/v1/orders", json=broken, headers=bearer, timeout=30)
    session.get(f"{base}/api/v1/deliveries", headers={"Authorization": f"Bearer {TOKEN}"}, timeout=30)
    hostile: list[Any] = [
        {"event_name": PERSON["email"], **PERSON},
        [PERSON],
        {"payload": PERSON, "event_name": "page_view"},
    ]
    for event in hostile:
        session.post(f"{base}/api/tx/events", json=event, headers=key, timeout=30)
    session.put(
        f"{base}/api/tx/consent", json={"visitor_id": PERSON["email"], "consent": TOKEN}, headers=key, timeout=10
    )
