"""The unprivileged system user that runs the servers when adrail itself runs as root."""

from __future__ import annotations

import os
import pwd
from dataclasses import dataclass
from pathlib import Path

from core.embedded.errors import EmbeddedServerError

_PREFERRED = ("postgres", "_postgres", "nobody")


@dataclass(frozen=True, slots=True)
class ServiceUser:
    """A system user, by number; the name is for messages."""

    name: str
    uid: int
    gid: int


def service_user(server_dirs: tuple[Path, ...]) -> ServiceUser | None:
    """Return who runs the servers, `None` for the current user.

    As root: whoever owns one of `server_dirs` already, so that a user added to the system later does not lock the
    data away; else the first existing of postgres and nobody. Raises `EmbeddedServerError` when there is none.
    """
    if os.geteuid() != 0:
        return None
    for folder in server_dirs:
        if folder.is_dir() and (owner := folder.stat()).st_uid != 0:
            return ServiceUser(user_name(owner.st_uid), owner.st_uid, owner.st_gid)
    for name in _PREFERRED:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return ServiceUser(name, entry.pw_uid, entry.pw_gid)
    raise EmbeddedServerError(
        "PostgreSQL refuses to run as root and this system has neither a user 'postgres' nor 'nobody'. "
        "Create one (useradd --system postgres), or start adrail as an ordinary user."
    )


def user_name(uid: int) -> str:
    """Return the login name, or the number of a user that no longer exists."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
