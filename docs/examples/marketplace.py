"""A marketplace in one file: serves marketplace.html under a strict policy, takes orders and reports them to adrail."""
# ruff: noqa: INP001, S310 - an example that runs by itself; ADRAIL_URL is the operator's own

from __future__ import annotations

import json
import os
import secrets
from datetime import UTC, datetime
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

ADRAIL = os.environ["ADRAIL_URL"]
SERVER_KEY = os.environ["SERVER_KEY"]
PIXEL_HOSTS = os.environ.get("PIXEL_HOSTS", "")
PORT = int(os.environ.get("PORT", "8080"))
# What is on sale; a real marketplace reads it from its own database.
WORDS = {
    "ADRAIL": ADRAIL,
    "WRITE_KEY": os.environ["WRITE_KEY"],
    "TITLE": os.environ.get("TITLE", "Hamlet"),
    "SLUG": os.environ.get("SLUG", "hamlet"),
    "LIVE_EVENT_ID": os.environ.get("LIVE_EVENT_ID", "ev-1"),
    "TICKET_TYPE_ID": os.environ.get("TICKET_TYPE_ID", "tt-1"),
    "PRICE": os.environ.get("PRICE", "20.00"),
    "CURRENCY": os.environ.get("CURRENCY", "EUR"),
}
CONSENT = ("analytics", "marketing", "data_processing", "captured_at")
PAGE = Path(__file__).with_name("marketplace.html").read_text("utf-8")


class Shop(BaseHTTPRequestHandler):
    """Two things: the page, and POST /orders."""

    def do_GET(self) -> None:
        """Answer the page with a nonce of its own."""
        if self.path.partition("?")[0] != "/":
            self._answer(204 if self.path == "/favicon.ico" else 404, "text/plain", "")
            return
        nonce = secrets.token_urlsafe(16)
        page = PAGE.replace("{{NONCE}}", nonce)
        for name, value in WORDS.items():
            page = page.replace("{{" + name + "}}", value)
        self._answer(200, "text/html; charset=utf-8", page, **{"Content-Security-Policy": policy(nonce)})

    def do_POST(self) -> None:
        """Take an order: here you would charge the buyer."""
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        order_id = f"S-{secrets.token_hex(5).upper()}"
        value = f"{Decimal(WORDS['PRICE']) * int(body['quantity']):.2f}"
        report(order(order_id, value, body, self.client_address[0], self.headers))
        self._answer(201, "application/json", json.dumps({"order_id": order_id, "value": value}))

    def _answer(self, status: int, kind: str, text: str, **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Cache-Control": "no-store", **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(text.encode())


def policy(nonce: str) -> str:
    """Only our own scripts and what they load; events go to adrail, pixels to the platforms' hosts."""
    return (
        f"default-src 'none'; script-src 'nonce-{nonce}' 'strict-dynamic'; connect-src 'self' {ADRAIL} {PIXEL_HOSTS}; "
        f"img-src 'self' {PIXEL_HOSTS}; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )


def order(order_id: str, value: str, body: dict[str, Any], address: str, headers: Any) -> dict[str, Any]:
    """The order as adrail wants it: the money from us, the visit from the page, the buyer from the form."""
    visit = body["visit"]
    return {
        "external_id": order_id,
        "status": "completed",
        "currency": WORDS["CURRENCY"],
        "placed_at": datetime.now(UTC).isoformat(),
        "visitor_id": visit["visitor_id"],
        "session_id": visit["session_id"],
        "consent": {name: visit["consent"][name] for name in CONSENT if name in visit["consent"]},
        "person": {"external_id": f"guest-{order_id}", **body["person"]},
        "context": {"client_ip": address, "user_agent": headers["User-Agent"], "url": f"{headers['Origin']}/"},
        "totals": {"gross": value, "net": value},
        "items": [
            {
                "line": "1",
                "live_event_id": WORDS["LIVE_EVENT_ID"],
                "ticket_type_id": WORDS["TICKET_TYPE_ID"],
                "quantity": int(body["quantity"]),
                "unit_price": WORDS["PRICE"],
            }
        ],
    }


def report(body: dict[str, Any]) -> None:
    """Report an order; the same number twice counts once, so repeat it when adrail does not answer."""
    headers = {
        "Authorization": f"Bearer {SERVER_KEY}",
        "Content-Type": "application/json",
        "Idempotency-Key": body["external_id"],
    }
    with urlopen(Request(f"{ADRAIL}/api/v1/orders", json.dumps(body).encode(), headers), timeout=10):
        pass


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", PORT), Shop).serve_forever()
