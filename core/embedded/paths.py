"""Where the data directory is, what lies where in it, and whether it can be used by those who need it."""

from __future__ import annotations

import os
import stat
import sys
from dataclasses import dataclass
from pathlib import Path

from core.embedded.errors import DataDirError
from core.embedded.users import ServiceUser, service_user, user_name


@dataclass(frozen=True, slots=True)
class DataDir:
    """A data directory that is ready for use; `user` runs the servers, `None` means the current user."""

    root: Path
    user: ServiceUser | None

    @property
    def postgres(self) -> Path:
        """PostgreSQL's own files; absent until initialised."""
        return self.root / "postgres"

    @property
    def valkey(self) -> Path:
        """Valkey's append-only files."""
        return self.root / "valkey"

    @property
    def config(self) -> Path:
        """Configuration files, written anew at each start."""
        return self.root / "config"

    @property
    def logs(self) -> Path:
        """Log files of the servers and processes."""
        return self.root / "logs"

    @property
    def binaries(self) -> Path:
        """Copies of the server programs, made when adrail runs as root."""
        return self.root / "bin"

    def hand_over(self, path: Path, mode: int) -> None:
        """Give `path` to the user that runs the servers, with these permission bits."""
        path.chmod(mode)
        if self.user is not None:
            os.chown(path, self.user.uid, self.user.gid)


def default_data_dir() -> Path:
    """Return the data directory used when none is chosen: the system's as root, else the user's."""
    if os.geteuid() == 0:
        return Path("/var/lib/adrail")
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "adrail"
    xdg = Path(os.environ.get("XDG_DATA_HOME", ""))
    # The XDG specification asks to ignore relative values.
    return (xdg if xdg.is_absolute() else Path.home() / ".local" / "share") / "adrail"


def open_data_dir(path: Path) -> DataDir:
    """Create what is missing of the data directory and check it; idempotent.

    Raises `DataDirError` when it belongs to someone else, cannot be written, or lies below a folder that the user
    who runs the servers may not enter. Permissions of folders that exist already are never changed.
    """
    root = path.expanduser().resolve()
    data_dir = DataDir(root, service_user((root / "postgres", root / "valkey")))
    try:
        _create(root, 0o700 if data_dir.user is None else 0o755)
        _check_owner(root)
        if data_dir.user is not None:
            _check_way_in(root, data_dir.user)
        for folder in (data_dir.logs, data_dir.config):
            _create(folder, 0o700 if folder == data_dir.logs else 0o755)
    except (PermissionError, NotADirectoryError, FileExistsError) as exc:
        raise DataDirError(
            f"the data directory {root} cannot be used: {exc.strerror}: {exc.filename}. Choose another with --data-dir."
        ) from exc
    return data_dir


def _create(folder: Path, mode: int) -> None:
    if folder.is_dir():
        return
    _create(folder.parent, 0o755)
    folder.mkdir(exist_ok=True)
    # Set apart from mkdir, whose mode the umask narrows: a root with umask 077 would lock the servers out.
    folder.chmod(mode)


def _check_owner(root: Path) -> None:
    owner = root.stat().st_uid
    if owner != os.geteuid():
        raise DataDirError(
            f"the data directory {root} belongs to user {user_name(owner)}, but adrail runs as "
            f"{user_name(os.geteuid())}. Start adrail as {user_name(owner)}, or choose another with --data-dir."
        )


def _check_way_in(root: Path, user: ServiceUser) -> None:
    for folder in (*reversed(root.parents), root):
        if not _may_enter(folder.stat(), user):
            raise DataDirError(
                f"the servers run as user {user.name}, who may not enter {folder}, and the data directory is {root}. "
                f"Choose one elsewhere with --data-dir (for example {default_data_dir()}), "
                f"or allow entry yourself: chmod o+x {folder}"
            )


def _may_enter(folder: os.stat_result, user: ServiceUser) -> bool:
    if folder.st_uid == user.uid:
        return bool(folder.st_mode & stat.S_IXUSR)
    if folder.st_gid == user.gid:
        return bool(folder.st_mode & stat.S_IXGRP)
    return bool(folder.st_mode & stat.S_IXOTH)
