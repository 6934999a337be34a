"""What every request gets, whoever answers it: an id, a count, a time, a refusal of addresses that hold a NUL."""

from __future__ import annotations

import os
import re
from typing import Any

import structlog

from core.asking import Environ
from server import metrics

REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}")
HTTP_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
NUL_REFUSED = "the address holds the character NUL, which cannot be looked up; leave it out"
NOSNIFF = ("X-Content-Type-Options", "nosniff")

_counters: dict[tuple[str, str, int], Any] = {}
_times: dict[str, Any] = {}


def request_id(environ: Environ) -> str:
    """The caller's own id when it can do no harm, else a new one."""
    sent = environ.get("HTTP_X_REQUEST_ID")
    return sent if sent and REQUEST_ID.fullmatch(sent) else os.urandom(16).hex()


def holds_nul(environ: Environ) -> bool:
    """Whether the address holds a NUL."""
    return "\0" in environ.get("PATH_INFO", "") or "%00" in environ.get("QUERY_STRING", "")


def name_in_logs(name: str) -> None:
    """Let every line that this thread logs from now on carry the request's id."""
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=name)


def measure(method: str, endpoint: str, status: int, seconds: float) -> str:
    """Count an answer; returns the method as it is counted: invented ones must not grow the metrics without end."""
    method = method if method in HTTP_METHODS else "other"
    counter = _counters.get((method, endpoint, status))
    if counter is None:
        counter = _counters[method, endpoint, status] = metrics.REQUESTS.labels(method, endpoint, status)
        _times[endpoint] = metrics.REQUEST_SECONDS.labels(endpoint)
    counter.inc()
    _times[endpoint].observe(seconds)
    return method
