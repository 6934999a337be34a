"""Logs: one JSON object a line, and nothing secret or personal in it, whoever wrote it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from typing import Any

import pytest

from core.observability.logging import redact

KEY = "ak_server_Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4"
# What must not be readable, and texts of the kind that libraries write around it.
LEAKS = {
    KEY: f"key {KEY} was refused",
    "eyJhbGciOiJI": "header Authorization: Bearer eyJhbGciOiJI",
    "canary-password": "cannot reach postgresql://rail:canary-password@db.example:5432/adrail",
    "canary-valkey": "cannot reach rediss://:canary-valkey@cache.example",
    "EAAcanary1": "GET /v1/events?access_token=EAAcanary1&limit=1 HTTP/1.1",
    "EAAcanary2": 'sent {"access_token": "EAAcanary2", "data": []}',
    "canary-secret": "settings client_secret='canary-secret'",
    "canary.person@example.com": "user canary.person@example.com not found",
    "Canarescu": "duplicate key\nDETAIL:  Failing row contains (7, Canarescu, 0712999888).\nCONTEXT: COPY",
}


def cleaned(**event: Any) -> dict[str, Any]:
    """A log event after redaction."""
    return dict(redact(None, "info", dict(event)))


@pytest.mark.parametrize(("canary", "text"), LEAKS.items())
def test_secrets_are_cut_out_of_any_text(canary: str, text: str) -> None:
    line = cleaned(event=text, exception=f"Traceback\n{text}", error=ValueError(text), deep={"list": [{"x": (text,)}]})
    assert canary not in json.dumps(line, ensure_ascii=False)
    assert line["event"] != text


@pytest.mark.parametrize(
    "name",
    ["password", "new_password", "client_secret", "access_token", "Authorization", "cookie", "api_key", "apikey",
     "write_key", "email", "e_mail", "user_email", "phone", "first_name", "last_name", "ip", "client_ip", "ip_v6",
     "user_agent", "client_address", "credentials"],
)  # fmt: skip
def test_values_of_telling_names_are_hidden(name: str) -> None:
    line = cleaned(**{name: "canary"}, request={name: ["canary"]})
    assert "canary" not in json.dumps(line)


def test_what_says_nothing_about_anybody_stays() -> None:
    harmless = {
        "event": "request", "path": "/api/v1/orders/A-1", "status": 200, "ms": 1.5, "reason": "ConnectionError",
        "tenant_id": 7, "plugin": "adrail-server 0.1.0", "description": "shipped", "url": "https://rail.example/x?y=1",
        "missing": None, "ok": True,
    }  # fmt: skip
    assert cleaned(**harmless) == harmless


def test_bottomless_values_end_somewhere() -> None:
    endless: dict[str, Any] = {}
    endless["again"] = endless
    assert json.dumps(cleaned(event="x", value=endless)).endswith("}")


PROGRAM = """
import logging, warnings
import structlog
from core.observability.logging import configure_logging

configure_logging("INFO", "{form}")
log = structlog.get_logger("ours")
log.info("started", email="canary@example.com", number=1)
logging.getLogger("theirs").warning("cannot reach %s", "redis://:canary@cache")
logging.getLogger("theirs").debug("not shown")
logging.getLogger("urllib3").info("not shown either")
def work(buyer):
    order = {{"number": buyer[::-1]}}
    raise RuntimeError("password=canary")

try:
    work("xcan" "aryx")
except RuntimeError as exc:
    log.exception("failed")
    log.error("failed as well", exc_info=exc)
    logging.getLogger("theirs").exception("failed too")
"""


def said(form: str) -> list[str]:
    """What a process writes to standard error."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(form=form)], capture_output=True, text=True, timeout=30, check=True
    )
    assert done.stdout == ""
    return done.stderr.splitlines()


def test_our_lines_and_those_of_libraries_are_json_objects_without_secrets() -> None:
    lines = [json.loads(line) for line in said("json")]
    assert [(line["event"], line["level"], line["logger"]) for line in lines] == [
        ("started", "info", "ours"),
        ("cannot reach redis://…@cache", "warning", "theirs"),
        ("failed", "error", "ours"),
        ("failed as well", "error", "ours"),
        ("failed too", "error", "theirs"),
    ]
    assert all(line["timestamp"].endswith("Z") for line in lines)
    assert lines[0]["number"] == 1
    assert all("Traceback" in line["exception"] for line in lines[2:])
    assert not re.search("canary|xyranac", json.dumps(lines))


def test_lines_for_people_hold_no_secrets_either() -> None:
    text = "\n".join(said("console"))
    assert "started" in text
    assert text.count("Traceback") == 3
    assert not re.search("canary|xyranac", text), "not even as a variable of a frame"
