"""Structured logs: one JSON object a line, request ids, nothing secret or personal."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any, Literal

import structlog

HIDDEN_KEYS = re.compile(
    r"password|secret|token|authorization|cookie|credential|api_?key|write_key|server_key|master_key"
    r"|e_?mail|phone|first_name|last_name|display_name|user_agent|(^|_)ip($|_)|client_address|remote_addr",
    re.IGNORECASE,
)
# What must not be read wherever in a text it stands: our keys, bearer headers, credentials inside URLs, tokens in
# queries or JSON, e-mail addresses, and the rows that PostgreSQL quotes in the detail of an error.
HIDDEN_TEXT = re.compile(
    r"ak_[a-z]+_[\w-]{10,}"
    r"|(?i:bearer )\S+"
    r"|(?<=://)[^/\s:@]*:[^/\s@]+(?=@)"
    r"|(?i:[\w-]*(?:token|secret|password)[\"']?\s*[=:]\s*[\"']?)[^&\s\"',}]+"
    r"|[\w.+-]+@[\w-]+\.[\w.-]+"
    r"|(?<=DETAIL:)[^\n]+"
)
MASK = "…"
DEEPEST = 8


def redact(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Hide values of telling names, and secrets inside texts, however deep they lie."""
    for key, value in event.items():
        event[key] = _clean(str(key), value, 0)
    return event


def _clean(key: str, value: Any, depth: int) -> Any:
    if HIDDEN_KEYS.search(key) or depth > DEEPEST:
        return MASK
    if isinstance(value, Mapping):
        return {name: _clean(str(name), item, depth + 1) for name, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_clean("", item, depth + 1) for item in value]
    if isinstance(value, str):
        return HIDDEN_TEXT.sub(MASK, value)
    if isinstance(value, BaseException):
        return HIDDEN_TEXT.sub(MASK, f"{type(value).__name__}: {value}")
    return value


def configure_logging(level: str = "INFO", form: Literal["json", "console"] = "json") -> None:
    """Send structlog and standard logging through the same processors to standard error."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        redact,
    ]
    renderer: Any = structlog.processors.JSONRenderer()
    if form == "console":
        # Its default formatter would show the variables of every frame, and with them whose order it was.
        renderer = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for chatty in ("rq", "rq.worker", "rq.scheduler", "urllib3", "alembic.runtime.migration"):
        logging.getLogger(chatty).setLevel(max(logging.WARNING, logging.getLevelName(level)))
