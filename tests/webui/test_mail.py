"""The demo's mail page: what was written to the staff, to each their own."""

from __future__ import annotations

from flask import Flask

from core.db.session import tenant_session
from core.notifications.api import Audience, list_mails, notify
from tests.marketplace import Marketplace
from tests.pipeline import work
from tests.webui.people import Elements, Person, member, readable

LINK = "http://127.0.0.1:8700/connections/1"


def write(marketplace: Marketplace, organizer: str = "org-1") -> int:
    facts = {
        "platform": "Example Ads",
        "account": "4711",
        "owner": "Teatrul <Mare>",
        "marketplace": "Scena",
        "since": "2027-05-03T07:00:00+00:00",
        "zone": "Europe/Bucharest",
        "reason": "The token has expired.",
        "link": LINK,
    }
    audience = Audience(marketplace.organizers[organizer])
    with tenant_session(marketplace.tenant_id) as session:
        notify(
            session, marketplace.tenant_id, "connection_stopped", audience, facts, topic="connection:1", occasion="1"
        )
    work()
    return list_mails(marketplace.staff).items[0].id


def test_without_mail_the_page_says_when_there_will_be_some(app: Flask, marketplace: Marketplace) -> None:
    page = readable(member(app, marketplace).get("/demo/mail/"))
    assert "No mail yet When a platform no longer accepts a token" in page


def test_a_mail_is_listed_and_opened(app: Flask, marketplace: Marketplace) -> None:
    owner = member(app, marketplace)
    number = write(marketplace)

    listed = readable(owner.get("/demo/mail/"))
    opened = owner.get(f"/demo/mail/{number}")

    assert "Example Ads stopped accepting conversions for Teatrul <Mare>" in listed
    assert "Kept, not sent" in listed
    assert "The token has expired." in readable(opened)
    assert LINK in [attrs.get("href") for attrs in Elements(opened).named("a")]
    assert "Mail" in readable(owner.get("/"))


def test_mails_of_others_do_not_exist(app: Flask, marketplace: Marketplace, other_marketplace: Marketplace) -> None:
    member(app, marketplace)
    strangers = [member(app, marketplace, "org-2"), member(app, other_marketplace), member(app, marketplace)]
    number = write(marketplace)

    for stranger in strangers[:2]:
        assert "No mail yet" in readable(stranger.get("/demo/mail/"))
        stranger.get(f"/demo/mail/{number}", 404)
    # A colleague has a mail of their own, but not the other's.
    assert readable(strangers[2].get("/demo/mail/")).count("Example Ads stopped") == 1
    assert Person(app).client.get("/demo/mail/").status_code == 302


def test_the_marketplaces_administrator_sees_everybodys(app: Flask, marketplace: Marketplace) -> None:
    for _ in range(2):
        member(app, marketplace)
    write(marketplace)

    page = readable(member(app, marketplace, None, "admin").get("/demo/mail/"))
    assert page.count("Example Ads stopped") == 2
