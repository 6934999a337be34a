"""Remembering when a pixel last fired in a browser."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from core.codes.api import BrowserHit, get_code, note_browser_hits
from core.db.session import tenant_session
from tests.core.codes.helpers import PROVIDER, add_code
from tests.marketplace import Marketplace

P1, P2 = "100000000000001", "100000000000002"
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def note(marketplace: Marketplace, *hits: BrowserHit) -> None:
    with tenant_session(marketplace.tenant_id) as session:
        note_browser_hits(session, hits)


def test_newest_hit_of_each_destination_is_kept_and_nothing_else_changes(
    marketplace: Marketplace, other_marketplace: Marketplace
) -> None:
    seen, silent = add_code(marketplace.staff, P1, level="marketplace"), add_code(marketplace.organizer("org-1"), P2)
    foreign = add_code(other_marketplace.staff, P1, level="marketplace")
    earlier, later = NOW - timedelta(hours=1), NOW
    note(
        marketplace, BrowserHit(PROVIDER, P1, later), BrowserHit(PROVIDER, P1, earlier), BrowserHit("other", P2, later)
    )
    after = get_code(marketplace.staff, seen.id)
    assert (after.last_browser_hit_at, after.version, after.updated_at) == (later, seen.version, seen.updated_at)
    assert get_code(marketplace.staff, silent.id).last_browser_hit_at is None
    assert get_code(other_marketplace.staff, foreign.id).last_browser_hit_at is None


def test_row_is_not_rewritten_with_every_visitor(marketplace: Marketplace) -> None:
    code = add_code(marketplace.staff, P1, level="marketplace")
    for seconds in (0, 20, -600, 59):
        note(marketplace, BrowserHit(PROVIDER, P1, NOW + timedelta(seconds=seconds)))
    assert get_code(marketplace.staff, code.id).last_browser_hit_at == NOW
    note(marketplace, BrowserHit(PROVIDER, P1, NOW + timedelta(seconds=61)))
    assert get_code(marketplace.staff, code.id).last_browser_hit_at == NOW + timedelta(seconds=61)


def test_no_hits_are_no_statement(marketplace: Marketplace) -> None:
    code = add_code(marketplace.staff, P1, level="marketplace")
    note(marketplace)
    assert get_code(marketplace.staff, code.id).last_browser_hit_at is None
