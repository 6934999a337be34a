"""The only door to Google Analytics: one connection per call, the paths, and a guard on every answer.

Python's own HTTP client, because the API secret has to stand in the address: urllib3 and httpx write addresses to
their logs, and their exceptions repeat them. It follows no redirect, repeats nothing and reads no proxy settings.
"""

from __future__ import annotations

import functools
import json
import re
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any
from urllib.parse import urlencode, urlsplit

from adrail import AdrailError, InvalidPayloadError, Transport
from plugins.ga4 import errors

COLLECT = "/mp/collect"
VALIDATE = "/debug/mp/collect"
MAX_ANSWER = 100_000

MEASUREMENT_ID = re.compile(r"G-[A-Z0-9]{4,20}")
API_SECRET = re.compile(r"[A-Za-z0-9_-]{8,100}")
HEADERS = {"Content-Type": "application/json", "User-Agent": "adrail", "Accept": "*/*"}


class Stream:
    """One web stream at Google, over one connection."""

    def __init__(self, transport: Transport, measurement_id: str, api_secret: str) -> None:
        parts = urlsplit(transport.url("api"))
        self._transport = transport
        self._path = parts.path
        self._query = urlencode({"measurement_id": measurement_id, "api_secret": api_secret})
        host = parts.hostname or ""
        limit = transport.connect_timeout
        self._connection = (
            HTTPSConnection(host, parts.port, timeout=limit, context=_tls())
            if parts.scheme == "https"
            else HTTPConnection(host, parts.port, timeout=limit)
        )

    def collect(self, body: str) -> None:
        """Send one request; raises `adrail.errors`. That it returns means received, not counted: nobody says more."""
        status, headers, content = self._post(COLLECT, body)
        if not 200 <= status < 300:
            raise errors.from_answer(status, headers)
        if content:  # Google's answer is empty; a page with 200 is somebody else's
            raise errors.own("not_ga4", f"(HTTP {status} with a body)")

    def validate(self, body: str) -> list[InvalidPayloadError]:
        """Return what Google's validation server finds wrong; nothing is counted. Raises `adrail.errors`."""
        status, headers, content = self._post(VALIDATE, body)
        if status != 200:
            raise errors.from_answer(status, headers)
        messages = _messages(content)
        if messages is None:
            raise errors.own("not_ga4", "(HTTP 200 without validation messages)")
        return [
            errors.from_validation(str(item.get("fieldPath", "")), str(item.get("validationCode", "")))
            for item in messages
        ]

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _post(self, path: str, body: str) -> tuple[int, Mapping[str, str], bytes]:
        failure: AdrailError
        try:
            return self._exchange(f"{self._path}{path}?{self._query}", body.encode())
        except TimeoutError:
            failure = errors.own("timeout")
        except (OSError, HTTPException) as error:
            failure = errors.own("connection", f"({type(error).__name__})")
        # Raised out here, so that it drags no exception behind it whose text holds the address.
        self._connection.close()
        raise failure

    def _exchange(self, address: str, body: bytes) -> tuple[int, Mapping[str, str], bytes]:
        connection = self._connection
        closed = connection.sock is None
        if closed:
            connection.connect()
            connection.sock.settimeout(self._transport.read_timeout)
        connection.request("POST", address, body, HEADERS)
        answer = connection.getresponse()
        content = answer.read(MAX_ANSWER)
        if not answer.isclosed():
            connection.close()  # more than anybody should have to say
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, content


@contextmanager
def open_stream(transport: Transport, measurement_id: str, api_secret: str) -> Iterator[Stream]:
    """Open the stream for one call; raises `AuthError` before anything is sent when id or secret cannot be right."""
    if not API_SECRET.fullmatch(api_secret):
        raise errors.own("no_secret")
    if not MEASUREMENT_ID.fullmatch(measurement_id):
        raise errors.own("no_stream")
    stream = Stream(transport, measurement_id, api_secret)
    try:
        yield stream
    finally:
        stream.close()


@functools.cache
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()


def _messages(content: bytes) -> list[Mapping[str, Any]] | None:
    try:
        answer = json.loads(content)
    except ValueError:
        return None
    found = answer.get("validationMessages") if isinstance(answer, dict) else None
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else None
