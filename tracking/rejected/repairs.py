"""Simple repairs that mend many events alike: leave a field out, set, move or convert it, give the event its name."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from core.errors import FieldProblem, InvalidInputError

DROP, SET, MOVE, CONVERT, ARRIVAL = "drop", "set", "move", "convert", "arrival_time"
OPERATIONS = (DROP, SET, MOVE, CONVERT, ARRIVAL)
KINDS = ("text", "number", "integer", "boolean")
MAX_REPAIRS = 20
MAX_PATH = 500
MAX_MAGNITUDE = 18
"""Powers of ten: what is larger, or as much smaller than one, is no number of an event and stays as it is."""
NEVER = frozenset({"/event_id"})
"""An event keeps its identity: under another id it would be counted twice."""


@dataclass(frozen=True, slots=True)
class Repair:
    """One change. ``path`` is a JSON pointer, `*` in it stands for every entry of a list.

    ``value`` is what to ``set``, the pointer to ``move`` to, or the kind to ``convert`` to.
    """

    operation: str
    path: str
    value: Any = None


def read_repairs(items: Sequence[Mapping[str, Any]]) -> list[Repair]:
    """Read repairs as JSON has them; raises `InvalidInputError` naming the first that cannot be done."""
    if len(items) > MAX_REPAIRS:
        raise _refused("/repairs", "maxItems", f"at most {MAX_REPAIRS} repairs at a time")
    found = []
    for place, item in enumerate(items):
        repair = Repair(str(item.get("op", "")), str(item.get("path", "")), item.get("value"))
        _check(repair, f"/repairs/{place}")
        found.append(repair)
    return found


def _check(repair: Repair, where: str) -> None:
    if repair.operation not in OPERATIONS:
        raise _refused(f"{where}/op", "choice", f"use one of {', '.join(OPERATIONS)}")
    paths = {"path": repair.path, **({"value": repair.value} if repair.operation == MOVE else {})}
    for name, path in paths.items():
        if not isinstance(path, str) or not path.startswith("/") or len(path) > MAX_PATH:
            raise _refused(f"{where}/{name}", "pointer", "use a JSON pointer such as /payload/price")
        if path in NEVER:
            raise _refused(f"{where}/{name}", "identity", "an event keeps its id: under another it would count twice")
    if repair.operation == MOVE and "*" in f"{repair.path}{repair.value}".split("/"):
        raise _refused(f"{where}/path", "pointer", "only a single field can be moved, not one of every entry")
    if repair.operation == CONVERT and repair.value not in KINDS:
        raise _refused(f"{where}/value", "choice", f"use one of {', '.join(KINDS)}")


def _refused(pointer: str, rule: str, message: str) -> InvalidInputError:
    return InvalidInputError(f"a repair cannot be done: {message}", errors=[FieldProblem(pointer, rule, message)])


def repaired(event: Any, repairs: Sequence[Repair], received_at: datetime) -> Any:
    """Return a copy of an event with the repairs done in order; what a path does not find stays as it is."""
    changed = copy.deepcopy(event)
    for repair in repairs:
        _apply(changed, repair, received_at)
    return changed


def _apply(event: Any, repair: Repair, received_at: datetime) -> None:
    make = repair.operation in {SET, ARRIVAL}
    for place, name in list(_places(event, _parts(repair.path), make=make)):
        if repair.operation == DROP:
            _remove(place, name)
        elif repair.operation == SET:
            _put(place, name, copy.deepcopy(repair.value))
        elif repair.operation == ARRIVAL:
            _put(place, name, received_at.isoformat())
        elif repair.operation == CONVERT:
            _put(place, name, _converted(_get(place, name), repair.value))
        else:
            value = _get(place, name)
            _remove(place, name)
            for target, target_name in _places(event, _parts(repair.value), make=True):
                _put(target, target_name, value)


def _parts(path: str) -> list[str]:
    return [part.replace("~1", "/").replace("~0", "~") for part in path.split("/")[1:]]


def _places(node: Any, parts: Sequence[str], *, make: bool) -> Iterator[tuple[Any, str | int]]:
    """Every container and name that a path leads to; with ``make`` missing objects on the way are made."""
    head, rest = parts[0], parts[1:]
    for name in _names(node, head):
        if not rest:
            if make or _has(node, name):
                yield node, name
            continue
        if make and isinstance(node, dict) and name not in node:
            node[str(name)] = {}
        if _has(node, name):
            yield from _places(_get(node, name), rest, make=make)


def _names(node: Any, part: str) -> list[str | int]:
    if isinstance(node, dict):
        return [part]
    if isinstance(node, list):
        # From the end, so that leaving an entry out moves none that is still to come.
        every = range(len(node) - 1, -1, -1)
        return list(every) if part == "*" else [int(part)] if part.isascii() and part.isdecimal() else []
    return []


def _has(node: Any, name: str | int) -> bool:
    return name in node if isinstance(node, dict) else isinstance(name, int) and 0 <= name < len(node)


def _get(node: Any, name: str | int) -> Any:
    return node[name]


def _put(node: Any, name: str | int, value: Any) -> None:
    if isinstance(node, dict) or _has(node, name):
        node[name] = value


def _remove(node: Any, name: str | int) -> None:
    del node[name]


def _converted(value: Any, kind: str) -> Any:
    """The value as another type where that loses nothing, else the value."""
    try:
        return CONVERTERS[kind](value)
    except (ValueError, InvalidOperation, KeyError, OverflowError):
        return value


def _as_text(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return format(Decimal(str(value)), "f")
    return value


def _as_number(value: Any) -> Any:
    if not isinstance(value, str):
        return int(value) if isinstance(value, bool) else value
    number = Decimal(value.strip().replace(",", ".", 1))
    # A few characters can stand for a number of a billion digits.
    if not number.is_finite() or abs(number.adjusted()) > MAX_MAGNITUDE:
        raise ValueError(value)
    return int(number) if number == number.to_integral_value() else float(number)


def _as_integer(value: Any) -> Any:
    number = _as_number(value)
    if isinstance(number, float) and abs(number) < 10**MAX_MAGNITUDE and number.is_integer():
        return int(number)
    return number if isinstance(number, int) else value


def _as_boolean(value: Any) -> Any:
    known = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
    return known[str(value).strip().lower()] if isinstance(value, str | int) else value


CONVERTERS: Mapping[str, Callable[[Any], Any]] = {
    "text": _as_text,
    "number": _as_number,
    "integer": _as_integer,
    "boolean": _as_boolean,
}
