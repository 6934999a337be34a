"""The registry as it was released last, and writing it down anew: `python -m tests.tracking.registry.released`.

Run it when a version is released, never to silence the comparison: what stands there is what senders rely on.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tracking.registry import EventSpec
from tracking.registry.loader import load

FILE = Path(__file__).with_name("released.json")


def described(spec: EventSpec) -> dict[str, Any]:
    """What senders rely on, with every shared definition filled in."""
    return {
        "sources": sorted(spec.sources),
        "scope": spec.scope,
        "trusted_only": spec.trusted_only,
        "entities": sorted(spec.required_entities),
        "payload": _filled(spec.payload_schema, spec.schema["$defs"]),
    }


def _filled(part: Any, shared: Mapping[str, Any]) -> Any:
    if isinstance(part, dict):
        if "$ref" in part:
            return _filled(shared[part["$ref"].rpartition("/")[2]], shared)
        return {name: _filled(value, shared) for name, value in part.items()}
    return [_filled(item, shared) for item in part] if isinstance(part, list) else part


def released() -> dict[str, dict[str, Any]]:
    """Name and version, as `page_view 1`, → what was released."""
    found: dict[str, dict[str, Any]] = json.loads(FILE.read_text("utf-8"))
    return found


def breaks(before: Any, after: Any, place: str = "") -> Iterator[str]:
    """What a sender of the old would stumble over, place by place; a schema may only get optional properties."""
    if not (isinstance(before, dict) and isinstance(after, dict)):
        if before != after:
            yield f"{place}: {before!r} became {after!r}"
        return
    for name, value in before.items():
        if name == "required":
            continue
        if name not in after:
            yield f"{place}/{name}: is gone"
        else:
            yield from breaks(value, after[name], f"{place}/{name}")
    added = set(after.get("required", ())) - set(before.get("required", ()))
    yield from (f"{place}/required: {name} is demanded now" for name in sorted(added))
    if not place.endswith("/properties"):
        yield from (
            f"{place}/{name}: is a new rule" for name in after if name not in {*before, "required", "properties"}
        )


def main() -> None:
    """Write the registry down as it is."""
    copy = {f"{spec.name} {spec.version}": described(spec) for spec in load().all()}
    FILE.write_text(json.dumps(copy, indent=1, sort_keys=True) + "\n", "utf-8")


if __name__ == "__main__":
    main()
