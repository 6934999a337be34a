"""How often a check that tries its luck is repeated: little in `make test`, much in `make proof`."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, settings

REDUCED, FULL = 30, 2_000
"""Examples of each generated check."""


def register_profiles() -> None:
    """Make Hypothesis' profiles `test` (always the same examples) and `proof` known; `test` holds until told."""
    # A fixture made once per test is what we want: the database is the same for all examples, each brings its own ids.
    everywhere: dict[str, Any] = {
        "deadline": None,
        "database": None,
        "suppress_health_check": [HealthCheck.function_scoped_fixture],
    }
    settings.register_profile("test", max_examples=REDUCED, derandomize=True, **everywhere)
    settings.register_profile("proof", max_examples=FULL, print_blob=True, **everywhere)
    settings.load_profile("test")


def rounds(reduced: int, full: int) -> int:
    """Return ``full`` under the profile `proof`, else ``reduced``."""
    return full if settings.get_current_profile_name() == "proof" else reduced
