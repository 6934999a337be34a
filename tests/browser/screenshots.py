"""Takes the pictures of `docs/screenshots`: every page of web UI and demo shop, wide and narrow, some dark.

Run it with `make screenshots`. It starts an installation of its own, so nothing on this machine is touched.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from playwright.sync_api import Browser, Page, StorageState, ViewportSize

from tests.browser.palette import reduce
from tests.browser.pictured_world import World, make_it_happen
from tests.browser.shop import BUYER, Visit
from tests.chromium import chromium
from tests.installation import Installation

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "screenshots"
WIDE, NARROW = ViewportSize(width=1280, height=800), ViewportSize(width=390, height=844)
DARK = ("overview", "codes", "deliveries", "delivery-needs-you", "code-new")
EMPTY = {
    "empty-overview": "/",
    "empty-live-events": "/live-events/",
    "empty-codes": "/codes/",
    "empty-deliveries": "/deliveries/",
    "empty-connections": "/connections/",
    "empty-orders": "/orders/",
    "empty-persons": "/persons/",
    "empty-collection": "/collection/",
    "empty-refused-events": "/collection/refused",
    "empty-own-events": "/collection/events",
}
ADMIN = {
    "mail": "/demo/mail/",
    "marketplace-overview": "/",
    "platforms": "/codes/new",
    "marketplace-codes": "/codes/",
    "marketplace-code-new": "/codes/new/meta",
    "sites": "/sites/",
    "site-new": "/sites/new",
    "payments": "/payments/",
    "payment-provider": "/payments/stripe",
    "keys": "/keys/",
    "key-kinds": "/keys/new",
    "key-new": "/keys/new/server",
    "key-new-scanner": "/keys/new/scanner",
    "key": "/keys/1",
    "key-replace": "/keys/1/rotate",
    "key-revoke": "/keys/1/revoke",
    "audit-log": "/audit/",
    "collection": "/collection/",
    "refused-events": "/collection/refused",
    "refused-event": "/collection/refused/1",
    "live-view": "/collection/live",
    "live-view-of-a-device": "/collection/live?visitor=visitor-1",
    "own-events": "/collection/events",
    "own-event": "/collection/events/show/custom.seat_map_opened",
    "own-event-new": "/collection/events/new",
    "own-event-extend": "/collection/events/extend/custom.seat_map_opened",
    "people": "/people/",
    "people-invite": "/people/invite",
    "people-member": "/people/1",
    "people-remove": "/people/1/remove",
    "roles-and-permissions": "/people/roles/",
    "account": "/account/",
    "account-type": "/account/type",
    "account-two-step": "/account/two-step/",
    "account-confirm": "/account/confirm",
    "venues": "/catalog/venues/",
    "venue-new": "/catalog/venues/new",
    "artists": "/catalog/artists/",
    "artist": "/catalog/artists/show/nina-petrescu",
    "genres": "/catalog/genres/",
    "organisers": "/catalog/organizers/",
    "ticket-types": "/catalog/ticket-types/",
    "other-sellers": "/catalog/ticket-links/",
    "other-seller-new": "/catalog/ticket-links/new?live_event_id=ev-1",
    "products": "/catalog/products/",
    "product": "/catalog/products/show/p-1",
    "product-new": "/catalog/products/new",
    "orders-of-products": "/catalog/shop-orders/",
    "order-of-products": "/catalog/shop-orders/show/S-001",
    "parcels": "/catalog/shipments/",
    "parcel-change": "/catalog/shipments/edit/parcel-001",
    "partners": "/catalog/affiliates/",
    "live-event": "/catalog/live-events/show/ev-1",
    "live-event-change": "/catalog/live-events/edit/ev-1",
    "live-event-cancel": "/catalog/live-events/status/cancelled/ev-1",
    "persons": "/persons/",
    "person": "/persons/c-1",
    "person-duplicates": "/persons/duplicates",
    "person-merge": "/persons/merge?survivor=c-1&merged=c-2",
}
ROMANIAN = ("overview", "codes", "code-new", "deliveries")
"""Pictured in Romanian, too: its words are longer."""
QUALITY = 80
PLAIN_TEXT = ("--disable-lcd-text", "--font-render-hinting=none")
"""Letters without coloured edges: pictures half the size that look the same on every screen."""


@dataclass(frozen=True, slots=True)
class Camera:
    """Names and saves pictures of one kind of window."""

    base_url: str
    suffix: str
    darkroom: Page

    def take(self, page: Page, name: str) -> None:
        """Save what is in the window; what shows posters as JPEG, which suits their gradients."""
        page.wait_for_load_state("load")
        # Parts that come after the page belong into its picture.
        page.locator("[data-part] .skeleton").first.wait_for(state="detached")
        page.evaluate("document.fonts.ready")
        path = FOLDER / f"{name}-{self.suffix}"
        if name.startswith("shop"):
            page.screenshot(path=f"{path}.jpg", type="jpeg", quality=QUALITY, animations="disabled")
        else:
            png = page.screenshot(animations="disabled")
            Path(f"{path}.png").write_bytes(reduce(self.darkroom, png))
        click.echo(path.name)

    def walk(self, page: Page, pages: Mapping[str, str]) -> None:
        """Picture one page after the other."""
        for name, address in pages.items():
            page.goto(self.base_url + address)
            self.take(page, name)


@contextmanager
def window(
    browser: Browser, size: ViewportSize, *, dark: bool = False, session: StorageState | None = None
) -> Iterator[Page]:
    """A tab of a person with this screen, signed in when a session is given."""
    context = browser.new_context(
        viewport=size, locale="en-GB", color_scheme="dark" if dark else "light", storage_state=session
    )
    context.set_default_timeout(30_000)
    yield context.new_page()
    context.close()


def sign_in(browser: Browser, base_url: str, email: str, password: str) -> StorageState:
    """Sign in once; returns the session for other windows."""
    with window(browser, WIDE) as page:
        page.goto(f"{base_url}/sign-in")
        page.fill("[name=email]", email)
        page.fill("[name=password]", password)
        page.click("button[type=submit]")
        page.wait_for_url(f"{base_url}/")
        return page.context.storage_state()


def picture_sign_in(page: Page, camera: Camera) -> None:
    """The form, and the same words for a wrong password."""
    camera.walk(page, {"sign-in": "/sign-in", "forgot-password": "/forgot-password", "link-ended": "/invitation/none"})
    page.goto(f"{camera.base_url}/sign-in")
    page.fill("[name=email]", "organiser@scena.example")
    page.fill("[name=password]", "not the password")
    page.click("button[type=submit]")
    camera.take(page, "sign-in-refused")


def picture_refused_form(page: Page, camera: Camera) -> None:
    """What a form says of a wrong id."""
    page.goto(f"{camera.base_url}/codes/new/meta")
    page.fill("[name=pixel_id]", "12-34")
    page.get_by_role("button", name="Add tracking code").click()
    page.wait_for_load_state("load")
    camera.take(page, "code-new-refused")


def picture_menu(page: Page, camera: Camera) -> None:
    """The navigation where it folds away."""
    page.goto(camera.base_url)
    page.get_by_role("button", name="Menu").click()
    camera.take(page, "menu")


def picture_account_menu(page: Page, camera: Camera) -> None:
    """Language, theme and signing out, under the person's name."""
    page.goto(camera.base_url)
    page.locator(".who").click()
    camera.take(page, "account-menu")


def picture_romanian(page: Page, camera: Camera, pages: Mapping[str, str]) -> None:
    """The same person, reading Romanian; English again afterwards."""
    for language in ("ro", "en"):
        page.goto(camera.base_url)
        page.locator(f"#account-menu [value={language}]").evaluate("button => button.click()")
        page.wait_for_selector(f"html[lang={language}]")
        if language == "ro":
            camera.walk(page, {f"{name}-ro": pages[name] for name in ROMANIAN})
            camera.walk(page, {"shop-list-ro": "/demo/"})


def picture_shop(page: Page, camera: Camera, facts: Mapping[str, Any]) -> None:
    """A visitor's way from the list to the thank-you page."""
    visit = Visit(page, dict(facts))
    camera.walk(page, {"shop-list": "/demo/", "shop-cart-empty": "/demo/cart", "shop-missing": "/demo/events/none"})
    visit.open_event()
    camera.take(page, "shop-consent")
    page.get_by_role("button", name="Choose", exact=True).click()
    camera.take(page, "shop-consent-choices")
    page.reload()
    visit.decide("Accept all")
    camera.take(page, "shop-event")
    visit.add_tickets()
    camera.take(page, "shop-cart")
    visit.check_out()
    camera.take(page, "shop-checkout")
    page.fill("[name=email]", "nowhere")
    page.locator("#checkout").evaluate("form => { form.noValidate = true; form.requestSubmit(); }")
    page.locator(".error").first.wait_for()
    camera.take(page, "shop-checkout-refused")
    for name, value in BUYER.items():
        page.fill(f"[name={name}]", value)
    page.get_by_role("button", name="Pay").click()
    page.wait_for_url("**/demo/orders/**")
    camera.take(page, "shop-thank-you")


def picture_everything(browser: Browser, world: World) -> None:
    """All pages in all windows."""
    base_url, darkroom = world.facts["base_url"], browser.new_page()
    for size in (WIDE, NARROW):
        with window(browser, size) as page:
            picture_shop(page, Camera(base_url, str(size["width"]), darkroom), world.facts)
    pages = make_it_happen(world)
    organizer = sign_in(browser, base_url, world.facts["organizer_email"], world.facts["organizer_password"])
    admin = sign_in(browser, base_url, world.facts["admin_email"], world.facts["admin_password"])
    stranger = sign_in(browser, base_url, *world.empty_marketplace())
    for size in (WIDE, NARROW):
        camera = Camera(base_url, str(size["width"]), darkroom)
        with window(browser, size) as page:
            picture_sign_in(page, camera)
        with window(browser, size, session=organizer) as page:
            camera.walk(page, pages)
            picture_refused_form(page, camera)
            if size is NARROW:
                picture_menu(page, camera)
            else:
                picture_account_menu(page, camera)
            picture_romanian(page, camera, pages)
        with window(browser, size, session=admin) as page:
            camera.walk(page, ADMIN)
        with window(browser, size, session=stranger) as page:
            camera.walk(page, EMPTY)
        with window(browser, size, dark=True, session=organizer) as page:
            dark = Camera(base_url, f"{size['width']}-dark", darkroom)
            dark.walk(page, {name: pages[name] for name in DARK if size is WIDE or name == "overview"})
    with window(browser, WIDE) as page:
        Camera(world.facts["sandbox_url"], "1280", darkroom).walk(page, {"sandbox": "/"})


def main() -> None:
    """Replace the folder's pictures."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for old in [*FOLDER.glob("*.png"), *FOLDER.glob("*.jpg")]:
        old.unlink()
    with Installation("--demo", "--sandbox") as running, chromium(*PLAIN_TEXT) as browser:
        picture_everything(browser, World(running))
    size = sum(path.stat().st_size for path in FOLDER.iterdir())
    click.echo(f"{len(list(FOLDER.iterdir()))} pictures, {size / 1e6:.1f} MB in {FOLDER}", err=True)


if __name__ == "__main__":
    main()
