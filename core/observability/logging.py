"""Structured logs: one JSON object a line, request ids, nothing secret or personal."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any, Literal

import structlog

HIDDEN_KEYS = re.compile(
    r"password|secret|token|authorization|cookie|api_?key|email|phone|first_name|last_name|\bip\b", re.IGNORECASE
)
# Keys of ours, bearer headers and credentials inside URLs, wherever in a text they stand.
HIDDEN_TEXT = re.compile(r"ak_[a-z]+_[\w-]{10,}|(?i:bearer )\S+|(?<=://)[^/\s:@]*:[^/\s@]+(?=@)|access_token=[^&\s]+")
MASK = "…"


def redact(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Hide values of telling names, and secrets inside texts."""
    for key, value in event.items():
        if HIDDEN_KEYS.search(key):
            event[key] = MASK
        elif isinstance(value, str):
            event[key] = HIDDEN_TEXT.sub(MASK, value)
    return event


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
    renderer: Any = structlog.processors.JSONRenderer() if form == "json" else structlog.dev.ConsoleRenderer()
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
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
