"""Cases about batches: empty, full, too big, mixed, in order."""

from __future__ import annotations

from datetime import timedelta

from adrail.conversions import Conversion, Ignored, Invalid, Retry
from adrail.errors import InvalidPayloadError
from adrail.testing.bench import Bench
from adrail.testing.declarations import Declarations
from adrail.testing.factories import NOW
from adrail.testing.verdict import demand

UNHEARD_OF = "conformance_unheard_of"


class BatchCases(Declarations):
    """What `send` owes its caller for any number of items.

    Core never hands over more than ``limits.max_batch`` items. Whatever it hands over, the sender answers one outcome
    per item in order, or raises for the call as a whole.
    """

    def test_limits_are_usable(self, bench: Bench) -> None:
        """Core cuts its batches by them."""
        limits = bench.sender.limits
        demand(
            limits.max_batch >= 1 and limits.max_bytes >= 1 and limits.max_age > timedelta(0) and limits.rate > 0,
            "Limits are positive",
            found=limits,
            mend="state what the vendor publishes: items and bytes a request, oldest event, requests a second",
        )

    def test_an_empty_batch_is_no_call(self, bench: Bench) -> None:
        """Nothing to send means nothing leaves."""
        answer = bench.send([])
        demand(
            answer.error is None and answer.outcomes == [] and not bench.records(),
            "An empty batch is answered with an empty list, without a request",
            found=f"{answer.kinds}, {len(bench.records())} requests",
            mend="return [] before the client is asked",
        )

    def test_a_full_batch_is_taken(self, bench: Bench) -> None:
        """The stated limit is one the platform keeps."""
        count = bench.sender.limits.max_batch
        answer = bench.send(bench.items(count))
        demand(
            all(answer.taken) and bench.held() == count,
            f"A batch of limits.max_batch = {count} good items is taken as a whole",
            found=f"{sum(answer.taken)} taken, the sandbox holds {bench.held()}; {answer.kinds}; {bench.refused()[:2]}",
            mend="lower limits.max_batch, or split the request inside send",
        )

    def test_one_too_many_is_refused_or_split(self, bench: Bench) -> None:
        """Core never does this; a caller that does must not lose anything in silence."""
        count = bench.sender.limits.max_batch + 1
        answer = bench.send(bench.items(count))
        if isinstance(answer.error, InvalidPayloadError):
            demand(
                not bench.records(),
                "A batch over the limit is refused before anything is sent",
                found=f"{len(bench.records())} requests left before InvalidPayloadError",
                mend="compare len(request.items) with limits.max_batch first",
            )
            return
        demand(
            answer.error is None and bench.held() == sum(answer.taken),
            "A batch over the limit raises InvalidPayloadError, or is split with one outcome per item",
            found=f"{answer.kinds}; {sum(answer.taken)} said to be taken, the sandbox holds {bench.held()}",
            mend="raise InvalidPayloadError naming the limit",
        )

    def test_outcomes_are_in_the_order_of_the_items(self, bench: Bench) -> None:
        """Good and unusable items alternate; each gets its own answer."""
        items = [bench.item(number) if number % 2 else bench.item(number, canonical=UNHEARD_OF) for number in range(6)]
        answer = bench.send(items)
        demand(
            answer.taken == [bool(number % 2) for number in range(6)],
            "Outcomes stand in the order of the items, also when some are not sent",
            found=answer.kinds,
            mend="keep each item's place while filtering, and put its outcome back there",
        )
        self._only_these_left(bench, [item for item in items if item.canonical != UNHEARD_OF], items)

    def test_an_event_without_a_name_is_ignored(self, bench: Bench) -> None:
        """Not everything that happens means something to every platform."""
        answer = bench.send([bench.item(canonical=UNHEARD_OF)])
        demand(
            isinstance(answer.outcomes[0], Ignored) and not bench.records(),
            "A conversion that event_names does not hold is Ignored, and nothing leaves",
            found=f"{answer.kinds}, {len(bench.records())} requests",
            mend='answer Ignored("not_mapped") for it',
        )

    def test_every_named_event_can_be_sent(self, bench: Bench, canonical: str) -> None:
        """A complete conversion of each kind is taken, or ignored for a stated reason."""
        answer = bench.send([bench.item(canonical=canonical, search_string="jazz")])
        fine = answer.taken[0] or isinstance(answer.outcomes[0], Ignored)
        demand(
            fine and not bench.refused(),
            f"A complete {canonical} is taken by the platform, or ignored with a reason",
            found=f"{answer.outcomes[0]!r} {bench.refused()[:2]}",
            mend="build what the vendor's documents demand of it, or leave it out of event_names",
        )

    def test_what_is_too_old_does_not_sink_its_batch(self, bench: Bench) -> None:
        """An event older than limits.max_age is ignored, its neighbours go."""
        age = bench.sender.limits.max_age + timedelta(seconds=1)
        answer = bench.send([bench.item(0), bench.item(1, occurred_at=NOW - age), bench.item(2)])
        demand(
            answer.taken == [True, False, True] and isinstance(answer.outcomes[1], Ignored),
            "An event older than limits.max_age is Ignored and does not harm the others",
            found=answer.kinds,
            mend='judge age by request.now and answer Ignored("too_old")',
        )

    def test_an_event_of_the_future_harms_nobody(self, bench: Bench) -> None:
        """Clocks run ahead; its neighbours go."""
        answer = bench.send([bench.item(0), bench.item(1, occurred_at=NOW + timedelta(days=1)), bench.item(2)])
        demand(
            answer.taken[::2] == [True, True] and (answer.taken[1] or isinstance(answer.outcomes[1], Retry | Invalid)),
            "An event from the future waits or is refused, and does not harm the others",
            found=answer.kinds,
            mend="answer Retry with a reason that names the clock",
        )

    def test_half_a_batch_refused_leaves_the_other_half_alone(self, bench: Bench) -> None:
        """The platform blames one event; only that one dies, or the whole call is refused for core to halve."""
        self.unless("silent_on_bad_events")
        demand(
            bench.plays("invalid_event"),
            "The sandbox can refuse one event of a batch",
            found="no fault kind `invalid_event`",
            mend="play it with params.index, or declare silent_on_bad_events with the reason",
        )
        bench.arm("invalid_event", params={"index": 1})
        answer = bench.send([bench.item(0, canonical=UNHEARD_OF), *(bench.item(number) for number in range(1, 5))])
        if isinstance(answer.error, InvalidPayloadError):
            demand(
                answer.error.index in (None, 2),
                "InvalidPayloadError.index is the place among request.items, not among what was sent",
                found=f"index {answer.error.index} when the second of the sent items, the third of all, was blamed",
                mend="translate the platform's place back, or leave index out and core halves the batch",
            )
            return
        others = [answer.outcomes[place] for place in (1, 3, 4)]
        demand(
            isinstance(answer.outcomes[2], Invalid) and not any(isinstance(item, Invalid) for item in others),
            "When the platform blames one event, that one is Invalid and the others are not",
            found=answer.kinds,
            mend="read which event was blamed; where it was none, raise InvalidPayloadError and core halves the batch",
        )

    def test_a_test_code_never_stops_a_batch(self, bench: Bench) -> None:
        """Platforms without test events take them as they are, or only try them."""
        answer = bench.send([bench.item()], test_code="TEST12345")
        demand(
            all(answer.taken) and not bench.refused(),
            "A request with a test code is answered like any other",
            found=f"{answer.kinds} {bench.refused()[:2]}",
            mend="pass test_code on where the platform has such a thing, else leave it out",
        )

    def _only_these_left(self, bench: Bench, sent: list[Conversion], items: list[Conversion]) -> None:
        wire = bench.wire()
        missing = [item.event_id for item in sent if item.event_id not in wire and str(item.order_id) not in wire]
        leaked = [item.event_id for item in items if item not in sent and item.event_id in wire]
        demand(
            not missing and not leaked,
            "Exactly the items whose outcome says so have left",
            found=f"not on the wire: {missing}; on the wire all the same: {leaked}",
            mend="send event_id or order_id with every event, and only the items that may go",
        )
