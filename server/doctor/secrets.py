"""Checks of the master keys: everything opens, and nothing hangs on a key that is to be dropped."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from core.connections.api import dead_secrets
from core.security.crypto import keyring
from core.security.resealing import sealed_columns, unreadable
from core.tables import metadata
from server.doctor.findings import Finding, fail, ok, warn
from server.operations.rotation import census_of_keys


def keys() -> Iterator[Finding]:
    """Every data key and secret opens; which master key sealed what."""
    ring, total = keyring(), Counter[str]()
    for counts in census_of_keys().values():
        total += counts
    unknown = sorted(key or "an unreadable one" for key in total if not ring.knows(key))
    if unknown:
        yield fail(
            "master keys",
            f"not configured: {', '.join(unknown)}, which sealed {sum(total[key] for key in unknown)} things",
            "Put the key back into ADRAIL_MASTER_KEYS, behind the others; then `adrail keys rotate`.",
        )
    others = sorted(key for key in total if key != ring.current and ring.knows(key))
    if others:
        yield warn(
            "master keys",
            f"still needed beside {ring.current}: {', '.join(others)}, for {sum(total[key] for key in others)} things",
            "Run `adrail keys rotate`; do not drop them before.",
        )
    broken = [
        f"{item.name} of row {row}"
        for item in sealed_columns(metadata)
        if item.purpose == "data-key"
        for row in unreadable(item, ring)
    ]
    broken += [f"the secret of connection {number}" for number in dead_secrets()]
    if broken:
        yield fail(
            "sealed data",
            f"does not open: {', '.join(broken[:10])}",
            "Is the right master key configured? Otherwise restore these rows from a backup.",
        )
    if not unknown and not others and not broken:
        yield ok("master keys", f"everything is sealed under {ring.current} and opens")
