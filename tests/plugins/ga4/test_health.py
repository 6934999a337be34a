"""Health reports in plain words."""

from __future__ import annotations

import pytest

from adrail import Transport
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
    ("kind", "code", "words"),
    [
        ("html_502", "server_error", "Nothing to do"),
        ("reset", "connection", "Nothing to do"),
        ("throttle", "throttled", "Nothing to do"),
        ("validation_message", "VALUE_INVALID", "replay"),
    ],
)
def test_trouble_comes_with_a_remedy(sandbox: Sandbox, transport: Transport, kind: str, code: str, words: str) -> None:
    sandbox.arm(kind)
    report = HEALTH.check(health_request(transport))
    assert (report.ok, report.code) == (False, code)
    assert words in report.remedy


@pytest.mark.parametrize(
    ("secret", "stream", "code", "words"),
    [("", STREAM, "no_secret", "Create"), ("sandboxSecret_01-abcde", "UA-1-1", "no_stream", "measurement ID")],
)
def test_what_cannot_be_right_is_not_asked(
    sandbox: Sandbox, transport: Transport, secret: str, stream: str, code: str, words: str
) -> None:
    report = HEALTH.check(health_request(transport, secret=secret, stream=stream))
    assert (report.ok, report.code) == (False, code)
    assert words in report.remedy
    assert sandbox.received() == []
