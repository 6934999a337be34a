"""Which hosts a page's content policy lets in."""

from __future__ import annotations

from core.codes.api import csp_sources
from core.registry import registry
from tests.process_state import use_environment


def test_the_vendors_hosts_are_let_in(database: str) -> None:
    with use_environment(ADRAIL_SANDBOX_URL=""):
        sources = csp_sources()
        pixels = [platform.pixel.csp for platform in registry().supporting("pixel") if platform.pixel]

    for kind in ("script", "img", "connect", "frame"):
        assert set(getattr(sources, kind)) == {host for pixel in pixels for host in getattr(pixel, kind)}


def test_with_moved_endpoints_only_those_are_let_in(database: str) -> None:
    with use_environment(ADRAIL_SANDBOX_URL="http://127.0.0.1:8799"):
        sources = csp_sources()

    assert sources.script == sources.img == sources.connect == ("http://127.0.0.1:8799",)
