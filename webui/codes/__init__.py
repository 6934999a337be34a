"""Pages of tracking codes: list, form, one code, history, and what fires on a page."""

from webui.codes import edit, views
from webui.codes.base import pages

__all__ = ["edit", "pages", "views"]
