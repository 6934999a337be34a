"""What goes wrong with the archive, told without the passwords that its place may be reached with."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import unquote, urlsplit

from core.config import settings
from core.errors import ConflictError

LONGEST = 500
USERINFO = re.compile(r"//[^/\s@'\"]+@")


class ArchiveError(ConflictError):
    """The archive's place cannot be used, or a file is not what was written."""

    code = "archive_unusable"
    title = "The archive cannot be used"


@contextmanager
def told(what: str) -> Iterator[None]:
    """Raise whatever happens inside as `ArchiveError` that says what could not be done."""
    try:
        yield
    except ArchiveError:
        raise
    except FileNotFoundError as exc:
        raise ArchiveError(f"a file of the archive is not there: {without_secrets(exc)}") from exc
    except Exception as exc:  # every kind of store has its own errors
        said = f"{type(exc).__name__}: {without_secrets(exc)}"
        raise ArchiveError(f"the archive could not be {what}: {said}") from exc


def without_secrets(exc: Exception) -> str:
    """What an error says first, without the password and query of ADRAIL_ARCHIVE_URL and names in other addresses.

    Further lines often repeat the row or statement that broke, with what is in it.
    """
    text = str(exc).partition("\n")[0][:LONGEST]
    with contextlib.suppress(ValueError):
        parts = urlsplit(settings().archive_url or "")
        for secret in (parts.password, unquote(parts.password or ""), parts.query):
            if secret:
                text = text.replace(secret, "…")
    return USERINFO.sub("//…@", text)
