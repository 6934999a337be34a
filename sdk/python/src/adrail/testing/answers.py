"""What came of one call of `send`, and what holds for every answer whatever the case."""

from __future__ import annotations

import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from typing import get_args

from adrail.conversions import Accepted, Auth, Ignored, Invalid, Outcome, Retry, Submitted, Throttled
from adrail.errors import AdrailError, AuthError, InvalidPayloadError, NotSupportedError, ThrottledError
from adrail.platform import Platform
from adrail.testing.verdict import broken, demand

OUTCOMES = get_args(Outcome)
TAKEN = (Accepted, Submitted)
LATER = (Retry, Throttled)


@dataclass(frozen=True, slots=True)
class Answer:
    """One outcome per item; ``error`` is what was raised for the whole call, the outcomes then say what it means."""

    outcomes: list[Outcome]
    error: AdrailError | None = None

    @property
    def taken(self) -> list[bool]:
        """Which items the platform took."""
        return [isinstance(outcome, TAKEN) for outcome in self.outcomes]

    @property
    def kinds(self) -> str:
        """The outcomes' names, for messages: they hold nothing of the payload."""
        kinds = ", ".join(type(outcome).__name__ for outcome in self.outcomes[:8]) or "no outcome"
        more = f" … {len(self.outcomes)} in all" if len(self.outcomes) > 8 else ""
        return f"{kinds}{more}" + (f" (raised {type(self.error).__name__})" if self.error else "")

    def codes(self) -> set[str]:
        """Return every code of the platform the answer carries."""
        codes = {getattr(outcome, "code", "") for outcome in self.outcomes}
        return (codes | ({self.error.code} if self.error else set())) - {""}

    def text(self) -> str:
        """Return everything of it that may end in a log: representations, messages, tracebacks."""
        parts = [repr(outcome) for outcome in self.outcomes]
        if self.error is not None:
            parts += [repr(self.error), str(vars(self.error)), *traceback.format_exception(self.error, chain=True)]
            inner = [self.error.__context__, self.error.__cause__]
            parts += [f"{item!r} {vars(item)}" for item in inner if item is not None]
        return "\n".join(parts)


def outcome_of(error: AdrailError) -> Outcome:
    """Turn what was raised for the whole call into what it means for each item, as core does."""
    match error:
        case InvalidPayloadError():
            return Invalid(error.pointer, str(error), error.code)
        case AuthError():
            return Auth(str(error), error.code)
        case ThrottledError():
            return Throttled(error.retry_after, str(error))
        case NotSupportedError():
            return Ignored("not_taken")
        case _:
            return Retry(str(error), error.code)


def check_outcomes(outcomes: Sequence[Outcome], count: int) -> None:
    """Demand one outcome per item, each of a known kind and with its reason."""
    demand(
        len(outcomes) == count,
        "send answers one outcome per item, in the order of the items",
        found=f"{len(outcomes)} outcomes for {count} items",
        mend="build the list by position: start from one place per item and fill every one",
    )
    for place, outcome in enumerate(outcomes):
        if not isinstance(outcome, OUTCOMES):
            broken(
                "An outcome is one of Accepted, Submitted, Ignored, Retry, Throttled, Invalid, Auth",
                found=f"{type(outcome).__name__} at place {place}",
                mend="return adrail's outcome types; raise adrail.errors only for the whole call",
            )
        if not isinstance(outcome, (*TAKEN, Throttled)) and not outcome.reason:
            broken(
                "Whatever is not taken says why, in words for people",
                found=f"{type(outcome).__name__} at place {place} has no reason",
                mend="fill `reason`; it is shown on the delivery page, so leave identifiers out",
            )


def check_codes(platform: Platform, answer: Answer) -> None:
    """Demand that people can be told what every code means."""
    unknown = sorted(answer.codes() - set(platform.explain))
    demand(
        not unknown,
        "Platform.explain covers every code the plugin can answer with",
        found=f"unexplained: {', '.join(unknown)}",
        mend="add the code to the table of errors: (what happened, what to do), in plain words",
    )
