"""What this machine is, in a few words, for reports that say where they were made."""

from __future__ import annotations

import os
import platform
from pathlib import Path


def describe() -> str:
    """Cores, memory, system and Python, such as «2 cores, 24 GiB, Debian 12, Python 3.11»."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    python = ".".join(platform.python_version_tuple()[:2])
    return f"{os.cpu_count()} cores, {memory:.0f} GiB, {_system()}, Python {python}"


def _system() -> str:
    try:
        lines = Path("/etc/os-release").read_text("utf-8").splitlines()
    except OSError:
        return f"{platform.system()} {platform.release()}"
    facts = {name: value.strip('"') for name, _, value in (line.partition("=") for line in lines)}
    return f"{facts.get('NAME', platform.system()).split()[0]} {facts.get('VERSION_ID', '')}".strip()
