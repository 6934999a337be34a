"""Health reports in plain words."""

from __future__ import annotations

import pytest

from adrail import AdrailError, AuthError, Transport
from plugins.ga4.health import Ga4Health
from tests.plugins.ga4.conftest import Sandbox
from tests.plugins.ga4.factories import STREAM, health_request

HEALTH = Ga4Health()


def test_google_answers_and_the_limits_of_that_are_told(sandbox: Sandbox, transport: Transport) -> None:
    report = HEALTH.check(health_request(transport))
    assert report.ok
    assert STREAM in report.summary
    assert "does not say whether the API secret" in report.remedy
    [record] = sandbox.received()
    assert (record["path"], record["verdict"]) == ("/ga4/api/debug/mp/collect", "validated")
    assert record["body"]["events"][0]["name"] == "adrail_check"


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("html_502", "server_error"),
        ("reset", "connection"),
        ("throttle", "throttled"),
        ("validation_message", "VALUE_INVALID"),
    ],
)
def test_trouble_is_raised_with_a_code(sandbox: Sandbox, transport: Transport, kind: str, code: str) -> None:
    sandbox.arm(kind)
    with pytest.raises(AdrailError) as caught:
        HEALTH.check(health_request(transport))
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("secret", "stream", "code"), [("", STREAM, "no_secret"), ("sandboxSecret_01-abcde", "UA-1-1", "no_stream")]
)
def test_what_cannot_be_right_is_not_asked(
    sandbox: Sandbox, transport: Transport, secret: str, stream: str, code: str
) -> None:
    with pytest.raises(AuthError) as caught:
        HEALTH.check(health_request(transport, secret=secret, stream=stream))
    assert caught.value.code == code
    assert sandbox.received() == []
