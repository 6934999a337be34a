"""How a broken rule is told: the rule, what was found, how to mend it."""

from __future__ import annotations

from typing import NoReturn

import pytest


def broken(rule: str, *, found: object = "", mend: str) -> NoReturn:
    """Fail the case in words for the plugin's author, without a traceback through the kit."""
    lines = [rule, *([f"found: {found}"] if found != "" else []), f"mend:  {mend}"]
    pytest.fail("\n".join(lines), pytrace=False)


def demand(fulfilled: object, rule: str, *, found: object = "", mend: str) -> None:
    """Fail the case unless the rule is fulfilled."""
    if not fulfilled:
        broken(rule, found=found, mend=mend)
