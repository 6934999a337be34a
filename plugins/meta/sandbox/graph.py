"""Answers in the shape of the Graph API: errors, usage headers, trace ids."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from adrail.sandbox import SandboxResponse


@dataclass(eq=False)
class GraphError(Exception):
    """One error object of the Graph API; ``field`` is a path such as ``data[3].user_data.em``."""

    code: int
    message: str
    status: int = 400
    subcode: int = 0
    title: str = ""
    user_message: str = ""
    field: str = ""
    type: str = "OAuthException"
    transient: bool = False

    def body(self) -> dict[str, Any]:
        """Return the JSON body."""
        error: dict[str, Any] = {"message": self.message, "type": self.type, "code": self.code}
        if self.field:
            error["error_data"] = {"blame_field_specs": [self.field.split(".")]}
        if self.subcode:
            error["error_subcode"] = self.subcode
        error["is_transient"] = self.transient
        if self.title:
            error |= {"error_user_title": self.title, "error_user_msg": self.user_message}
        return {"error": error | {"fbtrace_id": trace_id()}}

    def response(self, headers: Mapping[str, str] | None = None) -> SandboxResponse:
        """Return the answer, with a verdict that names what was wrong."""
        place = f"{self.field}: " if self.field else ""
        verdict = f"rejected: {place}{self.user_message or self.message}"
        return SandboxResponse(self.status, self.body(), headers or {}, verdict=verdict)


def trace_id() -> str:
    """Return a trace id that looks like Meta's."""
    return "A" + secrets.token_urlsafe(17)[:22]


def usage_headers(percent: int, minutes: int = 0, account: str = "0") -> dict[str, str]:
    """Return the usage headers of an answer; ``minutes`` until access is regained, 0 while there is access."""
    usage = {"call_count": percent, "total_cputime": percent // 2, "total_time": percent // 2}
    business = {account: [{"type": "ads_management", **usage, "estimated_time_to_regain_access": minutes}]}
    return {"X-App-Usage": json.dumps(usage), "X-Business-Use-Case-Usage": json.dumps(business)}
