"""Reads a request body: size bounds before and after decompression, then JSON."""

from __future__ import annotations

import zlib
from typing import Any

import orjson
import zstandard
from werkzeug.wsgi import get_content_length, get_input_stream

from core.asking import Environ
from core.json_input import BodyError

MAX_BYTES = 1024 * 1024
# Browsers and libraries compress bodies of this size with smaller windows.
MAX_WINDOW_BYTES = 8 * MAX_BYTES


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


class DamagedError(BodyError):
    """A compressed body that cannot be opened, ends too early or goes on after its end."""

    code = "invalid_encoding"


def read_json(environ: Environ) -> tuple[Any, bytes]:
    """Return the decoded JSON body and its bytes; raises kinds of `BodyError`. Depth and characters are not checked."""
    raw = read_body(environ)
    try:
        return orjson.loads(raw), raw
    except orjson.JSONDecodeError as exc:
        raise BodyError(f"not valid JSON: {exc}") from None


def read_body(environ: Environ) -> bytes:
    """Return the body in clear, at most 1 MiB; raises kinds of `BodyError`."""
    raw = _bounded(environ)
    encoding = environ.get("HTTP_CONTENT_ENCODING")
    return _decompress(raw, encoding.strip().lower()) if encoding else raw


def _bounded(environ: Environ) -> bytes:
    length = get_content_length(environ)
    if length is not None and length > MAX_BYTES:
        raise BodyTooLargeError("send at most 1 MiB; split the batch")
    stream = environ["wsgi.input"] if length is not None else get_input_stream(environ)
    wanted = MAX_BYTES + 1 if length is None else length
    raw: bytes = stream.read(wanted)
    while 0 < len(raw) < wanted and (more := stream.read(wanted - len(raw))):
        raw += more
    if len(raw) > MAX_BYTES:
        raise BodyTooLargeError("send at most 1 MiB; split the batch")
    return raw


def _decompress(raw: bytes, encoding: str) -> bytes:
    try:
        match encoding:
            case "" | "identity":
                return raw
            case "gzip":
                plain, problem = _gunzip(raw)
            case "zstd":
                plain, problem = _unzstd(raw)
            case _:
                raise EncodingError(f"Content-Encoding {encoding!r} is not supported; use gzip, zstd or none")
    except (zlib.error, zstandard.ZstdError) as exc:
        raise DamagedError(f"the {encoding} body is damaged: {exc}") from None
    if len(plain) > MAX_BYTES:
        raise BodyTooLargeError("the body exceeds 1 MiB after decompression; split the batch")
    if problem:
        raise DamagedError(f"the {encoding} body {problem}")
    return plain


def _gunzip(raw: bytes) -> tuple[bytes, str | None]:
    """Decompress at most one byte more than allowed; the second value says what is wrong with the end."""
    inflater = zlib.decompressobj(wbits=31)
    return inflater.decompress(raw, MAX_BYTES + 1), _end(inflater.eof, inflater.unused_data)


def _unzstd(raw: bytes) -> tuple[bytes, str | None]:
    plain = zstandard.ZstdDecompressor(max_window_size=MAX_WINDOW_BYTES).stream_reader(raw).read(MAX_BYTES + 1)
    if len(plain) > MAX_BYTES:
        return plain, None
    # The reader is bounded but does not tell a frame that was cut; this one does, and its size is known by now.
    whole = zstandard.ZstdDecompressor(max_window_size=MAX_WINDOW_BYTES).decompressobj()
    plain = whole.decompress(raw)
    return plain, _end(whole.eof, whole.unused_data)


def _end(complete: bool, rest: bytes) -> str | None:
    if not complete:
        return "ends too early"
    return "goes on after its end" if rest else None
