"""Rules every payment provider keeps: nothing unsigned is read, nothing is misread, nothing secret is said.

```python
class TestExample(PaymentConformance):
    provider = register_payment_provider()
    secret, other_secret = "example-secret-1", "example-secret-2"
    examples = {PaymentKind.SUCCEEDED: b'{"id": …}', …}

    def headers(self, body, secret, at):
        return {"example-signature": …}
```
"""

from __future__ import annotations

import re
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar

import pytest

from adrail.errors import InvalidPayloadError, SignatureError
from adrail.payments import PaymentKind, PaymentNotice, PaymentProvider, SigningSecrets, UnusedNotice, WebhookRequest
from adrail.testing.verdict import broken, demand

LONG_AGO_SECONDS = 3_600


class PaymentConformance(ABC):
    """Derive a class whose name begins with ``Test``, set what is declared here and say how the provider signs.

    ``examples`` has one body for every kind of message that the provider sends; ``secret`` and ``other_secret`` fit the
    provider's pattern.
    """

    provider: ClassVar[PaymentProvider]
    secret: ClassVar[str]
    other_secret: ClassVar[str]
    examples: ClassVar[Mapping[PaymentKind, bytes]]

    @abstractmethod
    def headers(self, body: bytes, secret: str, at: float) -> Mapping[str, str]:
        """The headers (names in lower case) with which the provider sends a body at a time (seconds since 1970)."""

    def read(self, body: bytes, *secrets: str, headers: Mapping[str, str]) -> PaymentNotice | UnusedNotice:
        """Let the provider read one request."""
        return self.provider.webhooks.read(WebhookRequest(body, headers, SigningSecrets(*secrets)))

    def test_messages_mean_what_they_are_examples_of(self) -> None:
        """Each example is a notice of its kind, in major units of a currency."""
        for kind, body in self.examples.items():
            notice = self.read(body, self.secret, headers=self.headers(body, self.secret, time.time()))
            if not isinstance(notice, PaymentNotice) or notice.kind != kind:
                broken(f"the example of {kind} means that", found=notice, mend="correct the example, or read it so")
            _check(notice)

    def test_the_same_message_says_the_same_again(self) -> None:
        """Whenever it is sent."""
        for body in self.examples.values():
            now = time.time()
            first = self.read(body, self.secret, headers=self.headers(body, self.secret, now))
            again = self.read(body, self.secret, headers=self.headers(body, self.secret, now - 5))
            demand(again == first, "the same body is the same message", found=again, mend="read the body alone")

    def test_either_of_two_secrets_counts(self) -> None:
        """While one is replaced by the other."""
        body = self._any()
        for used in (self.secret, self.other_secret):
            self.read(body, self.other_secret, self.secret, headers=self.headers(body, used, time.time()))

    @pytest.mark.parametrize("wrong", ["secret", "body", "nothing", "rubbish", "no secrets", "old"])
    def test_what_is_not_rightly_signed_is_refused(self, wrong: str) -> None:
        """With `SignatureError`, whatever is wrong, and without saying the secret."""
        body, now = self._any(), time.time()
        headers = {
            "secret": self.headers(body, self.other_secret, now),
            "body": self.headers(body + b" ", self.secret, now),
            "nothing": {},
            "rubbish": dict.fromkeys(self.headers(body, self.secret, now), "é=,;\x7f"),
            "old": self.headers(body, self.secret, now - LONG_AGO_SECONDS),
        }.get(wrong, self.headers(body, self.secret, now))
        secrets = () if wrong == "no secrets" else (self.secret,)
        with pytest.raises(SignatureError) as refused:
            self.read(body, *secrets, headers=headers)
        demand(self.secret not in repr(refused.value), "errors say no secret", mend="leave it out, errors reach logs")

    @pytest.mark.parametrize(
        "body",
        [b"", b"{", b"[]", b"{}", b"null", b"[" * 10_000],
        ids=["empty", "half", "list", "object", "null", "deep"],
    )
    def test_signed_nonsense_is_no_crash(self, body: bytes) -> None:
        """It is `InvalidPayloadError`, or of no use."""
        try:
            read = self.read(body, self.secret, headers=self.headers(body, self.secret, time.time()))
        except InvalidPayloadError:
            return
        demand(isinstance(read, UnusedNotice), "nonsense is no payment", found=read, mend="raise InvalidPayloadError")

    def test_the_form_takes_the_secrets(self) -> None:
        """The pattern fits both."""
        for secret in (self.secret, self.other_secret):
            fits = re.fullmatch(self.provider.pattern, secret)
            demand(fits, "the provider's pattern fits its secrets", mend="correct the pattern, or the test's secrets")

    def _any(self) -> bytes:
        return next(iter(self.examples.values()))


def _check(notice: PaymentNotice) -> None:
    rules = {
        "amounts are positive, also of refunds": notice.amount > 0,
        "currencies are ISO 4217 codes in upper case": re.fullmatch(r"[A-Z]{3}", notice.currency),
        "times have a zone": notice.occurred_at.tzinfo,
        "a message without id cannot be told from its repetition": notice.event_id,
        "messages about one payment share a reference": notice.payment_reference,
    }
    for rule, kept in rules.items():
        demand(kept, rule, found=notice, mend="say it so in the notice")
