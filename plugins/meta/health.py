"""The health capability: may this token see this pixel? Asks for its name and sends nothing about people."""

from __future__ import annotations

from adrail import HealthReport, HealthRequest, phrase
from plugins.meta import client


class MetaHealth:
    """Reads the pixel with the connection's token."""

    def check(self, request: HealthRequest) -> HealthReport:
        """Return that Meta answers for this pixel; raises `adrail.errors` with an explained code when it does not."""
        token = request.credentials.get("access_token", "")
        pixel = client.read_pixel(request.transport, token, request.destination_id)
        name = str(pixel.get("name") or request.destination_id)
        return HealthReport(ok=True, summary=phrase("Meta answers for the pixel «%(name)s».", name=name))
