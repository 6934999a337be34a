"""Payment providers: what their signed webhooks say, in adrail's words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Protocol


class PaymentKind(StrEnum):
    """What happened to a payment; the value is the name of the tracking event it becomes."""

    SUCCEEDED = "payment_succeeded"
    FAILED = "payment_failed"
    REFUNDED = "refund_completed"
    DISPUTED = "chargeback_opened"


class SigningSecrets:
    """The secrets of one endpoint that count now, the newest first; printing them shows how many there are."""

    __slots__ = ("__values",)

    def __init__(self, *values: str) -> None:
        self.__values = values

    def __iter__(self) -> Iterator[str]:
        return iter(self.__values)

    def __len__(self) -> int:
        return len(self.__values)

    def __repr__(self) -> str:
        return f"<SigningSecrets {len(self.__values)}>"

    __str__ = __repr__


@dataclass(frozen=True, slots=True)
class WebhookRequest:
    """One request as it came: the raw ``body``, its ``headers`` (names in lower case), the secrets to check it with."""

    body: bytes
    headers: Mapping[str, str]
    secrets: SigningSecrets


@dataclass(frozen=True, slots=True)
class PaymentNotice:
    """One thing that happened to a payment.

    ``event_id`` is the provider's id of this message: the same message twice has the same one. ``amount`` is positive,
    in major units of ``currency`` (ISO 4217, upper case): of a refund what was paid back this time, of a dispute what
    is disputed. ``payment_reference`` is what all messages about one payment share. ``transition_id`` names a refund,
    a dispute or a failed try for ever; left out, it is the event id, and a refund or dispute counts as the one of the
    same payment and amount that another message names. ``order_id`` is the marketplace's own number,
    where the message carries it. ``failure_code`` is the provider's stable text, never a sentence about a person.
    """

    event_id: str
    kind: PaymentKind
    occurred_at: datetime
    amount: Decimal
    currency: str
    payment_reference: str
    transition_id: str = ""
    order_id: str | None = None
    failure_code: str | None = None


@dataclass(frozen=True, slots=True)
class UnusedNotice:
    """A rightly signed message that means nothing to adrail; it is answered with 200 and counted."""

    event_id: str
    type: str


class PaymentWebhooks(Protocol):
    """Read a provider's webhooks."""

    def read(self, request: WebhookRequest) -> PaymentNotice | UnusedNotice:
        """Check the signature on the raw body, then say what the message means.

        Raises `adrail.SignatureError` when no secret fits or the message is too old, and `adrail.InvalidPayloadError`
        when it is signed but cannot be understood. It asks nobody over the network.
        """
        ...


@dataclass(frozen=True, slots=True)
class PaymentProvider:
    """One payment provider as adrail knows it.

    ``slug`` is ``[a-z][a-z0-9_]*`` and stands in the webhook's address. ``sdk_version`` is the `adrail.SDK_VERSION` it
    was written for. The form asks for the signing secret with ``label`` and ``help``, and takes what matches
    ``pattern`` as a whole. ``events`` are the provider's own names of the messages to switch on there.
    """

    slug: str
    display_name: str
    sdk_version: str
    webhooks: PaymentWebhooks
    events: tuple[str, ...]
    badge: str = ""
    label: str = "Signing secret"
    help: str = ""
    pattern: str = r"\S{8,500}"
