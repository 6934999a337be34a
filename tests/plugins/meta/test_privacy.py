"""Personal data and tokens never reach messages, logs or tracebacks, whatever goes wrong."""

from __future__ import annotations

import logging
import traceback
from typing import Any

import pytest

from adrail import AdrailError, RawIdentifier, UserData
from plugins.meta.conversions import build_event
from plugins.meta.sender import MetaConversions
from tests.plugins.meta.conftest import Sandbox
from tests.plugins.meta.factories import conversion, send_request

TOKEN = "EAAcanarytoken0123456789abcdef"
CANARIES = {
    "email": "canary.mail@example.ro",
    "phone": "+40722987654",
    "first_name": "Canaryfirst",
    "last_name": "Canarylast",
    "external_id": "canary-customer-77",
    "client_ip": "203.0.113.77",
    "user_agent": "CanaryBrowser/9.9",
}
CANARY_USER: dict[str, Any] = {name: RawIdentifier(value) for name, value in CANARIES.items()}
ITEM = conversion(
    user=UserData(**CANARY_USER, click_ids={"fbclid": "CanaryClick"}),
    source_url="https://tickets.example/canary-path",
)

FAULTS: list[tuple[str, dict[str, object]]] = [
    ("http_500", {}),
    ("html_502", {}),
    ("reset", {}),
    ("timeout_after", {"seconds": 20}),
    ("throttle", {}),
    ("expired_token", {}),
    ("permission", {}),
    ("transient", {}),
    ("invalid_event", {"index": 0}),
    ("invalid_event", {"blame": False}),
    ("invalid_event", {"index": 5}),
]


def secrets() -> list[str]:
    """Return everything that must not show: clear values, their hashes, the token, what the page's address tells."""
    hashes = [
        value for values in build_event(ITEM)["user_data"].values() if isinstance(values, list) for value in values
    ]
    return [*CANARIES.values(), *hashes, TOKEN, "CanaryClick", "canary-path"]


@pytest.mark.parametrize(("kind", "params"), FAULTS)
@pytest.mark.parametrize("count", [1, 2])
def test_nothing_personal_in_errors_outcomes_and_logs(
    sandbox: Sandbox, caplog: pytest.LogCaptureFixture, kind: str, params: dict[str, object], count: int
) -> None:
    caplog.set_level(logging.DEBUG)
    sandbox.arm(kind, params=params)
    request = send_request(sandbox.transport(read_timeout=0.3), [ITEM] * count, token=TOKEN)
    raised: list[AdrailError] = []
    shown = [repr(request)]
    try:
        shown.append(repr(MetaConversions().send(request)))
    except AdrailError as error:
        raised.append(error)
    for failure in raised:
        shown += [*traceback.format_exception(failure, chain=True), repr(failure), str(vars(failure))]
    assert [failure.__context__ for failure in raised] == [None] * len(raised)
    text = "".join([*shown, caplog.text])
    assert [secret for secret in secrets() if secret in text] == []


def test_the_record_of_the_sandbox_masks_the_token(sandbox: Sandbox) -> None:
    MetaConversions().send(send_request(sandbox.transport(), [ITEM], token=TOKEN))
    sandbox.get("/api/v26.0/123456789012345", params={"access_token": TOKEN})
    sandbox.post("/v26.0/123456789012345/events", data={"access_token": TOKEN, "data": "[]"})
    text = str(sandbox.received())
    assert TOKEN not in text
    assert text.count("…cdef") == 3
