"""The host over HTTP: mounting, recording, its own endpoints."""

from __future__ import annotations

import gzip
import socket
import struct
import threading
import time
from datetime import timedelta

import pytest
import requests

from adrail import Platform
from adrail.sandbox import SandboxServer, endpoints_at
from tests.sdk.python.sandboxes import NOW, Client, Counter, Plain
from tests.waiting import until


def test_platforms_are_mounted_below_their_slugs(client: Client) -> None:
    answer = client.get("/counter/api/v1/things")
    assert (answer.json(), answer.headers["X-Emulator"]) == ({"handled": 1}, "counter")
    assert client.get("/plain/web/x%20y").text == "yes /web/x y"


def test_endpoints_follow_the_platform() -> None:
    platform = Platform("counter", "Counter", "1", type, {"api": "https://api.example", "web": "https://w.example"})
    assert endpoints_at("http://127.0.0.1:5/", platform) == {
        "api": "http://127.0.0.1:5/counter/api",
        "web": "http://127.0.0.1:5/counter/web",
    }


def test_every_request_is_recorded_newest_last(client: Client) -> None:
    client.get("/counter/api/a", params={"q": "1", "empty": ""})
    client.call("PUT", "/plain/api/b", json={"n": [1, 2]})
    first, second = client.received()
    assert (first["method"], first["path"], first["query"]) == ("GET", "/counter/api/a", {"q": "1", "empty": ""})
    assert (first["verdict"], first["status"], first["body"]) == ("accepted", 200, None)
    assert (second["verdict"], second["body"]) == ("greeted", {"n": [1, 2]})
    assert second["received_at"] == NOW.isoformat()
    assert second["id"] > first["id"]


@pytest.mark.parametrize(
    ("sent", "recorded"),
    [
        ({"data": {"a": "1", "b": "ș"}}, {"a": "1", "b": "ș"}),
        ({"data": b'{"half":', "headers": {"Content-Type": "application/json"}}, '{"half":'),
        ({"data": b"\xff\x00", "headers": {"Content-Type": "application/octet-stream"}}, "\ufffd\x00"),
        ({"data": b"{}", "headers": {"Content-Type": "application/vnd.api+json; charset=utf-8"}}, {}),
    ],
)
def test_bodies_are_recorded_decoded(client: Client, sent: dict[str, object], recorded: object) -> None:
    client.call("POST", "/plain/api", **sent)
    assert client.received()[0]["body"] == recorded


def test_secrets_are_masked_but_their_ends_are_kept(client: Client) -> None:
    client.call(
        "POST",
        "/counter/api",
        params={"access_token": "EAAverysecret1234", "q": "plain"},
        headers={"Authorization": "Bearer topsecret9999", "X-Key": "platformsecret7777", "Cookie": "short"},
        json={"access_token": "EAAbodysecret5678", "kept": "as it is"},
    )
    [item] = client.received()
    assert item["query"] == {"access_token": "…1234", "q": "plain"}
    assert item["headers"]["authorization"] == "Bearer …9999"
    assert item["headers"]["x-key"] == "…7777"
    assert item["headers"]["cookie"] == "…"
    assert item["body"] == {"access_token": "…5678", "kept": "as it is"}


def test_records_are_selected_by_platform_since_and_limit(client: Client) -> None:
    for number in range(3):
        client.get(f"/counter/api/{number}")
        client.get(f"/plain/api/{number}")
    everything = client.received()
    assert [item["path"] for item in client.received(platform="plain")] == [f"/plain/api/{n}" for n in range(3)]
    assert client.received(since=everything[3]["id"]) == everything[4:]
    assert client.received(limit=2) == everything[-2:]
    assert client.received(platform="counter", limit=1) == [everything[4]]
    assert client.received(since=(NOW - timedelta(seconds=1)).isoformat()) == everything
    assert client.received(since=NOW.isoformat()) == []


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"platform": "unknown"}, "counter, plain"),
        ({"limit": "many"}, "limit"),
        ({"since": "yesterday"}, "since"),
        ({"since": "2026-11-20T16:00:00"}, "zone"),
    ],
)
def test_queries_that_cannot_be_read_are_refused(client: Client, query: dict[str, str], words: str) -> None:
    answer = client.get("/_sandbox/requests", params=query)
    assert answer.status_code == 400
    assert words in answer.json()["detail"]


def test_reset_forgets_requests_faults_and_state(client: Client) -> None:
    client.get("/counter/api")
    client.arm("http_500")
    assert client.call("POST", "/_sandbox/reset").status_code == 204
    assert client.received() == []
    assert client.get("/_sandbox/faults").json() == {"items": []}
    assert client.get("/counter/api").json() == {"handled": 1}


def test_ids_go_on_after_a_reset_so_that_readers_miss_nothing(client: Client) -> None:
    client.get("/counter/api")
    before = client.received()[0]["id"]
    client.call("POST", "/_sandbox/reset")
    client.get("/counter/api")
    assert [item["id"] for item in client.received(since=before)] == [before + 1]


def test_health(client: Client) -> None:
    assert client.get("/_sandbox/health").json() == {"status": "ok", "platforms": ["counter", "plain"]}


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/nowhere", 404), ("GET", "/_sandbox/reset", 405)])
def test_strangers_are_told_what_there_is(client: Client, method: str, path: str, status: int) -> None:
    answer = client.call(method, path)
    assert answer.status_code == status
    assert "/counter/" in answer.json()["detail"] or "POST" in answer.json()["detail"]


def test_the_front_page_shows_what_came_in_and_escapes_it(client: Client) -> None:
    client.get("/counter/api/<script>alert(1)</script>")
    client.get("/counter/api/refuse")
    client.arm("slow", count=None, match={"path_contains": "<b>"})
    page = client.get("/")
    assert page.headers["Content-Type"].startswith("text/html")
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page.text
    assert "<script" not in page.text
    assert "rejected: HTTP 422" in page.text
    assert "until disarmed" in page.text
    assert "&lt;b&gt;" in page.text


def test_preflights_are_answered_and_not_recorded(client: Client) -> None:
    answer = client.call("OPTIONS", "/plain/web/hit", headers={"Origin": "http://shop.example"})
    assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (204, "*")
    assert client.received() == []


def test_a_mistake_of_an_emulator_is_a_500_and_recorded(client: Client) -> None:
    assert client.get("/counter/api/crash").status_code == 500
    assert client.received()[0]["verdict"] == "sandbox error: ZeroDivisionError"
    assert client.get("/counter/api").json() == {"handled": 1}


def test_connections_stay_open_and_answers_are_quick(client: Client) -> None:
    """Forty milliseconds an answer would mean that headers and body travel in separate packets."""

    def seconds() -> float:
        started = time.perf_counter()
        client.get("/counter/api")
        return time.perf_counter() - started

    # The quickest of many, because a busy machine adds to each and the mistake would show in all.
    assert min(seconds() for _ in range(50)) < 0.03
    assert client.received()[-1]["headers"]["connection"] == "keep-alive"


def test_one_platform_is_asked_for_one_request_at_a_time(client: Client) -> None:
    threads = [threading.Thread(target=requests.get, args=(f"{client.server.url}/counter/api",)) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert client.get("/counter/api").json() == {"handled": 21}


def raw(client: Client, text: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", client.server.port), timeout=30) as connection:
        connection.sendall(text)
        answer = b""
        while chunk := connection.recv(4096):
            answer += chunk
    return answer


@pytest.mark.parametrize(
    ("header", "status"),
    [("Transfer-Encoding: chunked", b"411"), ("Content-Length: -1", b"400"), ("Content-Length: 99999999", b"413")],
)
def test_bodies_that_cannot_be_read_end_the_connection(client: Client, header: str, status: bytes) -> None:
    answer = raw(client, f"POST /plain/api HTTP/1.1\r\nHost: x\r\n{header}\r\n\r\n".encode())
    assert answer.startswith(b"HTTP/1.1 " + status)


def test_compressed_bodies_do_not_break_the_record(client: Client) -> None:
    client.call("POST", "/plain/api", data=gzip.compress(b"{}"), headers={"Content-Encoding": "gzip"})
    assert client.received()[0]["verdict"] == "greeted"


def test_a_server_stops_at_once_even_while_it_holds_an_answer() -> None:
    server = SandboxServer([Counter()]).start()
    client = Client(server)
    client.arm("timeout_after", params={"seconds": 100})
    waiting = threading.Thread(target=client.get, args=("/counter/api",))
    waiting.start()
    until(server.host.log.select, what="the request")
    started = time.monotonic()
    server.stop()
    server.stop()
    waiting.join()
    client.http.close()
    assert time.monotonic() - started < 60


def test_a_server_that_never_served_can_be_stopped() -> None:
    server = SandboxServer([Plain()])
    server.stop()
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", int(server.url.rpartition(":")[2])), timeout=1)


@pytest.mark.parametrize("slug", ["Counter", "a-b", "_sandbox", ""])
def test_slugs_are_checked(slug: str) -> None:
    odd = type("Odd", (Plain,), {"slug": slug})
    with pytest.raises(ValueError, match="slug"):
        SandboxServer([odd()])


def test_two_emulators_of_one_platform_are_refused() -> None:
    with pytest.raises(ValueError, match="share a slug"):
        SandboxServer([Plain(), Plain()])


def test_a_browser_that_drops_its_connection_is_no_news(capfd: pytest.CaptureFixture[str]) -> None:
    before = serving_threads()
    with SandboxServer([Counter()]) as server, socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.sendall(b"GET /counter/api/a HTTP/1.1\r\nHost: localhost\r\n\r\n")
        connection.recv(1)
        # Not lingering turns the end into a reset, as browsers do it.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()
        until(lambda: serving_threads() == before, what="the end of the dropped connection")
    assert capfd.readouterr().err == ""


def serving_threads() -> int:
    """How many connections sandboxes hold."""
    return sum("process_request_thread" in thread.name for thread in threading.enumerate())
