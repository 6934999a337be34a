"""The client's promises beyond outcomes: no globals, no trust in the environment, no trust in odd answers."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from adrail import HealthRequest, RetryableError, Transport
from adrail.sandbox import PlatformSandbox, SandboxRequest, SandboxResponse, SandboxServer
from plugins.meta import client
from tests.plugins.meta.conftest import Sandbox
from tests.plugins.meta.factories import PIXEL, TOKEN

EVENTS = ['{"event_name":"Purchase"}']


class Parrot(PlatformSandbox):
    """Answers everything with what it was told last."""

    slug = "parrot"

    def __init__(self) -> None:
        self.answer = SandboxResponse(200, {})

    def handle(self, request: SandboxRequest) -> SandboxResponse:  # noqa: ARG002
        """Answer."""
        return self.answer


@pytest.fixture(scope="module")
def parrot() -> Iterator[tuple[Parrot, Transport, SandboxServer]]:
    bird = Parrot()
    with SandboxServer([bird]) as server:
        yield bird, Transport({"api": f"{server.url}/parrot/api"}, 2.0, 2.0), server


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (SandboxResponse(200, "<html>all is well</html>", {"Content-Type": "text/html"}), "not_graph"),
        (SandboxResponse(200, b""), "not_graph"),
        (SandboxResponse(200, "[]", {"Content-Type": "application/json"}), "not_graph"),
        (SandboxResponse(200, {"foo": 1}), "incomplete"),
        (SandboxResponse(200, {"success": True}), "incomplete"),
        (SandboxResponse(200, {"events_received": 0}), "incomplete"),
        (SandboxResponse(200, {"events_received": 2}), "incomplete"),
        (SandboxResponse(200, {"events_received": "1"}), "incomplete"),
        (SandboxResponse(200, {"success": False}), "not_graph"),
        (SandboxResponse(500, {"events_received": 1}), "not_graph"),
        (SandboxResponse(400, {"error": {"code": 2, "error_data": "{not json"}}), "2"),
    ],
)
def test_only_confirmed_events_count_as_sent(
    parrot: tuple[Parrot, Transport, SandboxServer], answer: SandboxResponse, code: str
) -> None:
    bird, transport, _ = parrot
    bird.answer = answer
    with pytest.raises(RetryableError) as caught:
        client.post_events(transport, TOKEN, PIXEL, EVENTS, None)
    assert caught.value.code == code


def test_a_redirect_is_not_followed(parrot: tuple[Parrot, Transport, SandboxServer]) -> None:
    bird, transport, server = parrot
    server.host.reset()
    bird.answer = SandboxResponse(302, b"", {"Location": f"{server.url}/parrot/elsewhere"})
    with pytest.raises(RetryableError):
        client.post_events(transport, TOKEN, PIXEL, EVENTS, None)
    assert len(server.host.log.select()) == 1


def test_the_environment_does_not_reroute_calls(
    parrot: tuple[Parrot, Transport, SandboxServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    bird, transport, _ = parrot
    bird.answer = SandboxResponse(200, {"events_received": 1, "fbtrace_id": "A1"})
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert client.post_events(transport, TOKEN, PIXEL, EVENTS, None) == "A1"


def test_no_process_wide_state_is_left_behind(sandbox: Sandbox, transport: Transport) -> None:
    from facebook_business.api import FacebookAdsApi
    from facebook_business.session import FacebookSession

    hook = sys.excepthook
    assert client.read_pixel(transport, TOKEN, PIXEL)["id"] == PIXEL
    assert FacebookAdsApi.get_default_api() is None
    assert FacebookSession.GRAPH == "https://graph.facebook.com"
    assert sys.excepthook is hook


def test_two_connections_at_once_keep_their_tokens_apart(sandbox: Sandbox, transport: Transport) -> None:
    from concurrent.futures import ThreadPoolExecutor

    tokens = [f"EAAsandboxtoken{number:04}" for number in range(8)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda token: client.read_pixel(transport, token, PIXEL), tokens))
    seen = sorted(item["headers"]["authorization"] for item in sandbox.received())
    assert seen == [f"Bearer …{token[-4:]}" for token in tokens]


def test_the_vendor_sdk_is_loaded_only_by_those_who_send() -> None:
    code = (
        "import sys, plugins.meta; print(any(n.split('.')[0] in ('facebook_business','requests') for n in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_health_requests_need_no_event() -> None:
    """The request type carries no conversion, so a health check cannot send one."""
    fields: dict[str, Any] = dict.fromkeys(HealthRequest.__dataclass_fields__)
    assert set(fields) == {"connection", "credentials", "destination_id", "transport"}
