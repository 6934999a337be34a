"""Health reports in plain words."""

from __future__ import annotations

import pytest

from adrail import Transport
from plugins.meta.health import MetaHealth
from tests.plugins.meta.conftest import Sandbox
from tests.plugins.meta.factories import health_request

HEALTH = MetaHealth()


def test_a_working_token_names_its_pixel(sandbox: Sandbox, transport: Transport) -> None:
    report = HEALTH.check(health_request(transport))
    assert report.ok
    assert "Sandbox pixel 2345" in report.summary
    [record] = sandbox.received()
    assert (record["method"], record["query"], record["body"]) == ("GET", {"fields": "id,name"}, None)


@pytest.mark.parametrize(
    ("kind", "code", "words"),
    [
        ("expired_token", "190/463", "new token"),
        ("permission", "200", "access to this pixel"),
        ("html_502", "not_graph", "Nothing to do"),
        ("reset", "connection", "Nothing to do"),
        ("throttle", "4", "Nothing to do"),
    ],
)
def test_trouble_comes_with_a_remedy(sandbox: Sandbox, transport: Transport, kind: str, code: str, words: str) -> None:
    sandbox.arm(kind)
    report = HEALTH.check(health_request(transport))
    assert not report.ok
    assert report.code == code
    assert words in report.remedy


def test_without_a_token_nobody_is_asked(sandbox: Sandbox, transport: Transport) -> None:
    report = HEALTH.check(health_request(transport, token=""))
    assert (report.ok, report.code) == (False, "no_token")
    assert "Generate access token" in report.remedy
    assert sandbox.received() == []


def test_a_token_the_platform_cannot_parse_is_an_auth_matter(sandbox: Sandbox, transport: Transport) -> None:
    report = HEALTH.check(health_request(transport, token="!!!!!!!!!!"))
    assert (report.ok, report.code) == (False, "190")
