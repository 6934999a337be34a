"""The webhook endpoint of payment providers."""

from __future__ import annotations

import marshmallow as ma
from flask import Response, request
from flask.views import MethodView
from flask_smorest import Blueprint

from core.json_input import MediaTypeError
from core.payments.api import receive
from core.web import json_response

MAX_BODY = 1024 * 1024

blp = Blueprint("payment_webhooks", __name__, url_prefix="/api/webhooks", description="Webhooks of payment providers")


class WebhookAnswer(ma.Schema):
    """What became of a message."""

    outcome = ma.fields.String(required=True, validate=ma.validate.OneOf(("matched", "waiting", "repeated", "unused")))


@blp.route("/<payment_provider>/<marketplace>")
class Webhooks(MethodView):
    """Webhooks of one provider about one marketplace."""

    @blp.doc(
        security=[],
        requestBody={"content": {"application/json": {"schema": {"type": "object"}}}, "required": True},
    )
    @blp.response(200, WebhookAnswer)
    def post(self, payment_provider: str, marketplace: str) -> Response:
        """Take a signed message; the signature is checked on the body as it came. Repeats change nothing."""
        request.max_content_length = MAX_BODY
        if request.content_encoding not in {None, "identity"}:
            raise MediaTypeError("send the body as it was signed, without Content-Encoding")
        headers = {name.lower(): value for name, value in request.headers.items()}
        return json_response(
            {"outcome": receive(payment_provider, marketplace, request.get_data(cache=False), headers)}
        )
