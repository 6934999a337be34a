"""Views of tracking codes: the list, one code, what fires on a page."""

from __future__ import annotations

from flask import render_template, request
from flask.typing import ResponseReturnValue

from core.codes.api import CodeView, get_code, history, list_codes, probe_code, providers, settings_form
from core.delivery.api import last_accepted
from core.errors import DomainError
from webui import words
from webui.codes import changes, firing, form, picker, rows
from webui.codes.base import manager, pages
from webui.troubles import troubles

HISTORY_SHOWN = 20
ENABLED = {"on": True, "off": False}


@pages.get("/")
def show_list() -> str:
    """Every code with its state, and what fires on a page."""
    actor = manager()
    chosen = {name: request.args.get(name, "") for name in ("provider", "live_event", "state")}
    page = list_codes(
        actor,
        provider=chosen["provider"] or None,
        live_event_id=chosen["live_event"] or None,
        enabled=ENABLED.get(chosen["state"]),
        cursor=request.args.get("cursor"),
    )
    events = picker.for_filter(actor, chosen["live_event"])
    choice = request.args.get("page") or (f"{firing.EVENT_PREFIX}{events[0].slug}" if events else firing.SITE)
    return render_template(
        "codes/list.html",
        page=page,
        rows=rows.rows(page.items, last_accepted(actor, [code.id for code in page.items])),
        chosen=chosen,
        providers=providers(),
        events=events,
        args=request.args.to_dict(),
        choice=choice,
        preview=firing.preview(actor, choice),
        troubles=troubles(actor),
    )


@pages.get("/fires")
def show_firing() -> str:
    """The sentences of one page, for the list's preview."""
    choice = request.args.get("page", firing.SITE)
    return render_template("codes/firing.html", preview=firing.preview(manager(), choice), choice=choice)


@pages.get("/live-events")
def show_picker() -> str:
    """Live events to pick from, narrowed by what was typed."""
    chosen = request.args.get("live_event_id", "")
    found = picker.options(manager(), request.args.get("search", ""), chosen)
    return render_template("codes/picker.html", options=found, chosen=chosen)


@pages.get("/<int:code_id>")
def show_code(code_id: int) -> str:
    """One code: where it applies, how it is doing, its history."""
    return _code_page(get_code(manager(), code_id))


def _code_page(code: CodeView, **values: object) -> str:
    actor = manager()
    specs = settings_form(code.provider)
    page = history(actor, code.id, limit=HISTORY_SHOWN, cursor=request.args.get("cursor"))
    return render_template(
        "codes/code.html",
        row=rows.row(code, last_accepted(actor, [code.id]).get(code.id)),
        code=code,
        settings=[
            (spec.label, changes.shown(spec.name, form.current_value(spec, code)))
            for spec in specs
            if spec.kind != "secret" and not spec.public_id and spec.name != "consent_purpose"
        ],
        page=page,
        history=changes.lines(page.items, specs, actor),
        args={"code_id": code.id, **request.args.to_dict()},
        **values,
    )


@pages.post("/<int:code_id>/test")
def test_code(code_id: int) -> ResponseReturnValue:
    """Ask the platform whether the code works, and show its answer."""
    actor = manager()
    code = get_code(actor, code_id)
    answer, problem = None, ""
    try:
        answer = probe_code(actor, code_id)
    except DomainError as error:
        problem = words.sentence(error.detail)
    if request.headers.get("HX-Request"):
        return render_template("codes/answer.html", answer=answer, problem=problem, code=code)
    return _code_page(code, answer=answer, problem=problem, asked=True)
