"""Idempotency-Key: the same key and request get the same answer, work is done once."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from flask import Request, Response
from sqlalchemy import delete, text
from sqlalchemy.orm import Session

from core.catalog.models import IdempotencyRecord
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

    Raises `ConflictError` while the first request still runs, or when the key was used for another request.
    """
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return work()
    if not 1 <= len(key) <= MAX_KEY:
        problem = FieldProblem("/Idempotency-Key", "length", "use 1 to 255 characters")
        raise InvalidInputError("the Idempotency-Key header is not usable", errors=[problem])
    digest = hashlib.sha256(request.method.encode() + b"\0" + request.get_data()).digest()
    with tenant_session(tenant_id) as session:
        values = {"tenant": tenant_id, "scope": scope, "key": key, "hash": digest}
        claimed = session.execute(CLAIM, values).scalar()
        known = None if claimed else session.get(IdempotencyRecord, (tenant_id, scope, key))
    if known is not None:
        return _answer_again(known, digest)
    try:
        response = work()
    except BaseException:
        with tenant_session(tenant_id) as session:
            _forget(session, tenant_id, scope, key)
        raise
    with tenant_session(tenant_id) as session:
        record = session.get_one(IdempotencyRecord, (tenant_id, scope, key))
        record.status, record.response = response.status_code, response.get_data()
    return response


def _answer_again(known: IdempotencyRecord, digest: bytes) -> Response:
    if known.request_hash != digest:
        raise ConflictError("this Idempotency-Key was used for another request", code="idempotency_key_reused")
    if known.status is None:
        raise ConflictError("the first request with this Idempotency-Key still runs", code="request_in_progress")
    response = Response(known.response, status=known.status, content_type="application/json")
    response.headers["Idempotent-Replayed"] = "true"
    return response


def _forget(session: Session, tenant_id: int, scope: str, key: str) -> None:
    session.execute(
        delete(IdempotencyRecord).where(
            IdempotencyRecord.tenant_id == tenant_id, IdempotencyRecord.scope == scope, IdempotencyRecord.key == key
        )
    )
