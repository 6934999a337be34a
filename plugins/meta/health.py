"""The health capability: may this token see this pixel? Asks for its name and sends nothing about people."""

from __future__ import annotations

from adrail import AdrailError, HealthReport, HealthRequest
from plugins.meta import client
from plugins.meta.errors import EXPLAIN


class MetaHealth:
    """Reads the pixel with the connection's token."""

    def check(self, request: HealthRequest) -> HealthReport:
        """Return whether Meta answers for this pixel, and if not, why and what to do."""
        token = request.credentials.get("access_token", "")
        try:
            pixel = client.read_pixel(request.transport, token, request.destination_id)
        except AdrailError as error:
            happened, remedy = EXPLAIN.get(error.code, (str(error), ""))
            return HealthReport(ok=False, summary=happened, remedy=remedy, code=error.code)
        name = str(pixel.get("name") or request.destination_id)
        return HealthReport(ok=True, summary=f"Meta answers for the pixel «{name}».")
