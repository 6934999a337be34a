"""What a check found: a state, what was seen, and what to do about it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class State(StrEnum):
    """``warn`` works, but not for long or not as it should; ``fail`` does not work."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report; ``remedy`` is empty when all is well."""

    check: str
    state: State
    says: str
    remedy: str = ""

    def as_dict(self) -> dict[str, Any]:
        """The form for machines."""
        return {name: str(value) for name, value in asdict(self).items()}


Check = Callable[[], Iterable[Finding]]


def ok(check: str, says: str) -> Finding:
    """All is well."""
    return Finding(check, State.OK, says)


def warn(check: str, says: str, remedy: str) -> Finding:
    """Something wants attention."""
    return Finding(check, State.WARN, says, remedy)


def fail(check: str, says: str, remedy: str) -> Finding:
    """Something does not work."""
    return Finding(check, State.FAIL, says, remedy)


def graded(check: str, value: float, says: str, remedy: str, *, warn_from: float, fail_from: float) -> Finding:
    """Judge a number that is better the smaller it is."""
    if value >= fail_from:
        return fail(check, says, remedy)
    return warn(check, says, remedy) if value >= warn_from else ok(check, says)
