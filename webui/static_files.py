"""Addresses of static files: each carries a digest of its content, so browsers may keep it for a year."""

from __future__ import annotations

import functools
import hashlib
from pathlib import Path

from flask import Response, current_app, request, url_for

YEAR = "public, max-age=31536000, immutable"


def asset(path: str, blueprint: str = "webui") -> str:
    """Return the address of a file in a blueprint's static folder."""
    folder = current_app.blueprints[blueprint].static_folder
    return url_for(f"{blueprint}.static", filename=path, v=_digest(f"{folder}/{path}"))


@functools.cache
def _digest(path: str) -> str:
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()[:12]


def keep_for_a_year(response: Response) -> Response:
    """Let browsers keep a static file that was asked for by its digest."""
    if request.args.get("v") and response.status_code in {200, 304}:
        response.headers["Cache-Control"] = YEAR
    return response
