"""Answers the collect endpoints before the framework sees them; hands on everything else."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any

from core.asking import Environ
from core.errors import DomainError
from core.problems import domain_reply
from core.replies import Reply
from server import requests
from server.failures import domain_error_of
from tracking.collector.endpoints import ENDPOINTS, METHODS, answer, readable_by_pages

Wsgi = Callable[[Environ, Any], Iterable[bytes]]
STATUS = {status.value: f"{status.value} {status.phrase}" for status in HTTPStatus}


class BadAddressError(DomainError):
    """An address that nothing can have."""

    title = "Bad Request"


class Front:
    """A WSGI callable in front of another one."""

    def __init__(self, behind: Wsgi) -> None:
        self._behind = behind

    def __call__(self, environ: Environ, start_response: Any) -> Iterable[bytes]:
        """Answer, or let the one behind answer."""
        path, method = environ["PATH_INFO"], environ["REQUEST_METHOD"]
        found = ENDPOINTS.get(path)
        if found is None or method not in METHODS:
            return self._behind(environ, start_response)
        started = time.perf_counter()
        name = requests.request_id(environ)
        requests.name_in_logs(name)
        status, headers, body = readable_by_pages(environ, _reply(environ, path, name))
        headers += (("X-Request-Id", name), requests.NOSNIFF)
        if status != HTTPStatus.NO_CONTENT:  # a length is forbidden there
            headers.append(("Content-Length", str(len(body))))
        endpoint = f"collector.{found[0] if method == 'POST' else 'options'}"
        requests.measure(method, endpoint, status, time.perf_counter() - started)
        start_response(STATUS[status], headers)
        return [body]


def _reply(environ: Environ, path: str, name: str) -> Reply:
    try:
        _check_address(environ)
        return answer(environ, path)
    except Exception as exc:  # noqa: BLE001 - nothing behind this would turn it into an answer
        return domain_reply(domain_error_of(exc, path), name)


def _check_address(environ: Environ) -> None:
    if requests.holds_nul(environ):
        raise BadAddressError(requests.NUL_REFUSED)
