"""Cases about what is in an event: strange text, exact amounts, one identity however often it is sent."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Any

import pytest

from adrail.conversions import Conversion, Invalid
from adrail.testing.bench import Bench
from adrail.testing.declarations import Declarations
from adrail.testing.factories import STRANGE, strange
from adrail.testing.verdict import demand

AMOUNTS = (
    ("EUR", 2, "240.10"),
    ("JPY", 0, "1500"),
    ("KWD", 3, "12.345"),
    ("CLP", 0, "0"),
    ("IDR", 2, "9007199254740993.07"),
)


class PayloadCases(Declarations):
    """What the builder must do with anything that people and shops come up with."""

    @pytest.mark.parametrize("text", list(STRANGE.values()), ids=list(STRANGE))
    def test_strange_characters_arrive_or_are_refused_in_words(self, bench: Bench, text: str) -> None:
        """Emoji, right-to-left text, quotes, newlines, five thousand letters, in every field that holds text."""
        answer = bench.send([strange(bench.destination, text, canonical=bench.canonical)])
        outcome = answer.outcomes[0]
        named = isinstance(outcome, Invalid) and outcome.pointer
        demand(
            (answer.taken[0] or named) and not bench.refused(),
            "Strange text is sent so that the platform takes it, or refused with the field's name",
            found=f"{outcome!r} {bench.refused()[:1]}",
            mend="encode with a JSON or form encoder, cut to the vendor's lengths, or answer Invalid(pointer, …)",
        )

    @pytest.mark.parametrize(("currency", "digits", "value"), AMOUNTS, ids=[f"{item[0]}_{item[2]}" for item in AMOUNTS])
    def test_amounts_arrive_digit_by_digit(self, bench: Bench, currency: str, digits: int, value: str) -> None:
        """Currencies without decimals and with three, a free order, more digits than a float has."""
        self.unless("takes_no_money")
        amount = Decimal(value)
        answer = bench.send([bench.item(value=amount, currency=currency)])
        demand(
            answer.taken[0] and not bench.refused(),
            "An amount in any currency is taken",
            found=f"{answer.outcomes[0]!r} {bench.refused()[:1]}",
            mend="take 0 for a free order, and amounts with no or three decimals",
        )
        demand(
            any(re.search(form, bench.wire()) for form in _forms(amount, digits)) and currency in bench.wire(),
            "An amount keeps every digit, with its currency beside it",
            found=f"neither {value} nor its minor units nor micros on the wire",
            mend="write the Decimal itself; a float loses digits, and currencies have 0, 2 or 3 decimals",
        )

    def test_an_event_sent_twice_is_held_once(self, bench: Bench) -> None:
        """Core may send an event again at any time, under the same id."""
        self.unless("keeps_duplicates")
        first, second = bench.send([bench.item()]), bench.send([bench.item()])
        demand(
            all(first.taken) and all(second.taken),
            "An event that comes again is taken again without complaint",
            found=f"{first.kinds}, then {second.kinds}",
            mend="treat the platform's «duplicate» answer as Accepted",
        )
        self._held_once(bench)

    def test_an_event_twice_in_one_batch_is_held_once(self, bench: Bench) -> None:
        """Replays may bring the same event twice at once."""
        self.unless("keeps_duplicates")
        answer = bench.send([bench.item(), bench.item()])
        demand(
            any(answer.taken),
            "Two copies in one batch are one event",
            found=answer.kinds,
            mend="take at least one; answer the other Accepted or Ignored",
        )
        self._held_once(bench)

    def test_the_payload_does_not_depend_on_when_it_is_built(self, bench: Bench) -> None:
        """What is sent again must be the same event: no random ids and no reading of the clock."""
        first, second = _built(bench, bench.item()), _built(bench, bench.item())
        demand(
            first == second,
            "Building the same conversion twice gives the same payload",
            found="two previews of one conversion differ",
            mend="derive every id from the conversion, and every time from occurred_at or request.now",
        )

    def test_unknown_settings_and_click_ids_are_left_alone(self, bench: Bench) -> None:
        """A connection may have been saved by a newer version; other platforms' click ids are always there."""
        settings = {**bench.settings, "conformance_unknown": {"nested": [1, None]}}
        connection = bench.request([]).connection
        user = bench.item().user
        item = bench.item(user=type(user)(**{**_fields(user), "click_ids": {**user.click_ids, "unknown_click": "x"}}))
        answer = bench.send([item], connection=type(connection)(connection.id, connection.account_id, settings))
        demand(
            all(answer.taken) and not bench.refused(),
            "Settings and click ids the plugin does not know are ignored",
            found=f"{answer.kinds} {bench.refused()[:1]}",
            mend="read settings by name with .get(name, default), never **settings",
        )

    def test_an_empty_connection_has_defaults(self, bench: Bench) -> None:
        """A connection saved before a setting existed does not hold it."""
        connection = bench.request([]).connection
        answer = bench.send([bench.item()], connection=type(connection)(connection.id, connection.account_id, {}))
        demand(
            answer.error is None and not bench.refused(),
            "A setting that is missing has its default",
            found=answer.kinds,
            mend="read settings by name with .get(name, default)",
        )

    def test_a_person_nobody_knows_can_be_sent(self, bench: Bench) -> None:
        """Without any identifier an item is taken or refused in words, never a crash."""
        user = bench.item().user
        answer = bench.send([bench.item(user=type(user)())])
        outcome = answer.outcomes[0]
        demand(
            answer.error is None and (answer.taken[0] or getattr(outcome, "reason", "")) and not bench.refused(),
            "An item without identifiers is taken, or refused in words before the platform does",
            found=f"{outcome!r} {bench.refused()[:1]}",
            mend="answer Invalid with the pointer of what is missing",
        )

    def _held_once(self, bench: Bench) -> None:
        demand(
            bench.held() == 1,
            "The platform holds one event, however often it was sent",
            found=f"it holds {bench.held()}",
            mend="send the conversion's own id in the field the platform deduplicates by",
        )


def _forms(amount: Decimal, digits: int) -> list[str]:
    """Return patterns of the amount in major units, minor units and micros."""
    plain = format(amount, "f")
    whole, _, fraction = plain.partition(".")
    major = rf"{whole}\.{fraction.rstrip('0')}0*" if fraction.rstrip("0") else rf"{whole}(\.0+)?"
    units = [major, format(int(amount.scaleb(digits)), "d"), format(int(amount.scaleb(6)), "d")]
    return [rf"(?<![\d.]){form}(?![\d.])" for form in units]


def _built(bench: Bench, item: Conversion) -> str:
    return json.dumps(bench.preview([item]), default=str, sort_keys=True)


def _fields(value: Any) -> dict[str, Any]:
    return {name: getattr(value, name) for name in value.__dataclass_fields__}
