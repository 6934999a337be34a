"""The consent ledger against an account of every word ever said."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.db.session import tenant_session
from core.privacy.api import (
    DIRECT_SOURCE,
    ConsentStatement,
    current_consent,
    denied_after,
    explicit_grants,
    record_statements,
)
from tests.marketplace import Marketplace

START = datetime(2026, 11, 20, tzinfo=UTC)
SUBJECTS = (("visitor", "v"), ("person", "p"))
WORDS = st.lists(
    st.tuples(
        st.sampled_from(SUBJECTS), st.sampled_from(["marketing", "analytics"]), st.integers(0, 40), st.booleans()
    ),
    max_size=12,
    unique_by=lambda word: word[:3],
)
Word = tuple[tuple[str, str], str, int, bool]


def at(minute: int) -> datetime:
    return START + timedelta(minutes=minute)


def say(marketplace: Marketplace, token: str, words: list[Word], source: str) -> int:
    statements = [
        ConsentStatement(kind, f"{name}-{token}", {purpose: granted}, source, at(minute))
        for (kind, name), purpose, minute, granted in words
    ]
    with tenant_session(marketplace.tenant_id) as session:
        return record_statements(session, marketplace.tenant_id, statements)


def check_answers(marketplace: Marketplace, token: str, words: list[Word], after: int) -> None:
    """The ledger's answers are those of reading all words from the first to the last."""
    questions = [(subject, purpose) for subject in SUBJECTS for purpose in ("marketing", "analytics")]
    with tenant_session(marketplace.tenant_id) as session:
        answers = denied_after(
            session,
            marketplace.tenant_id,
            [(kind, f"{name}-{token}", purpose, at(after)) for (kind, name), purpose in questions],
        )
        known = {
            subject: current_consent(session, marketplace.tenant_id, subject[0], f"{subject[1]}-{token}")
            for subject in SUBJECTS
        }
    for position, (subject, purpose) in enumerate(questions):
        said = sorted((minute, granted) for who, what, minute, granted in words if (who, what) == (subject, purpose))
        later = [granted for minute, granted in said if minute > after]
        assert (position in answers) == bool(later)
        assert not later or answers[position][0] is (not later[-1])
        assert known[subject].get(purpose, {}).get("granted") == (said[-1][1] if said else None)


def test_direct_words_count_in_the_order_of_saying_however_they_arrive(marketplace: Marketplace) -> None:
    @given(WORDS.flatmap(st.permutations), st.integers(1, 5), st.integers(0, 40))
    def check(words: list[Word], size: int, after: int) -> None:
        token = uuid.uuid4().hex
        for start in range(0, len(words), size):
            assert say(marketplace, token, words[start : start + size], DIRECT_SOURCE) == len(
                words[start : start + size]
            )
        assert say(marketplace, token, words, DIRECT_SOURCE) == 0
        check_answers(marketplace, token, words, after)

    check()


def test_snapshots_in_order_leave_one_row_per_change(marketplace: Marketplace) -> None:
    @given(WORDS, st.integers(1, 5))
    def check(words: list[Word], size: int) -> None:
        token = uuid.uuid4().hex
        ordered = sorted(words, key=lambda word: word[2])
        written = sum(say(marketplace, token, ordered[n : n + size], "event") for n in range(0, len(ordered), size))
        changes, latest = 0, dict[tuple[tuple[str, str], str], bool]()
        for subject, purpose, _, granted in ordered:
            changes += latest.get((subject, purpose)) is not granted
            latest[subject, purpose] = granted
        assert written == changes
        with tenant_session(marketplace.tenant_id) as session:
            for (subject, purpose), granted in latest.items():
                known = current_consent(session, marketplace.tenant_id, subject[0], f"{subject[1]}-{token}")
                assert known[purpose]["granted"] is granted

    check()


@pytest.mark.parametrize("known", [True, False])
def test_a_batch_around_a_word_that_is_known_already_keeps_what_follows_it(
    marketplace: Marketplace, known: bool
) -> None:
    visitor = SUBJECTS[0]
    say(marketplace, "x", [(visitor, "marketing", 3, known)], DIRECT_SOURCE)
    around: list[Word] = [(visitor, "marketing", 1, not known), (visitor, "marketing", 5, not known)]
    assert say(marketplace, "x", around, "event") == 2
    with tenant_session(marketplace.tenant_id) as session:
        latest = current_consent(session, marketplace.tenant_id, "visitor", "v-x")["marketing"]
    assert (latest["granted"], latest["since"]) == (not known, at(5))


def test_only_direct_words_are_explicit_and_the_latest_counts(marketplace: Marketplace) -> None:
    visitor, marketing = SUBJECTS[0], "marketing"
    say(marketplace, "a", [(visitor, marketing, 1, True)], "event")
    say(marketplace, "b", [(visitor, marketing, 1, True)], DIRECT_SOURCE)
    say(marketplace, "c", [(visitor, marketing, 1, True), (visitor, marketing, 2, False)], DIRECT_SOURCE)
    # Said directly after an event had told the same.
    say(marketplace, "d", [(visitor, marketing, 1, True)], "event")
    say(marketplace, "d", [(visitor, marketing, 1, True)], DIRECT_SOURCE)
    with tenant_session(marketplace.tenant_id) as session:
        found = explicit_grants(session, marketplace.tenant_id, ["v-a", "v-b", "v-c", "v-d"], marketing)
    assert found == {"v-b", "v-d"}


def test_a_marketplace_reads_its_own_ledger_only(marketplace: Marketplace, other_marketplace: Marketplace) -> None:
    say(marketplace, "x", [(SUBJECTS[0], "marketing", 1, False)], DIRECT_SOURCE)
    with tenant_session(other_marketplace.tenant_id) as session:
        for tenant_id in (marketplace.tenant_id, other_marketplace.tenant_id):
            assert current_consent(session, tenant_id, "visitor", "v-x") == {}
            assert denied_after(session, tenant_id, [("visitor", "v-x", "marketing", START)]) == {}


def test_unknown_purposes_are_not_recorded(marketplace: Marketplace) -> None:
    assert say(marketplace, "x", [(SUBJECTS[0], "world domination", 1, True)], DIRECT_SOURCE) == 0
