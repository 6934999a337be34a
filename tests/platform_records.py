"""What the sandbox recorded, read over its own HTTP interface, as flat lists."""

from __future__ import annotations

import json
from typing import Any

import requests


def received(sandbox_url: str, platform: str = "") -> list[dict[str, Any]]:
    """Every recorded request, oldest first."""
    answer = requests.get(f"{sandbox_url}/_sandbox/requests", params={"platform": platform}, timeout=30)
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def conversions(sandbox_url: str, platform: str = "meta") -> list[dict[str, Any]]:
    """Every server-side conversion that was accepted, with its pixel, oldest first."""
    return [
        {**_event(event), "pixel": record["path"].split("/")[-2]}
        for record in received(sandbox_url, platform)
        if record["method"] == "POST" and record["verdict"].startswith("accepted")
        for event in record["body"]["data"]
    ]


def browser_hits(sandbox_url: str, platform: str = "meta") -> list[dict[str, Any]]:
    """Every hit that the stand-in browser pixel reported, as its query."""
    return [item["query"] for item in received(sandbox_url, platform) if item["path"].endswith("/tr")]


def reset(sandbox_url: str) -> None:
    """Forget requests, faults and state."""
    requests.post(f"{sandbox_url}/_sandbox/reset", timeout=30)


def _event(event: Any) -> dict[str, Any]:
    decoded: dict[str, Any] = json.loads(event) if isinstance(event, str) else event
    return decoded
