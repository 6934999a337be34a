"""The health capability: does Google's validation server take an event of ours? Sends nothing about people."""

from __future__ import annotations

from adrail import HealthReport, HealthRequest, phrase
from plugins.ga4.client import open_stream
from plugins.ga4.encoding import to_json

PROBE = to_json(
    {
        "client_id": "1.1",
        "validation_behavior": "ENFORCE_RECOMMENDATIONS",
        "events": [{"name": "adrail_check", "params": {"session_id": "1", "engagement_time_msec": 1}}],
    }
)
LOOK = phrase(
    "Google does not say whether the API secret belongs to this stream. After the next purchase look at Reports → "
    "Realtime in Google Analytics; when it is missing there, create a new secret and enter it here."
)


class Ga4Health:
    """Lets Google validate an event that is never counted."""

    def check(self, request: HealthRequest) -> HealthReport:
        """Return that Google would take our events; raises `adrail.errors` with an explained code when it would not."""
        with open_stream(
            request.transport, request.destination_id, request.credentials.get("api_secret", "")
        ) as stream:
            problems = stream.validate(PROBE)
        if problems:
            raise problems[0]
        return HealthReport(
            ok=True, summary=phrase("Google answers for %(id)s.", id=request.destination_id), remedy=LOOK
        )
