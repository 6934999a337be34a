"""The client's promises beyond outcomes: nothing logged, nothing followed, nothing believed without reason."""

from __future__ import annotations

import logging
import ssl
import subprocess
import sys
from collections.abc import Iterator
from http.client import HTTPSConnection

import pytest

from adrail import AdrailError, RetryableError, Transport
from adrail.sandbox import PlatformSandbox, SandboxRequest, SandboxResponse, SandboxServer
from plugins.ga4.client import Stream, open_stream
from tests.plugins.ga4.conftest import Sandbox
from tests.plugins.ga4.factories import SECRET, STREAM

JSON = {"Content-Type": "application/json"}


class Parrot(PlatformSandbox):
    """Answers everything with what it was told last."""

    slug = "parrot"

    def __init__(self) -> None:
        self.answer = SandboxResponse(204)

    def handle(self, request: SandboxRequest) -> SandboxResponse:  # noqa: ARG002
        """Answer."""
        return self.answer


@pytest.fixture(scope="module")
def parrot() -> Iterator[tuple[Parrot, Transport, SandboxServer]]:
    bird = Parrot()
    with SandboxServer([bird]) as server:
        yield bird, Transport({"api": f"{server.url}/parrot/api"}, 2.0, 2.0), server


@pytest.mark.parametrize("answer", [SandboxResponse(204), SandboxResponse(200), SandboxResponse(202, b"")])
def test_an_empty_success_is_googles(parrot: tuple[Parrot, Transport, SandboxServer], answer: SandboxResponse) -> None:
    bird, transport, server = parrot
    server.host.reset()
    bird.answer = answer
    with open_stream(transport, STREAM, SECRET) as stream:
        stream.collect("{}")
    assert len(server.host.log.select()) == 1


@pytest.mark.parametrize(
    "answer",
    [
        SandboxResponse(200, "<html>sign in to our wireless network</html>", {"Content-Type": "text/html"}),
        SandboxResponse(200, "ok"),
        SandboxResponse(200, b"x" * 300_000),
        SandboxResponse(302, b"", {"Location": "/elsewhere"}),
        SandboxResponse(404, b""),
        SandboxResponse(500, b""),
    ],
)
def test_anything_else_is_not(parrot: tuple[Parrot, Transport, SandboxServer], answer: SandboxResponse) -> None:
    bird, transport, server = parrot
    server.host.reset()
    bird.answer = answer
    with pytest.raises(RetryableError), open_stream(transport, STREAM, SECRET) as stream:
        stream.collect("{}")
    assert len(server.host.log.select()) == 1


@pytest.mark.parametrize(
    "answer",
    [
        SandboxResponse(200, "<html></html>", {"Content-Type": "text/html"}),
        SandboxResponse(200, "[]", JSON),
        SandboxResponse(200, "{}", JSON),
        SandboxResponse(200, '{"validationMessages": 5}', JSON),
        SandboxResponse(204),
        SandboxResponse(500, '{"validationMessages": []}', JSON),
    ],
)
def test_validation_needs_a_list_of_messages(
    parrot: tuple[Parrot, Transport, SandboxServer], answer: SandboxResponse
) -> None:
    bird, transport, _ = parrot
    bird.answer = answer
    with pytest.raises(RetryableError), open_stream(transport, STREAM, SECRET) as stream:
        stream.validate("{}")


def test_one_call_uses_one_connection(parrot: tuple[Parrot, Transport, SandboxServer]) -> None:
    bird, transport, _ = parrot
    bird.answer = SandboxResponse(204)
    with open_stream(transport, STREAM, SECRET) as stream:
        stream.collect("{}")
        first = stream._connection.sock
        stream.collect("{}")
        assert first is not None
        assert stream._connection.sock is first


def test_the_environment_does_not_reroute_calls(
    parrot: tuple[Parrot, Transport, SandboxServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    bird, transport, server = parrot
    server.host.reset()
    bird.answer = SandboxResponse(204)
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with open_stream(transport, STREAM, SECRET) as stream:
        stream.collect("{}")
    assert len(server.host.log.select()) == 1


def test_nothing_is_logged(sandbox: Sandbox, transport: Transport, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with open_stream(transport, STREAM, SECRET) as stream:
        stream.collect("{}")
    assert SECRET not in caplog.text
    assert len(sandbox.received()) == 1


@pytest.mark.parametrize(("secret", "stream", "code"), [
    ("", STREAM, "no_secret"), ("short", STREAM, "no_secret"), ("a b\r\nX: 1 abcdef", STREAM, "no_secret"),
    (SECRET, "", "no_stream"), (SECRET, "UA-1234-5", "no_stream"), (SECRET, "G-ABCD&x=1", "no_stream"),
])  # fmt: skip
def test_what_cannot_be_right_is_not_tried(
    sandbox: Sandbox, transport: Transport, secret: str, stream: str, code: str
) -> None:
    with pytest.raises(AdrailError) as caught, open_stream(transport, stream, secret) as opened:
        opened.collect("{}")
    assert caught.value.code == code
    assert sandbox.received() == []


def test_google_itself_is_spoken_to_over_verified_tls() -> None:
    stream = Stream(Transport({"api": "https://www.google-analytics.com"}), STREAM, SECRET)
    assert isinstance(stream._connection, HTTPSConnection)
    context = stream._connection._context  # type: ignore[attr-defined]
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert (stream._connection.host, stream._connection.port) == ("www.google-analytics.com", 443)


def test_a_server_that_speaks_no_tls_is_a_failed_connection(
    parrot: tuple[Parrot, Transport, SandboxServer],
) -> None:
    _, _, server = parrot
    transport = Transport({"api": server.url.replace("http:", "https:")}, 2.0, 2.0)
    with pytest.raises(RetryableError) as caught, open_stream(transport, STREAM, SECRET) as stream:
        stream.collect("{}")
    assert caught.value.code in ("connection", "timeout")


def test_a_closed_port_is_a_failed_connection() -> None:
    transport = Transport({"api": "http://127.0.0.1:9"}, 1.0, 1.0)
    with pytest.raises(RetryableError) as caught, open_stream(transport, STREAM, SECRET) as stream:
        stream.collect("{}")
    assert caught.value.code == "connection"
    assert caught.value.__context__ is None


def test_the_plugin_is_light_to_load() -> None:
    code = (
        "import sys, plugins.ga4; print([n for n in ('requests', 'urllib3', 'facebook_business') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
