"""Saves what can be saved of an entry that cannot be stored as a whole."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import orjson

from core.events.api import Entry
from core.security.crypto import keyring
from tracking.ingest.failures import Trouble, classify, describe
from tracking.ingest.service import Result, ingest

NOT_STORABLE = "not_storable"


def rescue(entry: Entry) -> tuple[Result, int]:
    """Store an entry's events one by one; returns the result and how many became rejects.

    Raises what is no fault of the events, and what forbids even the rejects.
    """
    result, refused = Result(), []
    for event in entry.events:
        try:
            result.add(ingest([replace(entry, events=[event], rejects=[])]))
        except Exception as exc:
            if classify(exc) is not Trouble.POISON:
                raise
            refused.append(_reject(event, exc))
    result.add(ingest([replace(entry, events=[], rejects=[*entry.rejects, *refused])]))
    return result, len(refused)


def _reject(event: dict[str, Any], exc: Exception) -> dict[str, Any]:
    problem = {"pointer": "", "rule": "storage", "message": f"accepted, but it cannot be stored: {describe(exc)}"}
    sealed = keyring().seal(orjson.dumps(event), "reject").hex()
    return {"event_name": event["event_name"], "code": NOT_STORABLE, "problems": [problem], "sealed": sealed}
