"""Pages of persons: the list, one person, possible duplicates, and what a merge will do."""

from __future__ import annotations

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.utils import redirect

from core.catalog.api import (
    REVEAL_PERSONS,
    dismiss_duplicate,
    get_person,
    kind_named,
    list_duplicates,
    list_orders,
    list_persons,
    list_rows,
    merge_persons,
    preview_merge,
    reveal_person,
    unmerge_person,
)
from core.errors import ConflictError, NotFoundError
from core.events.api import AS_TOLD, LINKED, NOT_LINKED, decide, visitor_decisions
from webui import order_words, person_words, session
from webui.blueprint import page_blueprint
from webui.likings import likings
from webui.messages import say

MAX_SEARCH = 254
MAX_VISITOR = 64
SHOWN_ORDERS = 10
SHOWN_DECISIONS = 100
VIEW, CHANGE = "view_persons", "manage_catalog"

pages = page_blueprint("person_pages", __name__, url_prefix="/persons")


@pages.get("/")
def show_list() -> str:
    """Persons, newest first, or whom a whole address, number or id finds."""
    actor = session.actor(VIEW)
    search = request.args.get("search", "").strip()[:MAX_SEARCH]
    page = list_persons(actor, search=search, cursor=request.args.get("cursor"))
    waiting = list_duplicates(actor, limit=1).items
    args = {name: value for name, value in (("search", search), ("cursor", request.args.get("cursor"))) if value}
    return render_template(
        "persons/list.html", page=page, search=search, args=args, waiting=bool(waiting), words=person_words
    )


@pages.get("/duplicates")
def show_duplicates() -> str:
    """Pairs that share an address or number."""
    page = list_duplicates(session.actor(VIEW), cursor=request.args.get("cursor"))
    return render_template("persons/duplicates.html", page=page, args=request.args.to_dict(), words=person_words)


@pages.post("/duplicates/<int:suggestion_id>/dismiss")
def dismiss(suggestion_id: int) -> ResponseReturnValue:
    """They are two persons."""
    dismiss_duplicate(session.actor(CHANGE), suggestion_id)
    say(_("They stay two persons"), _("This pair is not suggested again."))
    return redirect(url_for("person_pages.show_duplicates"))


@pages.get("/merge")
def show_merge() -> ResponseReturnValue:
    """What merging would do, before it is done."""
    actor = session.actor(CHANGE)
    survivor, merged = (request.args.get(name, "").strip()[:MAX_SEARCH] for name in ("survivor", "merged"))
    preview = problem = None
    if survivor and merged:
        try:
            preview = preview_merge(actor, survivor, merged)
        except (ConflictError, NotFoundError) as exc:
            problem = person_words.refusal(exc)
    page = render_template(
        "persons/merge.html",
        survivor=survivor,
        merged=merged,
        preview=preview,
        problem=problem,
        words=person_words,
    )
    return page, 422 if problem else 200


@pages.post("/merge")
def merge() -> ResponseReturnValue:
    """Merge; the message offers to take it back."""
    actor = session.actor(CHANGE)
    survivor, merged = request.form.get("survivor", ""), request.form.get("merged", "")
    merge_persons(actor, survivor, merged)
    undo = url_for("person_pages.unmerge", person_id=merged)
    say(_("They are one person now"), _("Orders, visitors and consent of both stand together."), undo=undo)
    return redirect(url_for("person_pages.show_person", person_id=survivor))


@pages.post("/unmerge/<path:person_id>")
def unmerge(person_id: str) -> ResponseReturnValue:
    """Take a merge back."""
    unmerge_person(session.actor(CHANGE), person_id)
    say(_("They are two persons again"), _("Whatever came under this name is its own again."))
    return redirect(url_for("person_pages.show_person", person_id=person_id))


@pages.post("/visitors/<path:person_id>")
def say_of_visitor(person_id: str) -> ResponseReturnValue:
    """Link a visitor with a person, say that they never were that person, or leave it to events again."""
    actor = session.actor(CHANGE)
    visitor, state = request.form.get("visitor_id", "").strip()[:MAX_VISITOR], request.form.get("state", "")
    back = redirect(url_for("person_pages.show_person", person_id=person_id))
    try:
        decide(actor, person_id, visitor, state)
    except ConflictError:
        say(_("Nothing changed"), _("This visitor was not linked with this person."))
        return back
    except NotFoundError:
        get_person(actor, person_id)
        say(
            _("No such visitor"), _("No browser with this id was seen in this marketplace. Check the id and try again.")
        )
        return back
    title, rest = person_words.decided(state)
    say(title, rest)
    return back


@pages.post("/reveal/<path:person_id>")
def reveal(person_id: str) -> ResponseReturnValue:
    """Show clear values once; that somebody looked is kept in the audit log."""
    actor = session.actor(REVEAL_PERSONS)
    return _page(person_id, reveal_person(actor, person_id))


@pages.get("/<path:person_id>")
def show_person(person_id: str) -> str:
    """One person, masked."""
    return _page(person_id, None)


def _page(person_id: str, clear: dict[str, str] | None) -> str:
    actor = session.actor(VIEW)
    detail = get_person(actor, person_id)
    decisions = visitor_decisions(actor, person_id, limit=SHOWN_DECISIONS).items
    orders = list_orders(actor, person_id=person_id, limit=SHOWN_ORDERS) if session.may("view_orders") else None
    return render_template(
        "persons/person.html",
        detail=detail,
        person=detail.person,
        facts=person_words.facts(detail, clear),
        clear=clear is not None,
        orders=orders,
        bought=list_rows(actor, kind_named("shop-orders"), filters={"person_id": person_id}, limit=SHOWN_ORDERS).items
        if session.may("view_orders")
        else [],
        likings=likings(actor, person_id),
        apart=[item for item in decisions if item.kind == "unlink"],
        by_hand={item.visitor_id for item in decisions if item.kind == "link"},
        states={"linked": LINKED, "not_linked": NOT_LINKED, "as_told": AS_TOLD},
        words=person_words,
        order_words=order_words,
    )
