"""Server-side conversions: what core hands to a plugin and what the plugin answers per item."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Literal

from adrail.identifiers import Credentials, RawIdentifier
from adrail.transport import Transport

ActionSource = Literal["website", "app", "offline", "system"]


@dataclass(frozen=True, slots=True)
class Item:
    """One line: ``id`` is the ticket type, ``price`` the unit price in the conversion's currency (major units).

    A page that only shows a live event names no price; then ``id`` is the live event's and ``price`` None.
    """

    id: str
    live_event_id: str
    quantity: int
    price: Decimal | None = None


@dataclass(frozen=True, slots=True)
class ConsentReceipt:
    """Which consent allowed this send: the purpose, the ledger row behind it and when it was last checked."""

    purpose: str
    ledger_id: int | None
    captured_at: datetime | None
    checked_at: datetime


@dataclass(frozen=True, slots=True)
class UserData:
    """Who did it.

    Clear identifiers are normalised and hashed by the plugin; ``region`` (ISO 3166 alpha-2) tells how
    to read a national phone number. ``click_ids`` holds gclid, fbclid, fbc, fbp, ttclid … as collected.
    """

    email: RawIdentifier | None = None
    phone: RawIdentifier | None = None
    first_name: RawIdentifier | None = None
    last_name: RawIdentifier | None = None
    city: str | None = field(default=None, repr=False)
    country: str | None = None
    region: str | None = None
    external_id: RawIdentifier | None = None
    client_ip: RawIdentifier | None = None
    user_agent: RawIdentifier | None = None
    click_ids: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Conversion:
    """One canonical conversion for one destination.

    ``event_id`` is shared with the browser pixel. ``value`` is in major units of ``currency`` (ISO 4217) and both are
    set or both are None. ``destination_id`` is the public id (pixel, measurement id …) it goes to. ``custom_params``
    are the code's own typed parameters.
    """

    event_id: str
    canonical: str
    occurred_at: datetime
    destination_id: str
    consent: ConsentReceipt
    action_source: ActionSource = "website"
    value: Decimal | None = None
    currency: str | None = None
    order_id: str | None = None
    search_string: str | None = field(default=None, repr=False)
    source_url: str | None = field(default=None, repr=False)
    items: tuple[Item, ...] = ()
    user: UserData = field(default_factory=UserData)
    custom_params: Mapping[str, str | int | bool] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ConversionLimits:
    """Published limits of a platform: items and bytes per request, oldest event taken, requests per second."""

    max_batch: int
    max_age: timedelta
    max_bytes: int = 1_000_000
    rate: float = 10.0


@dataclass(frozen=True, slots=True)
class ConnectionRef:
    """The account a request speaks for.

    ``settings`` are the non-secret settings of the tracking code it is made for; of several codes of one account each
    gets requests of its own. A check of the account alone sees those that were saved last.
    """

    id: int
    account_id: str
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SendRequest:
    """One call to a platform. All items share connection and destination; ``now`` is the clock to judge age by."""

    connection: ConnectionRef
    credentials: Credentials
    items: Sequence[Conversion]
    test_code: str | None
    now: datetime
    transport: Transport


@dataclass(frozen=True, slots=True)
class Accepted:
    """The platform took the item; ``ref`` is its own reference."""

    ref: str = ""


@dataclass(frozen=True, slots=True)
class Submitted:
    """The platform will decide later; ask again after ``poll_after`` seconds. Pending in the ledger until then."""

    ref: str
    poll_after: float


@dataclass(frozen=True, slots=True)
class Ignored:
    """Not sent on purpose, for example because the platform has no such event."""

    reason: str


@dataclass(frozen=True, slots=True)
class Retry:
    """Failed for now; core sends it again with back-off and the same event id."""

    reason: str
    code: str = ""


@dataclass(frozen=True, slots=True)
class Throttled:
    """Not taken; not to be sent again before ``retry_after`` seconds."""

    retry_after: float
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Invalid:
    """Never to be taken; ``pointer`` names the field, ``reason`` says what is wrong, without the value."""

    pointer: str
    reason: str
    code: str = ""


@dataclass(frozen=True, slots=True)
class Auth:
    """Refused because of credentials or permissions; core pauses the connection and keeps the item."""

    reason: str
    code: str = ""


Outcome = Accepted | Submitted | Ignored | Retry | Throttled | Invalid | Auth
