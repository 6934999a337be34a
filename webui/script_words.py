"""The few words that scripts write by themselves, in the reader's language."""

from __future__ import annotations

from flask_babel import gettext as _
from flask_babel import ngettext

WEEK = 7


def script_words() -> dict[str, object]:
    """Return them as the page's scripts read them; `%s` stands for what the script fills in."""
    return {
        "now": _("just now"),
        "ago": _("%(time)s ago", time="%s"),
        "in": _("in %(time)s", time="%s"),
        "seconds": _("%(num)s s", num="%s"),
        "minutes": _("%(num)s min", num="%s"),
        "hours": _("%(num)s h", num="%s"),
        "days": [ngettext("%(num)d day", "%(num)d days", count) for count in range(1, WEEK)],
        "offline": _("Offline"),
        "live": _("Updates by itself"),
        "retrying": _("No answer, trying again"),
        "noAnswer": _("adrail did not answer. Try again in a moment."),
        "show": _("Show"),
        "hide": _("Hide"),
        "copy": _("Copy"),
        "copied": _("Copied"),
        "missing": _("%(field)s is missing.", field="%s"),
        "wrong": _("This is not a %(field)s yet.", field="%s"),
        "unusual": _("Unusual for a %(field)s. Is it complete?", field="%s"),
        "example": _("It looks like %(example)s.", example="%s"),
        "right": _("Looks right."),
    }
