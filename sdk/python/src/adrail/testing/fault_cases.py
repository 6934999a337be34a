"""Cases about trouble on the way: nothing lost, nothing doubled, nobody told that all is well when it is not."""

from __future__ import annotations

import time

import pytest

from adrail.conversions import Auth, Throttled
from adrail.testing.answers import LATER
from adrail.testing.bench import Answer, Bench, open_bench
from adrail.testing.declarations import Declarations
from adrail.testing.stand_ins import NONSENSE, Chatterbox, Parrot
from adrail.testing.verdict import broken, demand

ON_THE_WAY = ("http_500", "html_502", "reset", "timeout_after")
SHORT = 0.3
PATIENCE = 6.0
PAUSE = 120.0
CONVENTIONS = {
    "silent_on_bad_events": "invalid_event",
    "silent_on_bad_credentials": "expired_token",
    "never_throttles": "throttle",
}
"""Declaration → the fault kind that a sandbox plays where the platform can do it."""


class FaultCases(Declarations):
    """What `send` must make of a platform in trouble."""

    @pytest.mark.parametrize("fault", ON_THE_WAY)
    def test_trouble_on_the_way_is_retried_and_then_it_works(self, bench: Bench, fault: str) -> None:
        """A 5xx, a page instead of an answer, a cut connection, an answer that comes too late."""
        bench.arm(fault, params={"seconds": 20})
        self._may_come_again(bench.send([bench.item()], read_timeout=SHORT), fault)
        bench.server.host.faults.clear()
        again = bench.send([bench.item()])
        demand(
            all(again.taken),
            "After the trouble is over the same call works",
            found=again.kinds,
            mend="keep no state between calls: a session, a flag or a cached answer outlived the failure",
        )

    @pytest.mark.parametrize("answer", list(NONSENSE.values()), ids=list(NONSENSE))
    def test_an_answer_that_is_not_the_platforms_is_never_success(self, answer: object) -> None:
        """Proxies and captive portals answer, too: sometimes with 200."""
        emulator = Parrot(self.platform.slug, answer)  # type: ignore[arg-type]
        with open_bench(
            self.platform, settings=self.settings, credentials=self.credentials, emulator=emulator
        ) as bench:
            said = bench.send([bench.item()], read_timeout=PATIENCE)
            self._may_come_again(said, "an answer that is not the platform's")
            demand(
                len(bench.records()) == 1,
                "An answer is read once: no redirect is followed, nothing is repeated inside send",
                found=f"{len(bench.records())} requests",
                mend="switch off redirects, which carry the token along, and the library's own retries: core repeats",
            )

    def test_after_a_time_out_the_platform_holds_one(self, bench: Bench) -> None:
        """The answer was lost, the event was not: sent again, it must not count twice."""
        self.unless("keeps_duplicates")
        bench.arm("timeout_after", params={"seconds": 20})
        self._may_come_again(bench.send([bench.item()], read_timeout=SHORT), "timeout_after")
        again = bench.send([bench.item()])
        demand(
            all(again.taken) and bench.held() == 1,
            "An event whose answer was lost is taken again and held once",
            found=f"{again.kinds}; the platform holds {bench.held()}",
            mend="send the conversion's own id in the field the platform deduplicates by",
        )

    def test_a_slow_platform_is_given_up_on_in_time(self, bench: Bench) -> None:
        """The transport's time limits hold for the call, however many items it has."""
        bench.arm("slow", count=None, params={"seconds": 20})
        started = time.monotonic()
        answer = bench.send(bench.items(min(bench.sender.limits.max_batch, 25)), read_timeout=SHORT)
        seconds = time.monotonic() - started
        self._may_come_again(answer, "slow")
        demand(
            seconds < PATIENCE,
            "A platform that does not answer is given up on within the transport's time limits",
            found=f"{seconds:.1f} s with a read time-out of {SHORT} s",
            mend="pass transport.connect_timeout and read_timeout on, and stop a call at the first time-out",
        )

    def test_a_throttled_call_says_how_long_to_wait(self, bench: Bench) -> None:
        """Core keeps away for exactly that long."""
        self.unless("never_throttles")
        self._needs(bench, "throttle", "params.seconds and params.minutes, the pause, as the platform states it")
        bench.arm("throttle", params={"seconds": PAUSE, "minutes": PAUSE / 60})
        answer = bench.send(bench.items(2))
        waits = [outcome.retry_after for outcome in answer.outcomes if isinstance(outcome, Throttled)]
        demand(
            len(waits) == 2 and min(waits) >= PAUSE,
            "A throttled call raises ThrottledError, or answers Throttled, with the pause the platform asks for",
            found=f"{answer.kinds}, pauses {waits}",
            mend="read Retry-After or the vendor's own header; raise ThrottledError(…, retry_after=seconds)",
        )

    def test_dead_credentials_are_an_auth_matter(self, bench: Bench) -> None:
        """Core pauses the connection and asks for a new sign-in; a retry would go on for days."""
        self.unless("silent_on_bad_credentials")
        self._needs(bench, "expired_token", "the vendor's answer to an expired token")
        bench.arm("expired_token")
        answer = bench.send(bench.items(2))
        demand(
            all(isinstance(outcome, Auth) for outcome in answer.outcomes),
            "An expired token raises AuthError, or answers Auth for every item",
            found=answer.kinds,
            mend="map the vendor's code for expired and revoked tokens to AuthError",
        )

    def test_without_credentials_nothing_leaves(self, bench: Bench) -> None:
        """A connection that lost its secret asks for a new one."""
        answer = bench.send([bench.item()], credentials=type(bench.request([]).credentials)())
        demand(
            isinstance(answer.outcomes[0], Auth) and not bench.records(),
            "Without credentials send raises AuthError, and no request leaves",
            found=f"{answer.kinds}, {len(bench.records())} requests",
            mend="check the secret before the client opens a connection",
        )

    def test_answers_may_hold_more_than_today(self) -> None:
        """Vendors add fields whenever they like."""
        provider = self.platform.sandbox
        if provider is None:
            broken("This case needs the platform's sandbox", mend="give the Platform a sandbox provider")
        emulator = Chatterbox(provider.create())
        with open_bench(
            self.platform, settings=self.settings, credentials=self.credentials, emulator=emulator
        ) as bench:
            answer = bench.send(bench.items(2))
            demand(
                all(answer.taken),
                "Unknown fields and headers in an answer change nothing",
                found=answer.kinds,
                mend="read the fields you need by name, and do not compare answers as a whole",
            )

    def test_every_fault_of_the_platform_is_met_in_words(self, bench: Bench, own_fault: str) -> None:
        """Whatever the sandbox can play, the plugin answers with an outcome that is explained."""
        bench.arm(own_fault)
        bench.send(bench.items(2))
        odd = [record.verdict for record in bench.records() if record.verdict.startswith("sandbox error")]
        demand(
            not odd,
            "The sandbox can play every fault kind it declares, without parameters",
            found=f"{own_fault}: {odd}",
            mend="give every parameter a default in the emulator's fault()",
        )

    def test_declarations_are_true(self, bench: Bench) -> None:
        """What the sandbox can play, the platform can do."""
        wrong = {name: kind for name, kind in CONVENTIONS.items() if getattr(self, name) and bench.plays(kind)}
        demand(
            not wrong,
            "Nothing is declared impossible that the sandbox plays",
            found=wrong,
            mend="take the declaration away",
        )

    def _needs(self, bench: Bench, kind: str, how: str) -> None:
        declaration = next(name for name, fault in CONVENTIONS.items() if fault == kind)
        demand(
            bench.plays(kind),
            f"The sandbox plays the fault `{kind}`",
            found=f"fault kinds: {', '.join(bench.server.host.sandboxes[self.platform.slug].fault_kinds) or 'none'}",
            mend=f"play it with {how}; or declare {declaration} with the reason",
        )

    def _may_come_again(self, answer: Answer, trouble: str) -> None:
        kinds = {type(outcome) for outcome in answer.outcomes}
        demand(
            kinds and all(issubclass(kind, LATER) for kind in kinds),
            f"After {trouble} every item is to be sent again: RetryableError, or Retry and Throttled outcomes",
            found=answer.kinds,
            mend="count only the platform's documented answer as success; everything unknown is RetryableError",
        )
