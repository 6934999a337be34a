"""Who may report payments: signatures, their age, secrets that are replaced, and what strangers learn."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from core.errors import ConflictError, ForbiddenError, InvalidInputError, NotFoundError
from core.payments.api import disconnect, end_previous, get_endpoint, list_endpoints, set_secret
from core.payments.jobs import forget_secrets
from core.payments.secrets import unlock
from core.security.crypto import DecryptionError
from tests.core.catalog.backend import Backend
from tests.core.payments.provider import NEXT_SECRET, PROVIDER, SECRET, Provider, sign, succeeded
from tests.marketplace import Marketplace

BODY = json.dumps(succeeded()).encode()


FORGED: dict[str, Callable[[], str | None]] = {
    "no header": lambda: None,
    "empty": lambda: "",
    "time alone": lambda: "t=1",
    "no time": lambda: "v1=00",
    "nonsense": lambda: "nonsense",
    "time of letters": lambda: "t=x,v1=00",
    "nothing said": lambda: "t=,v1=",
    "other letters": lambda: "t=1,v1=é",
    "endless time": lambda: f"t={2**70},v1=00",
    "another secret": lambda: sign(BODY, "whsec_somebody-elses"),
    "another body": lambda: sign(BODY + b" "),
    "another scheme": lambda: sign(BODY).replace("v1=", "v0="),
    "too old": lambda: sign(BODY, at=time.time() - 400),
}


@pytest.mark.parametrize("kind", FORGED)
def test_what_is_not_rightly_signed_is_refused_without_a_word_about_why(
    provider: Provider, backend: Backend, kind: str
) -> None:
    answer = provider.post(BODY, FORGED[kind]())
    assert (answer.status_code, answer.content_type) == (400, "application/problem+json")
    body = answer.get_json()
    assert (body["code"], body["detail"], body["errors"]) == (
        "webhook_refused", "the request cannot be accepted", [],
    )  # fmt: skip
    assert backend.rows("payment_notices") == []
    assert get_endpoint(backend.marketplace.staff, PROVIDER).last_refused_at is not None


def test_a_stranger_cannot_tell_which_marketplaces_take_payments(
    provider: Provider, other_marketplace: Marketplace
) -> None:
    refused = provider.post(BODY, sign(BODY, "whsec_wrong-secret"))
    answers = [
        provider.client.post(f"/api/webhooks/{PROVIDER}/{slug}", data=BODY, headers={"Stripe-Signature": sign(BODY)})
        for slug in (other_marketplace.slug, "no-such-marketplace", "%00", "ä" * 300)
    ]
    for answer in answers[:2]:
        assert answer.status_code == refused.status_code
        assert {**answer.get_json(), "request_id": ""} == {**refused.get_json(), "request_id": ""}
    assert {answer.status_code for answer in answers[2:]} == {400}


def test_the_signature_is_of_the_bytes_as_they_came(provider: Provider) -> None:
    body = b'{ "id":"evt_9" ,\n"type": "customer.created"}'
    assert provider.post(body, sign(body)).status_code == 200
    assert provider.post(body.replace(b" ", b""), sign(body)).status_code == 400


def test_one_fitting_signature_among_several_is_enough(provider: Provider) -> None:
    # So the provider signs while a secret is rolled there.
    both = f"{sign(BODY, 'whsec_older-secret')},{sign(BODY).partition(',')[2]}"
    assert provider.post(BODY, both).status_code == 200


def test_a_secret_is_replaced_with_an_overlap(provider: Provider, backend: Backend) -> None:
    staff = backend.marketplace.staff
    set_secret(staff, PROVIDER, NEXT_SECRET, overlap=timedelta(hours=1))
    assert provider.send(succeeded(), SECRET).status_code == 200
    assert provider.send(succeeded(), NEXT_SECRET).status_code == 200
    with pytest.raises(ConflictError, match="still counts"):
        set_secret(staff, PROVIDER, "whsec_a-third-one")
    end_previous(staff, PROVIDER)
    assert provider.send(succeeded(), SECRET).status_code == 400
    assert provider.send(succeeded(), NEXT_SECRET).status_code == 200
    names = [row["action"] for row in backend.rows("audit_log")]
    assert names[-3:] == ["payments.secret_set", "payments.secret_set", "payments.secret_retired"]


def test_an_overlap_ends_by_itself(provider: Provider, backend: Backend) -> None:
    set_secret(backend.marketplace.staff, PROVIDER, NEXT_SECRET, overlap=timedelta(0))
    assert provider.send(succeeded(), SECRET).status_code == 400
    assert get_endpoint(backend.marketplace.staff, PROVIDER).previous_until is None
    assert kept(backend) == (NEXT_SECRET, None)


def kept(backend: Backend) -> tuple[str, str | None]:
    """The secrets that are stored, the one that counts and the one before."""
    tenant_id = backend.marketplace.tenant_id
    query = "SELECT secret_sealed, previous_sealed FROM payment_endpoints WHERE tenant_id = %s"
    row = backend.admin.execute(query, [tenant_id]).fetchone()
    assert row is not None
    now, before = row
    return unlock(tenant_id, PROVIDER, bytes(now)), unlock(tenant_id, PROVIDER, bytes(before)) if before else None


def test_a_replaced_secret_is_deleted_after_its_end_and_not_before(provider: Provider, backend: Backend) -> None:
    set_secret(backend.marketplace.staff, PROVIDER, NEXT_SECRET, overlap=timedelta(hours=1))
    forget_secrets()
    assert kept(backend) == (NEXT_SECRET, SECRET)
    ended = "UPDATE payment_endpoints SET previous_until = now() - interval '1 second' WHERE tenant_id = %s"
    backend.admin.execute(ended, [backend.marketplace.tenant_id])
    forget_secrets()
    assert kept(backend) == (NEXT_SECRET, None)


def test_a_disconnected_provider_is_refused_and_what_it_said_stays(provider: Provider, backend: Backend) -> None:
    provider.outcome(succeeded())
    disconnect(backend.marketplace.staff, PROVIDER)
    assert provider.send(succeeded()).status_code == 400
    assert len(backend.rows("payment_notices")) == 1
    assert [item.secret_set_at for item in list_endpoints(backend.marketplace.staff)] == [None]


def test_secrets_are_sealed_and_fit_no_other_row(
    provider: Provider, backend: Backend, other_marketplace: Marketplace
) -> None:
    (sealed,) = backend.admin.execute(
        "SELECT secret_sealed FROM payment_endpoints WHERE tenant_id = %s", [backend.marketplace.tenant_id]
    ).fetchone()  # type: ignore[misc]
    assert SECRET.encode() not in bytes(sealed)
    assert unlock(backend.marketplace.tenant_id, PROVIDER, bytes(sealed)) == SECRET
    with pytest.raises(DecryptionError, match="another marketplace"):
        unlock(other_marketplace.tenant_id, PROVIDER, bytes(sealed))
    assert SECRET not in json.dumps([backend.rows("audit_log"), repr(list_endpoints(backend.marketplace.staff))])


def test_only_the_marketplaces_administrators_manage_payments(backend: Backend) -> None:
    for who in (backend.marketplace.organizer("org-1"),):
        with pytest.raises(ForbiddenError):
            set_secret(who, PROVIDER, SECRET)
        with pytest.raises(ForbiddenError):
            list_endpoints(who)


def test_what_is_no_secret_is_refused(backend: Backend) -> None:
    with pytest.raises(InvalidInputError) as refused:
        set_secret(backend.marketplace.staff, PROVIDER, "sk_live_1234567890", overlap=timedelta(days=99))
    assert [item.pointer for item in refused.value.errors] == ["/secret", "/overlap_hours"]
    assert "sk_live" not in str(refused.value.errors)
    with pytest.raises(NotFoundError, match="installed: stripe"):
        set_secret(backend.marketplace.staff, "paypal", SECRET)


NOT_UNDERSTOOD: dict[str, tuple[bytes, str]] = {
    "no JSON": (b"{", ""),
    "no object": (b"[]", ""),
    "too deep": (b"[" * 100_000, ""),
    "nothing": (b"{}", "/id"),
    "no data": (json.dumps({**succeeded(), "data": None}).encode(), "/data"),
    "currency": (json.dumps(succeeded(currency="xxq")).encode(), "/currency"),
    "negative": (json.dumps(succeeded(amount=-5, amount_received=0)).encode(), "/amount"),
    "no number": (json.dumps(succeeded(amount=True, amount_received=None)).encode(), "/amount"),
    "far future": (json.dumps({**succeeded(), "created": 10**17}).encode(), "/created"),
    "long ago": (json.dumps({**succeeded(), "created": 1}).encode(), "/created"),
    "NUL": (json.dumps(succeeded(payment="pi_\0")).encode(), ""),
}


@pytest.mark.parametrize("kind", NOT_UNDERSTOOD)
def test_signed_messages_that_cannot_be_understood_are_named_and_shown(
    provider: Provider, backend: Backend, kind: str
) -> None:
    message, pointer = NOT_UNDERSTOOD[kind]
    answer = provider.post(message, sign(message))
    assert answer.status_code == 422
    assert [item["pointer"] for item in answer.get_json()["errors"]] == [pointer]
    assert get_endpoint(backend.marketplace.staff, PROVIDER).problem


def test_bytes_that_are_no_text_are_refused(provider: Provider) -> None:
    assert provider.post(b"\xff\xfe", sign(b"\xff\xfe")).status_code == 400


def test_a_large_body_is_not_read(provider: Provider) -> None:
    body = b" " * (1024 * 1024 + 1)
    assert provider.post(body, sign(body)).status_code == 413


def test_a_provider_that_is_not_installed_is_not_found(provider: Provider) -> None:
    answer = provider.client.post(f"/api/webhooks/paypal/{provider.marketplace.slug}", data=b"{}")
    assert answer.status_code == 404


def test_new_master_keys_reach_payment_secrets(provider: Provider, database: str) -> None:
    from core.security.resealing import sealed_columns
    from core.tables import metadata

    names = {item.name for item in sealed_columns(metadata)}
    assert {"payment_endpoints.secret_sealed", "payment_endpoints.previous_sealed"} <= names


def test_no_table_of_payments_shows_another_marketplaces_rows(
    provider: Provider, other_marketplace: Marketplace, admin_connection: psycopg.Connection[Any]
) -> None:
    provider.outcome(succeeded())
    views = list_endpoints(other_marketplace.staff)
    assert [(item.received, item.waiting) for item in views] == [(0, 0)]
