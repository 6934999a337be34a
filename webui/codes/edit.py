"""Views that change tracking codes: add, change, switch, delete, undo."""

from __future__ import annotations

from typing import Any

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as later
from werkzeug.utils import redirect

from core.accounts.api import Actor, organizers
from core.codes.api import (
    CodeView,
    create_code,
    delete_code,
    get_code,
    history,
    list_codes,
    providers,
    settings_form,
    undo,
    update_code,
)
from core.errors import ConflictError, DomainError, InvalidInputError, NotFoundError
from webui import platforms, words
from webui.codes import changes, form, picker, rows
from webui.codes.base import manager, pages
from webui.messages import say

NO_PLACE = later("Choose where the code applies.")


@pages.get("/new")
def choose_platform() -> ResponseReturnValue:
    """Choose the platform; with one there is nothing to choose."""
    manager()
    found = providers()
    if len(found) == 1:
        wanted: dict[str, Any] = request.args.to_dict()
        return redirect(url_for("codes.show_new", **{**wanted, "provider": found[0].slug}))
    return render_template("codes/platforms.html", providers=found, args=request.args.to_dict())


@pages.get("/new/<provider>")
def show_new(provider: str) -> str:
    """The empty form of a platform."""
    actor = manager()
    wanted = request.args.get("live_event", "")
    place = form.Place("live_event", live_event_id=wanted) if wanted else form.Place(_default_level(actor))
    return _form_page(actor, _known(provider), place=place)


@pages.post("/new/<provider>")
def add(provider: str) -> ResponseReturnValue:
    """Add a code."""
    actor, provider = manager(), _known(provider)
    place = form.read_place(request.form)
    if place.level == "live_event" and not place.live_event_id:
        return _form_page(actor, provider, place=place, problems=form.Problems(place=str(NO_PLACE))), 422
    settings = form.read_settings(settings_form(provider), request.form)
    data = {"provider": provider, "enabled": True, "settings": settings, **form.place_data(place)}
    try:
        code = create_code(actor, data)
    except (InvalidInputError, ConflictError, NotFoundError) as error:
        return _form_page(actor, provider, place=place, problems=_problems(error)), 422
    name = platforms.mark(provider).name
    say(_("%(platform)s added", platform=name), _("It is on your pages within a few minutes."))
    return redirect(url_for("codes.show_code", code_id=code.id))


@pages.get("/<int:code_id>/edit")
def show_edit(code_id: int) -> str:
    """The form of a code."""
    actor = manager()
    code = get_code(actor, code_id)
    return _form_page(actor, code.provider, code=code)


@pages.post("/<int:code_id>/edit")
def change(code_id: int) -> ResponseReturnValue:
    """Save a code, unless somebody else changed it meanwhile; say what changed."""
    actor = manager()
    before = get_code(actor, code_id)
    specs = settings_form(before.provider)
    settings = form.read_settings(specs, request.form)
    data = {"enabled": "enabled" in request.form, "settings": settings}
    try:
        after = update_code(actor, code_id, data, expected_version=_version())
    except (InvalidInputError, ConflictError) as error:
        return _form_page(actor, before.provider, code=before, problems=_problems(error)), 422
    new_secret = any(spec.kind == "secret" and settings.get(spec.name) for spec in specs)
    _say_saved(actor, before, after, changes.saved(before, after, specs, new_secret=new_secret))
    return redirect(url_for("codes.show_code", code_id=code_id))


@pages.post("/<int:code_id>/switch")
def switch(code_id: int) -> ResponseReturnValue:
    """Switch a code on or off."""
    actor = manager()
    before = get_code(actor, code_id)
    try:
        after = update_code(actor, code_id, {"enabled": not before.enabled}, expected_version=_version())
    except ConflictError as error:
        say(_("Nothing was changed"), words.translated(error.detail), tone="wait")
    else:
        _say_saved(actor, before, after, _("switched on") if after.enabled else _("switched off"))
    return redirect(url_for("codes.show_code", code_id=code_id))


@pages.get("/<int:code_id>/delete")
def ask_delete(code_id: int) -> str:
    """Say what deleting a code will do, before it is done."""
    actor = manager()
    code = get_code(actor, code_id)
    return render_template("codes/delete.html", code=code, row=rows.row(code, None), heir=_heir(actor, code))


@pages.post("/<int:code_id>/delete")
def delete(code_id: int) -> ResponseReturnValue:
    """Delete a code; the message offers to bring it back."""
    actor = manager()
    code = get_code(actor, code_id)
    delete_code(actor, code_id)
    name = platforms.mark(code.provider).name
    say(_("%(platform)s deleted", platform=name), rows.place(code), undo=_undo_address(actor, code_id))
    return redirect(url_for("codes.show_list"))


@pages.post("/<int:code_id>/undo/<int:change_id>")
def take_back(code_id: int, change_id: int) -> ResponseReturnValue:
    """Bring a code back to what it was before one change."""
    actor = manager()
    try:
        code = undo(actor, code_id, change_id)
    except ConflictError as error:
        say(_("It could not be taken back"), words.translated(error.detail), tone="wait")
        return redirect(url_for("codes.show_list"))
    name = platforms.mark(code.provider).name
    say(_("Taken back"), _("%(platform)s is as it was before.", platform=name))
    return redirect(url_for("codes.show_code", code_id=code.id))


def _form_page(
    actor: Actor,
    provider: str,
    *,
    code: CodeView | None = None,
    place: form.Place | None = None,
    problems: form.Problems | None = None,
) -> str:
    sent = request.form if request.method == "POST" else None
    found = problems or form.Problems()
    values: dict[str, Any] = {}
    if code is None and place is not None:
        values["options"] = picker.options(actor, "", place.live_event_id)
        values["organizers"] = organizers(actor.tenant_id) if actor.organizer_id is None else []
        values["whole"] = actor.organizer_id is None
    return render_template(
        "codes/form.html",
        provider=provider,
        code=code,
        place=place,
        problems=found,
        fields=form.fields_of(settings_form(provider), code, sent, found),
        enabled="enabled" in sent if sent is not None else code is None or code.enabled,
        version=_version() or (code.version if code else ""),
        several=len(providers()) > 1,
        **values,
    )


def _default_level(actor: Actor) -> str:
    return "marketplace" if actor.organizer_id is None else "organizer"


def _known(provider: str) -> str:
    if provider not in {item.slug for item in providers()}:
        raise NotFoundError(f"there is no platform {provider!r}")
    return provider


def _version() -> int | None:
    text = request.form.get("version", "")
    return int(text) if text.isdigit() else None


def _problems(error: DomainError) -> form.Problems:
    if isinstance(error, NotFoundError):
        return form.Problems(place=str(NO_PLACE))
    return form.problems_of(error)


def _say_saved(actor: Actor, before: CodeView, after: CodeView, what: str) -> None:
    name = platforms.mark(after.provider).name
    if not what:
        say(_("Nothing to save"), _("%(platform)s is as it was.", platform=name), tone="calm")
        return
    only_secret = before.version == after.version or what == _("new token stored")
    undo_address = None if only_secret else _undo_address(actor, after.id)
    say(_("%(platform)s saved", platform=name), f"{what[:1].upper()}{what[1:]}.", undo=undo_address)


def _undo_address(actor: Actor, code_id: int) -> str:
    newest = history(actor, code_id, limit=1).items[0]
    return url_for("codes.take_back", code_id=code_id, change_id=newest.id)


def _heir(actor: Actor, code: CodeView) -> CodeView | None:
    """The default that takes over on a live event when its own code is deleted."""
    if code.level != "live_event":
        return None
    rivals = list_codes(actor, provider=code.provider, limit=200).items
    same = (item for item in rivals if item.level == "organizer" and item.organizer_id == code.organizer_id)
    return next((item for item in same if item.enabled), None)
