"""The audit log: who changed what and when, filtered, and downloaded as a file."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

from flask import Response, abort, render_template, request

from core.accounts.api import AUDIT_FORMATS, AuditFilter, anchor_page, audit_choices, list_audit, stream_audit
from webui import audit_words, session
from webui.blueprint import page_blueprint

MAX_LABEL = 200

pages = page_blueprint("audit", __name__, url_prefix="/audit")


@pages.get("/")
def show_list() -> str:
    """Entries, newest first."""
    actor, chosen = session.actor("admin"), _filter()
    return render_template(
        "audit/list.html",
        page=list_audit(actor, chosen, cursor=request.args.get("cursor")),
        choices=audit_choices(actor),
        sealed=next(iter(anchor_page(actor.tenant_id, limit=1).items), None),
        chosen=chosen,
        filtered=chosen != AuditFilter(),
        args={name: value for name, value in request.args.items() if value},
        words=audit_words,
    )


@pages.get("/export.<kind>")
def download(kind: str) -> Response:
    """Every entry that the filters leave, as a file that is written while it is read."""
    if kind not in AUDIT_FORMATS:
        abort(404)
    media_type, write = AUDIT_FORMATS[kind]
    lines = stream_audit(session.actor("admin"), _filter())
    response = Response(write(lines), content_type=f"{media_type}; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="audit-log.{kind}"'
    return response


def _filter() -> AuditFilter:
    args = request.args
    until = _day(args.get("until", ""))
    # The last day counts to its end.
    return AuditFilter(
        actor=_label("actor"),
        action=_label("action"),
        subject=_label("subject"),
        since=_midnight(_day(args.get("since", ""))),
        until=_midnight(until + timedelta(days=1)) if until and until.year < 9999 else None,
    )


def _label(name: str) -> str | None:
    return request.args.get(name, "")[:MAX_LABEL].strip() or None


def _day(text: str) -> datetime | None:
    try:
        return datetime.strptime(text.strip()[:10], "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        return None


def _midnight(day: datetime | None) -> datetime | None:
    """The first moment of a day where the reader is."""
    return datetime.combine(day.date(), time(), session.zone()) if day else None
