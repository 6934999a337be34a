"""One purchase goes all the way, stage by stage, in one process."""

from __future__ import annotations

from flask.testing import FlaskClient

from adrail.sandbox import SandboxServer
from tests.marketplace import Marketplace
from tests.pipeline import run_pipeline
from tests.platform_records import conversions


def test_an_order_reaches_organiser_and_marketplace_once(
    client: FlaskClient, marketplace: Marketplace, sandbox: SandboxServer
) -> None:
    marketplace.add_code("meta", "shop", "100000000000010")
    marketplace.add_code("meta", "org", "100000000000021", organizer="org-1")
    answer = client.post("/api/v1/orders", json=marketplace.order(), headers=marketplace.bearer())
    assert answer.status_code == 201, answer.text
    ids = answer.get_json()["event_ids"]
    run_pipeline()
    sent = conversions(sandbox.url)
    assert {(item["pixel"], item["event_name"], item["event_id"]) for item in sent} == {
        ("100000000000010", "Purchase", ids["*"]),
        ("100000000000021", "Purchase", ids["org-1"]),
    }
    assert len(sent) == 2
    assert all(item["custom_data"]["value"] == 180 and item["custom_data"]["currency"] == "RON" for item in sent)
