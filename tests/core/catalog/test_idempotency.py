"""Idempotency-Key: the same request is done once, and answered as before."""

from __future__ import annotations

from typing import Any

import pytest

from tests.core.catalog.backend import Backend, pointers
from tests.marketplace import Marketplace


def with_key(key: str) -> dict[str, str]:
    return {"Idempotency-Key": key}


def test_the_first_answer_is_given_again(backend: Backend) -> None:
    body = backend.marketplace.order()
    first = backend.send(body, **with_key("k-1"))
    backend.change("A-1", "cancelled")
    again = backend.send(body, **with_key("k-1"))
    assert (again.status_code, again.get_json()) == (201, first.get_json())
    assert again.headers["Idempotent-Replayed"] == "true"
    assert "Idempotent-Replayed" not in first.headers
    assert len(backend.rows("orders")) == 1


def test_a_change_of_state_is_answered_again_too(backend: Backend) -> None:
    backend.placed()
    url, headers = "/api/v1/orders/A-1", {**backend.marketplace.bearer(), **with_key("k-1")}
    body = {"status": "cancelled", "transition_id": "t", "occurred_at": backend.marketplace.order()["placed_at"]}
    first = backend.client.patch(url, json=body, headers=headers)
    again = backend.client.patch(url, json=body, headers=headers)
    assert (again.status_code, again.get_json()) == (200, first.get_json())
    assert again.headers["Idempotent-Replayed"] == "true"


def test_a_key_is_for_one_request(backend: Backend) -> None:
    assert backend.send(backend.marketplace.order("A-1"), **with_key("k-1")).status_code == 201
    answer = backend.send(backend.marketplace.order("A-2"), **with_key("k-1"))
    assert pointers(answer, 409) == []
    assert answer.get_json()["code"] == "idempotency_key_reused"
    assert len(backend.rows("orders")) == 1


def test_keys_of_other_marketplaces_do_not_matter(backend: Backend, other_marketplace: Marketplace) -> None:
    body = backend.marketplace.order()
    assert backend.send(body, **with_key("k-1")).status_code == 201
    headers = {**other_marketplace.bearer(), **with_key("k-1")}
    answer = backend.client.post("/api/v1/orders", json=body, headers=headers)
    assert answer.status_code == 201
    assert "Idempotent-Replayed" not in answer.headers


@pytest.mark.parametrize("change", [{"currency": "ron"}, {"items": []}])
def test_a_refused_request_leaves_its_key_free(backend: Backend, change: dict[str, Any]) -> None:
    assert backend.send(backend.marketplace.order(**change), **with_key("k-1")).status_code == 422
    assert backend.kept_keys() == []
    assert backend.send(backend.marketplace.order(), **with_key("k-1")).status_code == 201


def test_without_a_key_every_request_is_its_own(backend: Backend) -> None:
    assert backend.send(backend.marketplace.order("A-1")).status_code == 201
    assert backend.send(backend.marketplace.order("A-2")).status_code == 201
    assert backend.kept_keys() == []
