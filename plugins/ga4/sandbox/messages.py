"""Validation messages in the shape of Google's validation server."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Message:
    """One finding: ``path`` is a field path such as ``events[0].params.value``, empty for the body as a whole."""

    path: str
    description: str
    code: str = "VALUE_INVALID"

    def as_json(self) -> dict[str, str]:
        """Return it as it stands in ``validationMessages``."""
        place = {"fieldPath": self.path} if self.path else {}
        return {**place, "description": self.description, "validationCode": self.code}


Findings = Iterator[Message]
