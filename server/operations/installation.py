"""Lets a command work on what `adrail up` runs, whose addresses and secrets are in its data directory."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import orjson

from core.embedded.errors import DataDirError
from core.embedded.paths import DataDir, default_data_dir, open_data_dir
from core.embedded.state import has_secret
from server import local_state

SERVERS = ("DATABASE_URL", "REDIS_URL")


def chosen_data_dir(given: Path | None) -> Path:
    """The data directory a command means, as `adrail up` chooses it."""
    return given or Path(os.environ.get("ADRAIL_DATA_DIR", "") or default_data_dir())


def existing_data_dir(given: Path | None) -> DataDir:
    """Open a data directory that must be there already; raises `DataDirError`."""
    path = chosen_data_dir(given)
    if not path.is_dir():
        raise DataDirError(f"there is no data directory {path}. Name the one of `adrail up` with --data-dir.")
    return open_data_dir(path)


def adopt_settings(given: Path | None) -> None:
    """Take servers and secrets of a running `adrail up`; other settings of the environment win.

    Without a directory the servers that the environment names are taken, when it does. Raises `DataDirError` when no
    adrail runs there.
    """
    if given is None and all(os.environ.get(name) for name in SERVERS):
        return
    servers, others = _settings(existing_data_dir(given))
    os.environ.update(servers)
    for name, value in others.items():
        os.environ.setdefault(name, value)


def running_settings(given: Path | None) -> dict[str, str]:
    """Return the settings by which a running `adrail up` is reached, by variable; raises `DataDirError`."""
    servers, others = _settings(existing_data_dir(given))
    return {**servers, **others}


def _settings(folder: DataDir) -> tuple[dict[str, str], dict[str, str]]:
    facts = running_facts(folder)
    servers = {"DATABASE_URL": facts["database_url"], "REDIS_URL": facts["redis_url"]}
    if folder.postgres.is_dir():  # embedded: the address is the superuser's
        servers |= {"ADRAIL_DATABASE_OWNER_URL": facts["database_url"]}
        servers |= local_state.restricted_logins(folder, facts["database_url"])
    others = {"ADRAIL_BASE_URL": facts["base_url"], **local_state.secrets_of(folder)}
    if facts.get("sandbox_url"):
        others["ADRAIL_SANDBOX_URL"] = facts["sandbox_url"]
    return servers, others


def master_keys_of(given: Path) -> str:
    """The present value of ``ADRAIL_MASTER_KEYS`` of a data directory; raises `DataDirError`."""
    folder = existing_data_dir(given)
    if not has_secret(folder, "master_key"):
        raise DataDirError(f"{folder.root} has no master key of its own yet. Start `adrail up` there first.")
    return os.environ.get("ADRAIL_MASTER_KEYS") or local_state.secrets_of(folder)["ADRAIL_MASTER_KEYS"]


def running_facts(folder: DataDir) -> dict[str, Any]:
    """What a running `adrail up` says about itself; raises `DataDirError` when none runs."""
    try:
        facts: dict[str, Any] = orjson.loads(local_state.ready_path(folder).read_bytes())
    except FileNotFoundError:
        raise DataDirError(
            f"adrail does not run on {folder.root}. Start it with `adrail up --data-dir {folder.root}`, or set "
            "DATABASE_URL and REDIS_URL to work with servers of your own."
        ) from None
    return facts
