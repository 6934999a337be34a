"""The scripts that pages load first-party: the built browser SDK and the adapters that platform plugins bring."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from pathlib import Path

from core.codes.api import content_hash
from core.config import settings
from core.errors import NotFoundError
from core.registry import UnknownPlatformError, registry

FILE = re.compile(r"[a-z0-9][a-z0-9_-]*(\.[a-z0-9_-]+)*\.(js|js\.map|mjs|mjs\.map)")
JAVASCRIPT = "text/javascript; charset=utf-8"
JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Script:
    """A file as it is served; ``version`` changes with the content."""

    content: bytes
    content_type: str
    version: str


def sdk_file(name: str) -> Script:
    """Return a file of the built browser SDK; raises `NotFoundError`, which says how to build it."""
    path = settings().browser_sdk_dir / name
    if not FILE.fullmatch(name):
        raise NotFoundError("the browser SDK has no file of this name")
    try:
        stat = path.stat()
    except OSError:
        raise NotFoundError("the browser SDK has no file of this name, or it is not built: run `make setup`") from None
    return _read(path, stat.st_mtime_ns, stat.st_size)


def adapter(provider: str) -> Script:
    """Return a platform's browser adapter; raises `NotFoundError`."""
    try:
        pixel = registry().get(provider).pixel
    except UnknownPlatformError:
        pixel = None
    if pixel is None:
        raise NotFoundError("no installed platform of this name has a browser pixel")
    content = pixel.adapter.encode()
    return Script(content, JAVASCRIPT, content_hash(content))


@functools.lru_cache(maxsize=64)
def _read(path: Path, modified: int, size: int) -> Script:  # noqa: ARG001 - a rebuilt file is another entry
    content = path.read_bytes()
    return Script(content, JSON if path.suffix == ".map" else JAVASCRIPT, content_hash(content))
