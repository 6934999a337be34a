"""Payments: where providers send their webhooks, the secrets that sign them, and what has no order yet."""

from __future__ import annotations

from datetime import timedelta

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as later
from werkzeug.utils import redirect

from core.accounts.api import Actor
from core.errors import ConflictError, InvalidInputError
from core.payments.api import disconnect, end_previous, get_endpoint, list_endpoints, list_open, set_secret
from webui import session
from webui.blueprint import page_blueprint
from webui.messages import say
from webui.words import translated

OVERLAPS = (0, 1, 24, 72, 168, 720)
KINDS = {
    "payment_succeeded": later("Paid"),
    "payment_failed": later("Payment failed"),
    "refund_completed": later("Paid back"),
    "chargeback_opened": later("Taken back by the bank"),
}

pages = page_blueprint("payment_pages", __name__, url_prefix="/payments")


def _admin() -> Actor:
    return session.actor("admin")


@pages.get("/")
def show_list() -> str:
    """Every provider and how it is doing, and the messages whose order is not known."""
    actor = _admin()
    return render_template(
        "payments/list.html",
        endpoints=list_endpoints(actor),
        page=list_open(actor, cursor=request.args.get("cursor")),
        kinds=KINDS,
        args=request.args.to_dict(),
    )


@pages.get("/<payment_provider>")
def show_form(payment_provider: str) -> str:
    """Set up a provider, or replace its secret."""
    return _form(_admin(), payment_provider)


def _form(actor: Actor, provider: str, problem: str = "") -> str:
    endpoint = get_endpoint(actor, provider)
    return render_template("payments/form.html", endpoint=endpoint, overlaps=OVERLAPS, problem=problem)


@pages.post("/<payment_provider>")
def store(payment_provider: str) -> ResponseReturnValue:
    """Store a secret; the one before goes on counting for a while."""
    actor = _admin()
    hours = request.form.get("overlap", "24")
    overlap = timedelta(hours=int(hours) if hours.isdecimal() and hours.isascii() and len(hours) < 6 else -1)
    try:
        made = set_secret(actor, payment_provider, request.form.get("secret", "").strip(), overlap=overlap)
    except (InvalidInputError, ConflictError) as error:
        said = error.errors[0].message if error.errors else error.detail
        return _form(actor, payment_provider, translated(said)), error.status
    say(_("The secret of %(name)s is stored", name=made.name), _("Its next webhook shows here."))
    return redirect(url_for("payment_pages.show_list"))


@pages.post("/<payment_provider>/end-previous")
def retire(payment_provider: str) -> ResponseReturnValue:
    """End the secret that was replaced."""
    made = end_previous(_admin(), payment_provider)
    say(_("Only the newest secret of %(name)s counts now", name=made.name), "")
    return redirect(url_for("payment_pages.show_list"))


@pages.get("/<payment_provider>/disconnect")
def show_disconnect(payment_provider: str) -> str:
    """Ask before the secrets are forgotten."""
    return render_template("payments/disconnect.html", endpoint=get_endpoint(_admin(), payment_provider))


@pages.post("/<payment_provider>/disconnect")
def forget(payment_provider: str) -> ResponseReturnValue:
    """Forget the secrets; webhooks are refused from now on."""
    made = disconnect(_admin(), payment_provider)
    say(_("%(name)s is disconnected", name=made.name), _("What it reported stays."))
    return redirect(url_for("payment_pages.show_list"))
