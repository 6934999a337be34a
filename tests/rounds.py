"""How often a check that tries its luck is repeated: little in `make test`, much in `make proof`."""

from __future__ import annotations

from hypothesis import settings


def rounds(reduced: int, full: int) -> int:
    """Return ``full`` under the profile `proof`, else ``reduced``."""
    return full if settings.get_current_profile_name() == "proof" else reduced
