"""Idempotency-Key: the same key and request get the same answer, work is done once."""

from __future__ import annotations

import functools
import hashlib
import threading
from collections.abc import Callable

from flask import Request, Response
from sqlalchemy import text

from core.config import settings
from core.db.idempotency_models import IdempotencyRecord
from core.db.session import tenant_session
from core.errors import ConflictError, FieldProblem, InvalidInputError
from core.security.crypto import decrypt, derive, encrypt

MAX_KEY = 255
PURPOSE = "idempotency"

# Ends with the transaction, and that with the process: whatever dies at work leaves its key free at once.
LOCK = text("SELECT pg_try_advisory_xact_lock(hashtextextended(:name, 0))")


def idempotent(
    tenant_id: int, scope: str, request: Request, work: Callable[[], Response], *, secret: bool = False
) -> Response:
    """Run ``work`` once per `Idempotency-Key`; without the header just run it.

    A ``secret`` answer is kept encrypted under the bearer key of the request, so that nobody else can open it; its
    ``scope`` must name the bearer. Only an answer that ``work`` returns is kept: after an error or a crash the key may
    be used again. Raises `ConflictError` while the first request still runs, or when the key was used for another one.
    """
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return work()
    if not (1 <= len(key) <= MAX_KEY and key.isascii() and key.isprintable()):
        problem = FieldProblem("/Idempotency-Key", "length", f"use 1 to {MAX_KEY} printable ASCII characters")
        raise InvalidInputError("the Idempotency-Key header is not usable", errors=[problem])
    digest = hashlib.sha256(request.method.encode() + b"\0" + request.get_data()).digest()
    with _turns(), tenant_session(tenant_id) as session:
        if not session.scalar(LOCK, {"name": f"idempotency {tenant_id} {scope} {key}"}):
            raise ConflictError("the first request with this Idempotency-Key still runs", code="request_in_progress")
        known = session.get(IdempotencyRecord, (tenant_id, scope, key))
        if known is not None and known.status is not None:
            return _answer_again(known, digest, request if secret else None)
        response = work()
        session.merge(
            IdempotencyRecord(
                tenant_id=tenant_id,
                scope=scope,
                key=key,
                request_hash=digest,
                status=response.status_code,
                response=_hidden(request, response.get_data()) if secret else response.get_data(),
            )
        )
    return response


@functools.cache
def _turns() -> threading.BoundedSemaphore:
    """At most half of the pool may hold a key's lock: the work itself needs a connection, too."""
    return threading.BoundedSemaphore(settings().database_pool_size)


def _answer_again(known: IdempotencyRecord, digest: bytes, bearer: Request | None) -> Response:
    if known.request_hash != digest:
        raise ConflictError("this Idempotency-Key was used for another request", code="idempotency_key_reused")
    body = known.response or b""
    if bearer is not None:
        body = decrypt(_secret_of(bearer), body, PURPOSE)
    response = Response(body, status=known.status, content_type="application/json")
    response.headers["Idempotent-Replayed"] = "true"
    return response


def _hidden(bearer: Request, body: bytes) -> bytes:
    return encrypt(_secret_of(bearer), body, PURPOSE)


def _secret_of(bearer: Request) -> bytes:
    """A key that only the sender's own secret gives; bearer keys are random, so it cannot be guessed."""
    return derive(bearer.headers.get("Authorization", "").encode(), PURPOSE)
