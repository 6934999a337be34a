"""Reads a request body: size bounds before and after decompression, then JSON."""

from __future__ import annotations

import zlib
from typing import Any

import orjson
import zstandard
from flask import Request

from core.errors import DomainError

MAX_BYTES = 1024 * 1024


class BodyError(DomainError):
    """The body cannot be read; nothing of it was taken."""

    code = "invalid_body"
    title = "The body cannot be read"


class BodyTooLargeError(BodyError):
    """More than 1 MiB, as sent or after decompression."""

    status = 413
    code = "body_too_large"
    title = "The body is too large"


class EncodingError(BodyError):
    """A Content-Encoding that is not understood."""

    status = 415
    code = "unsupported_encoding"
    title = "The body's encoding is not supported"


def read_json(request: Request) -> Any:
    """Return the decoded JSON body; raises `BodyError` and its kinds."""
    raw = _decompress(_bounded(request), request.headers.get("Content-Encoding", "").strip().lower())
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError as exc:
        raise BodyError(f"not valid JSON: {exc}", code="invalid_json") from None


def _bounded(request: Request) -> bytes:
    if (request.content_length or 0) > MAX_BYTES:
        raise BodyTooLargeError("send at most 1 MiB; split the batch")
    raw = request.stream.read(MAX_BYTES + 1)
    if len(raw) > MAX_BYTES:
        raise BodyTooLargeError("send at most 1 MiB; split the batch")
    return raw


def _decompress(raw: bytes, encoding: str) -> bytes:
    if encoding in {"", "identity"}:
        return raw
    try:
        if encoding == "gzip":
            inflater = zlib.decompressobj(wbits=31)
            plain = inflater.decompress(raw, MAX_BYTES + 1)
            complete = inflater.eof or len(plain) > MAX_BYTES
        elif encoding == "zstd":
            reader = zstandard.ZstdDecompressor(max_window_size=8 * MAX_BYTES).stream_reader(raw)
            plain, complete = reader.read(MAX_BYTES + 1), True
        else:
            raise EncodingError(f"Content-Encoding {encoding!r} is not supported; use gzip, zstd or none")
    except (zlib.error, zstandard.ZstdError) as exc:
        raise BodyError(f"the {encoding} body is damaged: {exc}", code="invalid_encoding") from None
    if len(plain) > MAX_BYTES:
        raise BodyTooLargeError("the body exceeds 1 MiB after decompression; split the batch")
    if not complete:
        raise BodyError("the gzip body ends too early", code="invalid_encoding")
    return plain
