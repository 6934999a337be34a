"""A plugin that keeps every rule passes, and what is collected follows from what it can do."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import pytest

from adrail import Platform
from adrail.testing import CANONICAL_EVENTS, PlatformConformance
from core.codes.canonical import CONVERSIONS
from tests.sdk.python.testing.toy import register_platform

TOY = register_platform()


class TestToy(PlatformConformance):
    """Every case, nothing declared."""

    platform = TOY


class TestPixelOnly(PlatformConformance):
    """A platform for browsers alone."""

    platform = replace(TOY, conversions=None, health=None)


def cases(platform: Platform) -> set[str]:
    """Return the cases a class of this platform would run."""
    made = type("TestMade", (PlatformConformance,), {"platform": platform})
    return {name for name in dir(made) if name.startswith("test_") and getattr(made, name) is not None}


def test_capabilities_decide_which_cases_there_are() -> None:
    everything = cases(TOY)
    assert {"test_an_empty_batch_is_no_call", "test_the_page_learns_no_secret", "test_unknown_faults_are_refused"} <= (
        everything
    )
    browser_only = cases(replace(TOY, conversions=None, health=None))
    assert "test_the_page_learns_no_secret" in browser_only
    assert "test_an_empty_batch_is_no_call" not in browser_only
    assert "test_a_working_connection_is_healthy" not in browser_only
    assert "test_the_page_learns_no_secret" not in cases(replace(TOY, pixel=None))
    assert everything - cases(replace(TOY, health=None)) == {
        "test_a_working_connection_is_healthy",
        "test_trouble_is_reported_with_a_remedy",
        "test_without_credentials_nobody_is_asked",
        "test_a_health_check_leaks_no_secret",
    }


def test_without_a_sandbox_one_case_says_what_is_missing() -> None:
    bare = replace(TOY, sandbox=None)
    found = cases(bare)
    assert "test_what_sends_can_be_tried_locally" in found
    assert not {name for name in found if "batch" in name or "sandbox" in name}
    with pytest.raises(pytest.fail.Exception, match="brings a sandbox"):
        type("TestBare", (PlatformConformance,), {"platform": bare})().test_what_sends_can_be_tried_locally()


def test_a_declared_inability_skips_its_cases_with_the_reason() -> None:
    declared = {"platform": TOY, "keeps_duplicates": "it has no memory"}
    case = type("TestDeclared", (PlatformConformance,), declared)()
    with pytest.raises(pytest.skip.Exception, match="Toy Ads: it has no memory"):
        case.unless("keeps_duplicates")


def test_the_kits_canonical_events_hold_every_one_of_the_server() -> None:
    assert set(CONVERSIONS) <= CANONICAL_EVENTS


def test_the_package_itself_does_not_need_the_kit() -> None:
    code = (
        "import sys, adrail, adrail.sandbox; print([n for n in sys.modules if n == 'pytest' or 'adrail.testing' in n])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
