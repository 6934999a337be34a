"""What a visitor does in the demo shop, step by step, with eyes on the network."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Page, Request

BUYER = {
    "first_name": "Ștefan",
    "last_name": "Müller",
    "email": "Stefan.Muller@Example.COM",
    "phone": "0722 123 456",
}


class Visit:
    """One visitor of the shop."""

    def __init__(self, page: Page, facts: dict[str, Any]) -> None:
        self.page = page
        self.facts = facts
        self._third_party: list[str] = []
        self.errors: list[str] = []
        self._home = urlsplit(facts["base_url"]).netloc
        page.context.on("request", self._note)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", lambda message: self.errors.append(message.text) if message.type == "error" else None)

    def _note(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme in {"http", "https"} and parts.netloc != self._home:
            self._third_party.append(request.url)

    def third_party(self) -> list[str]:
        """Every request so far that left for another origin."""
        self.page.evaluate("0")  # lets the driver deliver what the browser has already reported
        return self._third_party

    def open_event(self) -> None:
        """Open the demo live event's page."""
        self.page.goto(self.facts["demo_page_url"])

    def decide(self, button: str) -> None:
        """Answer the consent banner."""
        self.page.get_by_role("button", name=button).click()

    def add_tickets(self, quantity: int = 2) -> None:
        """Put general-admission tickets into the cart."""
        self.page.locator(f'select[name="{self.facts["demo_ticket_type_id"]}"]').select_option(str(quantity))
        self.page.get_by_role("button", name="Add to cart").click()
        self.page.wait_for_url("**/demo/cart*")

    def check_out(self) -> None:
        """Go from the cart to the checkout."""
        self.page.get_by_role("link", name="Go to checkout").click()
        self.page.wait_for_url("**/demo/checkout")

    def pay(self) -> str:
        """Fill in the buyer's details, pay, and return the order's number."""
        for name, value in BUYER.items():
            self.page.locator(f"[name={name}]").fill(value)
        self.page.get_by_role("button", name="Pay").click()
        self.page.wait_for_url("**/demo/orders/**")
        return urlsplit(self.page.url).path.rpartition("/")[2]
