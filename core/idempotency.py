"""Idempotency-Key: the same key and request get the same answer, work is done once."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from flask import Request, Response
from sqlalchemy import ColumnElement, delete, text, update
from sqlalchemy.orm import Session

from core.db.idempotency_models import IdempotencyRecord
from core.db.session import tenant_session
from core.errors import ConflictError, FieldProblem, InvalidInputError

MAX_KEY = 255

# A record without answer that is older than a minute was left by a crash; its key may be used again.
CLAIM = text("""
INSERT INTO idempotency_records AS r (tenant_id, scope, key, request_hash)
VALUES (:tenant, :scope, :key, :hash)
ON CONFLICT (tenant_id, scope, key) DO UPDATE SET request_hash = excluded.request_hash, created_at = now()
WHERE r.status IS NULL AND r.created_at < now() - interval '1 minute'
RETURNING 1
""")


def idempotent(tenant_id: int, scope: str, request: Request, work: Callable[[], Response]) -> Response:
    """Run ``work`` once per `Idempotency-Key`; without the header just run it.

    Only an answer that ``work`` returns is kept: after an error the key may be used again. Raises `ConflictError`
    while the first request still runs, or when the key was used for another request.
    """
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return work()
    if not (1 <= len(key) <= MAX_KEY and key.isascii() and key.isprintable()):
        problem = FieldProblem("/Idempotency-Key", "length", f"use 1 to {MAX_KEY} printable ASCII characters")
        raise InvalidInputError("the Idempotency-Key header is not usable", errors=[problem])
    digest = hashlib.sha256(request.method.encode() + b"\0" + request.get_data()).digest()
    with tenant_session(tenant_id) as session:
        values = {"tenant": tenant_id, "scope": scope, "key": key, "hash": digest}
        claimed = session.execute(CLAIM, values).scalar()
        known = None if claimed else session.get(IdempotencyRecord, (tenant_id, scope, key))
    if not claimed:
        return _answer_again(known, digest)
    try:
        response = work()
    except BaseException:
        with tenant_session(tenant_id) as session:
            session.execute(delete(IdempotencyRecord).where(*_mine(tenant_id, scope, key, digest)))
        raise
    with tenant_session(tenant_id) as session:
        _keep(session, (tenant_id, scope, key, digest), response)
    return response


def _keep(session: Session, mine: tuple[int, str, str, bytes], response: Response) -> None:
    statement = update(IdempotencyRecord).where(*_mine(*mine))
    session.execute(statement.values(status=response.status_code, response=response.get_data()))


def _mine(tenant_id: int, scope: str, key: str, digest: bytes) -> tuple[ColumnElement[bool], ...]:
    # Slower than a minute means that another request may have taken the key over; its record is not ours to touch.
    return (
        IdempotencyRecord.tenant_id == tenant_id,
        IdempotencyRecord.scope == scope,
        IdempotencyRecord.key == key,
        IdempotencyRecord.request_hash == digest,
        IdempotencyRecord.status.is_(None),
    )


def _answer_again(known: IdempotencyRecord | None, digest: bytes) -> Response:
    if known is not None and known.request_hash != digest:
        raise ConflictError("this Idempotency-Key was used for another request", code="idempotency_key_reused")
    if known is None or known.status is None:
        raise ConflictError("the first request with this Idempotency-Key still runs", code="request_in_progress")
    response = Response(known.response, status=known.status, content_type="application/json")
    response.headers["Idempotent-Replayed"] = "true"
    return response
