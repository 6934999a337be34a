"""The demo's mail page: what adrail wrote to the staff, instead of a mailbox."""

from __future__ import annotations

from flask import render_template, request

from core.notifications.api import can_send, get_mail, list_mails
from webui import session
from webui.blueprint import page_blueprint

pages = page_blueprint("mail", __name__, url_prefix="/demo/mail")


@pages.get("/")
def show_list() -> str:
    """Mails, newest first: the administrators' page shows everybody's, others see their own."""
    page = list_mails(session.actor("manage_connections"), cursor=request.args.get("cursor"))
    return render_template("mail/list.html", page=page, args=request.args.to_dict(), can_send=can_send())


@pages.get("/<int:mail_id>")
def show_mail(mail_id: int) -> str:
    """One mail as its reader gets it."""
    mail = get_mail(session.actor("manage_connections"), mail_id)
    return render_template("mail/mail.html", mail=mail, can_send=can_send())
