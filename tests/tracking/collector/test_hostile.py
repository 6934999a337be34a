"""Whatever is sent, the collector answers in its own words, and a good event among it is stored."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.pipeline import ingest
from tests.process_state import use_environment
from tests.tracking.events import Page, counts, event
from tests.tracking.store import Store
from tracking.registry import registry

NAMES = sorted({spec.name for spec in registry().all()})
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | TEXT
    | st.floats(allow_nan=False, allow_infinity=False)
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4), max_leaves=12
)
TIMES = st.datetimes().map(lambda time: f"{time.isoformat()}Z") | st.sampled_from(
    ["2016-12-31T23:59:60Z", "0000-01-01T00:00:00Z", "0001-01-01t00:00:00+23:59", "9999-12-31T23:59:59-23:59"]
)


@st.composite
def near_events(draw: st.DrawFn) -> dict[str, Any]:
    """Almost events: a good one with fields replaced, taken away or added."""
    name = draw(st.sampled_from(NAMES))
    body: dict[str, Any] = event(name, visitor_id=None, session_id=None)
    spec = registry().find(name, 1)
    if spec is not None:
        body["payload"] = dict(spec.example)
        body["source_system"] = min(spec.sources)
        body["entities"] = dict.fromkeys(spec.required_entities, "x-1")
    body.update(visitor_id="v-fuzz", session_id="s-fuzz")
    snapshot = {"analytics": True, "marketing": True, "captured_at": draw(TIMES)}
    body.update(draw(st.sampled_from([{}, {"consent_snapshot": snapshot}])))
    for where in draw(
        st.lists(st.sampled_from(["", "payload", "context", "entities", "consent_snapshot"]), max_size=3)
    ):
        place = body.get(where) if where else body
        if isinstance(place, dict) and place:
            field = draw(st.sampled_from(sorted(place)) | TEXT)
            place[field] = draw(VALUES | TIMES)
            if draw(st.booleans()):
                del place[field]
    return body


@pytest.fixture(autouse=True)
def _no_limits(database: str) -> Iterator[None]:
    with use_environment(ADRAIL_RATE_PER_VISITOR="1000000000", ADRAIL_RATE_PER_ADDRESS="1000000000"):
        yield


def test_arbitrary_events_never_sink_a_neighbour(page: Page, store: Store) -> None:
    accepted = 0

    @given(st.lists(VALUES | near_events(), max_size=6), st.none() | TIMES | VALUES)
    def check(strange: list[Any], sent_at: Any) -> None:
        nonlocal accepted
        good = event()
        body = {"events": [*strange, good], **({"sent_at": sent_at} if sent_at is not None else {})}
        answer = page.client.post(
            "/api/tx/events/batch", data=orjson.dumps(body), headers=page.marketplace.collect_headers()
        )
        told = counts(answer, len(strange) + 1)
        accepted += told["accepted"]
        ingest()
        late = [error["code"] for error in told["errors"] if error["index"] == len(strange)]
        assert set(late) <= {"too_old", "too_new"}
        assert late or store.has(good["event_id"])
        assert store.count("tx_events") == accepted

    check()
    assert store.sql("SELECT 1 FROM tx_rejected_events WHERE tenant_id = %(tenant)s AND code = 'not_storable'") == []


def test_arbitrary_bodies_never_fail_the_server(page: Page) -> None:
    paths = st.sampled_from(
        ["/api/tx/events", "/api/tx/events/batch", f"/api/tx/collect?key={page.marketplace.write_key}"]
    )

    @given(paths, VALUES | st.fixed_dictionaries({"events": VALUES}))
    def check(path: str, body: Any) -> None:
        headers = page.marketplace.collect_headers()
        answer = page.client.post(path, data=orjson.dumps(body), headers=headers)
        assert answer.status_code in {202, 204, 422}, answer.text

    check()


def test_arbitrary_bytes_never_fail_the_server(page: Page) -> None:
    encodings = st.sampled_from(["", "gzip", "zstd", "br", "é"])

    @given(st.binary(max_size=200), encodings)
    def check(body: bytes, encoding: str) -> None:
        headers = page.marketplace.collect_headers(**{"Content-Encoding": encoding})
        answer = page.client.post("/api/tx/events/batch", data=body, headers=headers)
        assert answer.status_code in {202, 400, 415, 422}, answer.text

    check()


def test_arbitrary_consent_never_fails_the_server(page: Page) -> None:
    said = st.fixed_dictionaries(
        {"analytics": st.booleans() | VALUES, "marketing": st.booleans()},
        optional={"captured_at": TIMES | VALUES, "copy_hash": TEXT, "data_processing": st.none() | st.booleans()},
    )
    bodies = st.fixed_dictionaries(
        {"visitor_id": TEXT | VALUES, "consent": said | VALUES}, optional={"sent_at": TIMES | VALUES}
    )

    @given(VALUES | bodies, TEXT)
    def check(body: Any, visitor: str) -> None:
        headers = page.marketplace.collect_headers()
        answer = page.client.put("/api/tx/consent", data=orjson.dumps(body), headers=headers)
        assert answer.status_code in {200, 400, 422, 429}, answer.text
        answer = page.client.get("/api/tx/consent", query_string={"visitor_id": visitor}, headers=headers)
        assert answer.status_code in {200, 400, 422}, answer.text

    check()
