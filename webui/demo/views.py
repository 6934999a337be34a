"""Pages of the demo marketplace: what is on, one event, cart, checkout, thank you."""

from __future__ import annotations

from typing import Any

from flask import flash, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict
from werkzeug.utils import redirect
from werkzeug.wrappers import Response

from core.catalog.api import LiveEventView, get_live_event, get_live_events, list_live_events, place_order, ticket_types
from core.errors import DomainError, NotFoundError
from webui import formats, problems, words
from webui import session as reader
from webui.demo import cart as carts
from webui.demo import checkout, pages_policy, shop
from webui.demo.posters import poster

EVENTS_ON_LIST = 60
DAY_SECONDS = 86_400
ADDED_KEY = "demo_added"

pages = pages_policy.demo_blueprint(__name__)


def _page(template: str, data: dict[str, Any], **values: Any) -> str:
    return render_template(
        f"demo/{template}",
        data=data,
        shop=shop.shop(),
        tickets_in_cart=carts.count(),
        date=lambda moment: formats.date_and_time(moment, shop.shop().zone, reader.locale()),
        price=lambda amount, currency: formats.money(amount, currency, reader.locale()),
        demo_text=words.translated,
        **values,
    )


@pages.errorhandler(NotFoundError)
def show_missing(error: NotFoundError) -> ResponseReturnValue:
    """Say that something is not on the programme; before the demo was seeded there is no shop to say it in."""
    try:
        return _page("missing.html", shop.page_data("home", shop.site_config())), 404
    except NotFoundError:
        return problems.page_for(error)


@pages.get("/")
def show_list() -> str:
    """What is on: the next live events."""
    genre = request.args.get("genre", "")
    events = list_live_events(shop.shop().tenant_id, upcoming=True, limit=EVENTS_ON_LIST).items
    genres = sorted({event.genre for event in events if event.genre})
    shown = [event for event in events if genre in {"", event.genre}]
    data = shop.page_data("home", shop.site_config())
    return _page("list.html", data, events=shown, genres=genres, genre=genre)


@pages.get("/events/<slug>")
def show_event(slug: str) -> str:
    """One live event with its tickets."""
    return _event_page(get_live_event(shop.shop().tenant_id, slug=slug))


def _event_page(event: LiveEventView, problem: str = "", chosen: MultiDict[str, str] | None = None) -> str:
    tickets = ticket_types(shop.shop().tenant_id, event.id)
    seen: dict[str, Any] = {"live_event_id": event.external_id, "currency": event.currency}
    if event.price_from is not None:
        seen["price_from"] = f"{event.price_from:.2f}"
    # A page that comes back with an error is the same look at the event, not a second one.
    data = shop.page_data("event", shop.event_config(event), eventView=None if problem else seen)
    options = {ticket.external_id: carts.allowed(ticket) for ticket in tickets}
    return _page(
        "event.html", data, event=event, tickets=tickets, options=options, problem=problem, chosen=chosen or {}
    )


@pages.post("/events/<slug>/tickets")
def add_tickets(slug: str) -> ResponseReturnValue:
    """Put tickets in the cart."""
    event = get_live_event(shop.shop().tenant_id, slug=slug)
    wanted = {name: int(value) for name, value in request.form.items() if value.isdigit() and len(value) < 3}
    try:
        added = carts.add(shop.shop().tenant_id, event, wanted)
    except carts.CartError as error:
        return _event_page(event, str(error), request.form), 422
    session[ADDED_KEY] = [carts.cart_item(line) for line in added]
    return redirect(url_for("demo.show_cart"))


@pages.get("/cart")
def show_cart() -> str:
    """The cart; tickets put in a moment ago are reported once."""
    cart = carts.load(shop.shop().tenant_id)
    added = session.pop(ADDED_KEY, None)
    event = {"items": added, "cart_value": f"{cart.total:.2f}", "currency": cart.currency} if added else None
    return _page("cart.html", shop.page_data("cart", shop.cart_config(cart.live_event_ids), addToCart=event), cart=cart)


@pages.post("/cart")
def change_cart() -> Response:
    """Change a line's quantity, remove it, or empty the cart."""
    if request.form.get("empty"):
        carts.clear()
    else:
        quantity = request.form.get("quantity", "0")
        line = (request.form.get("event", ""), request.form.get("ticket", ""))
        carts.change(*line, int(quantity) if quantity.isdigit() and len(quantity) < 3 else 0)
    return redirect(url_for("demo.show_cart"))


@pages.get("/checkout")
def show_checkout() -> ResponseReturnValue:
    """Who buys, and how it is paid."""
    cart = carts.load(shop.shop().tenant_id)
    if not cart.lines:
        return redirect(url_for("demo.show_cart"))
    return _checkout_page(cart, checkout.Buyer(), started=True)


def _checkout_page(cart: carts.Cart, buyer: checkout.Buyer, *, started: bool = False, problem: str = "") -> str:
    event = {"items": cart.items(), "value": f"{cart.total:.2f}", "currency": cart.currency} if started else None
    data = shop.page_data("checkout", shop.cart_config(cart.live_event_ids), checkoutStarted=event)
    return _page("checkout.html", data, cart=cart, buyer=buyer, problem=problem, order_id=checkout.order_id())


@pages.post("/checkout")
def buy() -> ResponseReturnValue:
    """Place the order; sending the form twice places it once."""
    external_id = request.form.get("order_id", "")
    if checkout.done(external_id):
        return redirect(url_for("demo.thank_you", order_id=external_id))
    cart = carts.load(shop.shop().tenant_id)
    if not cart.lines or external_id != checkout.order_id():
        flash(_("Your cart had changed in the meantime. Have a look, then pay."), "shop")
        return redirect(url_for("demo.show_cart"))
    buyer = checkout.read_buyer(request.form)
    if buyer.errors:
        return _checkout_page(cart, buyer), 422
    try:
        place_order(shop.shop().tenant_id, checkout.order_body(request, cart, buyer, external_id))
    except DomainError as error:
        return _checkout_page(cart, buyer, problem=words.sentence(error.detail)), 422
    checkout.remember(external_id, cart)
    carts.clear()
    return redirect(url_for("demo.thank_you", order_id=external_id))


@pages.get("/orders/<order_id>")
def thank_you(order_id: str) -> str:
    """Thank the buyer; this visitor's own orders only."""
    order = checkout.done(order_id)
    if order is None:
        raise NotFoundError("this order was not placed in this browser")
    items = order["items"]
    events = {
        event.external_id: event
        for event in get_live_events(shop.shop().tenant_id, [item["live_event_id"] for item in items])
    }
    bought = {"order_id": order_id, **{key: order[key] for key in ("currency", "value", "items")}}
    purchase = bought if checkout.take_fresh(order_id) else None
    config = shop.cart_config([item["live_event_id"] for item in items])
    data = shop.page_data("thank_you", config, purchase=purchase)
    return _page("thank_you.html", data, order=bought, events=events)


@pages.get("/posters/<slug>.svg")
def show_poster(slug: str) -> Response:
    """The poster of a live event."""
    return Response(
        poster(slug[:200]), mimetype="image/svg+xml", headers={"Cache-Control": f"public, max-age={DAY_SECONDS}"}
    )
