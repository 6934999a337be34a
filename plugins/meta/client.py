"""The only door to Meta: one session per call, the API version, and a guard on every answer."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from adrail import AdrailError, Transport
from plugins.meta import errors

if TYPE_CHECKING:
    import requests
    from facebook_business.api import FacebookAdsApi

API_VERSION = "v26.0"
PARTNER_AGENT = "adrail"

PIXEL_ID = re.compile(r"[0-9]{5,20}")
TOKEN = re.compile(r"[\x21-\x7e]{8,1000}")


def post_events(transport: Transport, token: str, pixel_id: str, events: Sequence[str], test_code: str | None) -> str:
    """Post events (JSON texts) to a pixel and return Meta's trace id; raises `adrail.errors`."""
    params: dict[str, Any] = {"data": list(events), "partner_agent": PARTNER_AGENT}
    if test_code:
        params["test_event_code"] = test_code
    answer = _call(transport, token, pixel_id, lambda pixel: pixel.create_event(params=params))
    received = answer.get("events_received")
    if received != len(events):
        raise errors.own("incomplete", f"({received if isinstance(received, int) else 'no'} of {len(events)})")
    return str(answer.get("fbtrace_id", ""))


def read_pixel(transport: Transport, token: str, pixel_id: str) -> Mapping[str, Any]:
    """Return id and name of a pixel; raises `adrail.errors`."""
    return _call(transport, token, pixel_id, lambda pixel: pixel.api_get(fields=["id", "name"]))


def guard(response: requests.Response, *_args: Any, **_kwargs: Any) -> None:
    """Raise for every answer that is not plain success, before the SDK sees it.

    The SDK takes any body without an ``error`` member for success, an HTML page of a proxy included, and its own
    exception prints the request's parameters, which are personal data. Redirects end here, too: a token goes nowhere
    it was not meant for.
    """
    try:
        body = response.json()
    except ValueError:
        body = None
    if response.status_code != 200 or not isinstance(body, dict) or "error" in body:
        raise errors.from_answer(response.status_code, body, response.headers)


@contextmanager
def _graph(transport: Transport, token: str) -> Iterator[FacebookAdsApi]:
    # Imported late: a process that never sends to Meta does not pay for it. `FacebookAdsApi.init` is never called: it
    # sets a process-wide account and reports crashes, payload included, to Meta.
    from facebook_business.api import FacebookAdsApi  # noqa: PLC0415
    from facebook_business.session import FacebookSession  # noqa: PLC0415

    session = FacebookSession(access_token=token, timeout=(transport.connect_timeout, transport.read_timeout))
    session.GRAPH = transport.url("api")
    http = session.requests
    http.trust_env = False
    # In the query, where the SDK puts it, the token would reach debug logs and exception texts of the HTTP library.
    http.params = {}
    http.headers["Authorization"] = f"Bearer {token}"
    http.hooks["response"].append(guard)
    try:
        yield FacebookAdsApi(session, api_version=API_VERSION)
    finally:
        http.close()


def _call(transport: Transport, token: str, pixel_id: str, call: Callable[[Any], Any]) -> Mapping[str, Any]:
    if not TOKEN.fullmatch(token):
        raise errors.own("no_token")
    if not PIXEL_ID.fullmatch(pixel_id):
        raise errors.own("no_pixel")
    from facebook_business.adobjects.adspixel import AdsPixel  # noqa: PLC0415
    from facebook_business.exceptions import FacebookError  # noqa: PLC0415
    from requests import RequestException, Timeout  # noqa: PLC0415

    failure: AdrailError
    try:
        with _graph(transport, token) as api:
            return dict(call(AdsPixel(pixel_id, api=api)))
    except Timeout:
        failure = errors.own("timeout")
    except RequestException as error:
        failure = errors.own("connection", f"({type(error).__name__})")
    except FacebookError as error:
        failure = errors.own("not_graph", f"({type(error).__name__})")
    # Raised out here, so that it drags no exception behind it whose text holds the payload.
    raise failure
