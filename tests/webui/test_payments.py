"""Payments: administrators set up providers, replace their secrets, and see what came and what has no order."""

from __future__ import annotations

import pytest
from click.testing import CliRunner
from flask import Flask

from server.cli import main
from tests.core.payments.provider import NEXT_SECRET, SECRET, Provider, disputed, event, succeeded
from tests.marketplace import Marketplace
from tests.webui.people import Person, member, readable

FORM = "/payments/stripe"


@pytest.fixture
def admin(app: Flask, marketplace: Marketplace) -> Person:
    """An administrator of the whole marketplace."""
    return member(app, marketplace, None, "admin")


@pytest.fixture
def provider(app: Flask, marketplace: Marketplace) -> Provider:
    """The provider, which nobody has set up yet."""
    return Provider(app.test_client(), marketplace, secret=None)


def test_a_provider_is_set_up_and_shows_what_it_reported(admin: Person, provider: Provider) -> None:
    assert "Not set up yet" in readable(admin.get("/payments/"))
    page = admin.get(FORM)
    assert f"{provider.address}</code>" in page
    assert "charge.dispute.created" in page
    assert admin.send(FORM, {"secret": f" {SECRET} "}).status_code == 302
    for message in (succeeded("A-77"), disputed(payment="pi_9"), event("customer.created", {})):
        assert provider.send(message).status_code == 200
    provider.post(b"{}", "t=1,v1=0")
    text = readable(admin.get("/payments/"))
    expected = ("3 in all", "1 of no interest", "2 wait for their order", "signature was wrong", "A-77", "pi_9")
    assert [said for said in expected if said not in text] == []
    assert SECRET not in admin.get("/payments/") + admin.get(FORM)


def test_a_secret_is_replaced_and_the_old_one_ended(admin: Person, provider: Provider) -> None:
    admin.send(FORM, {"secret": SECRET})
    assert admin.send(FORM, {"secret": NEXT_SECRET, "overlap": "168"}).status_code == 302
    assert provider.send(succeeded()).status_code == 200
    again = admin.send(FORM, {"secret": SECRET, "overlap": "1"})
    assert again.status_code == 409
    assert "still counts" in readable(again.text)
    assert admin.send(f"{FORM}/end-previous").status_code == 302
    assert provider.send(succeeded()).status_code == 400
    log = readable(admin.get("/audit/"))
    assert "stored a signing secret of the payment provider stripe" in log
    assert "ended the old secret" in log


def test_what_is_no_secret_is_said_beside_the_form_and_not_repeated(admin: Person) -> None:
    answer = admin.send(FORM, {"secret": "sk_live_oops-the-wrong-one", "overlap": "24"})
    assert answer.status_code == 422
    assert "no signing secret of Stripe" in readable(answer.text)
    assert "sk_live" not in answer.text
    assert admin.send(FORM, {"secret": SECRET, "overlap": "x"}).status_code == 422


def test_a_provider_is_disconnected_after_a_question(admin: Person, provider: Provider) -> None:
    admin.send(FORM, {"secret": SECRET})
    assert "refused from now on" in readable(admin.get(f"{FORM}/disconnect"))
    admin.send(f"{FORM}/disconnect")
    assert provider.send(succeeded()).status_code == 400


@pytest.mark.parametrize(("organizer", "role"), [("org-1", "owner"), (None, "analyst")])
def test_nobody_but_administrators_sees_payments(
    app: Flask, marketplace: Marketplace, organizer: str | None, role: str
) -> None:
    person = member(app, marketplace, organizer, role)
    for path in ("/payments/", FORM, f"{FORM}/disconnect"):
        assert person.client.get(path).status_code == 403
    assert person.send(FORM, {"secret": SECRET}).status_code == 403
    assert "/payments/" not in person.get("/")


def test_an_unknown_provider_has_no_page(admin: Person) -> None:
    admin.get("/payments/paypal", 404)


def test_commands_do_the_same(provider: Provider) -> None:
    slug, runner = provider.marketplace.slug, CliRunner()

    def run(*words: str, text: str | None = None) -> str:
        done = runner.invoke(main, ["payments", *words], input=text)
        assert done.exit_code == 0, done.output
        return done.output

    assert "not set up" in run("show", slug)
    assert provider.address in run("set-secret", slug, "stripe", text=f"{SECRET}\n")
    run("set-secret", slug, "stripe", "--overlap-hours", "48", text=f"{NEXT_SECRET}\n")
    assert provider.send(succeeded("A-78")).status_code == 200
    run("end-previous", slug, "stripe")
    assert provider.send(succeeded("A-79")).status_code == 400
    shown, waiting = run("show", slug), run("waiting", slug)
    assert "waiting for their order: 1" in shown
    assert "A-78" in waiting
    assert SECRET not in shown
    run("disconnect", slug, "stripe")
    refused = runner.invoke(main, ["payments", "set-secret", slug, "stripe"], input="sk_live_1\n")
    assert refused.exit_code == 1
    assert "no signing secret of Stripe" in refused.output
    assert "sk_live" not in refused.output
