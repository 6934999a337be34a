"""What is said of a connection, in plain words."""

from __future__ import annotations

import pytest

from adrail import AdrailError, AuthError, RetryableError, ThrottledError, Transport
from plugins.meta.errors import EXPLAIN
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
    ("kind", "expected", "code", "words"),
    [
        ("expired_token", AuthError, "190/463", "new token"),
        ("permission", AuthError, "200", "access to this pixel"),
        ("html_502", RetryableError, "not_graph", "Nothing to do"),
        ("reset", RetryableError, "connection", "Nothing to do"),
        ("throttle", ThrottledError, "4", "Nothing to do"),
    ],
)
def test_trouble_comes_with_a_remedy(
    sandbox: Sandbox, transport: Transport, kind: str, expected: type[AdrailError], code: str, words: str
) -> None:
    sandbox.arm(kind)
    with pytest.raises(expected) as caught:
        HEALTH.check(health_request(transport))
    assert caught.value.code == code
    assert words in EXPLAIN[code][1]


def test_without_a_token_nobody_is_asked(sandbox: Sandbox, transport: Transport) -> None:
    with pytest.raises(AuthError) as caught:
        HEALTH.check(health_request(transport, token=""))
    assert caught.value.code == "no_token"
    assert "Generate access token" in EXPLAIN["no_token"][1]
    assert sandbox.received() == []


def test_a_token_the_platform_cannot_parse_is_an_auth_matter(sandbox: Sandbox, transport: Transport) -> None:
    with pytest.raises(AuthError) as caught:
        HEALTH.check(health_request(transport, token="!!!!!!!!!!"))
    assert caught.value.code == "190"
