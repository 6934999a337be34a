"""What `make proof` runs and writes."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from tests.proof.checks import find_checks, read_results
from tests.proof.report import report

EXAMPLE = '''"""A file that tries its luck."""

from hypothesis import given
from tests.rounds import rounds


@given(None)
def test_by_example(x):
    assert x


def test_within():
    @given(None)
    def check(x):
        assert x


def test_by_rounds():
    assert rounds(1, 2)


def test_plain():
    assert True
'''
RESULTS = """<testsuites><testsuite>
<testcase name="test_by_example" time="1.5"/>
<testcase name="test_by_rounds[a]" time="2.5"><failure message="no"/></testcase>
<testcase name="test_plain" time="0.1"/>
</testsuite></testsuites>"""


def test_files_that_try_their_luck_are_found_with_the_tests_that_do(tmp_path: Path) -> None:
    (tmp_path / "core").mkdir()
    (tmp_path / "core" / "test_lucky.py").write_text(EXAMPLE, "utf-8")
    (tmp_path / "test_plain.py").write_text('"""Nothing to try."""\n', "utf-8")
    (check,) = find_checks(tmp_path)
    assert (check.name, check.about) == ("core/test_lucky", "A file that tries its luck.")
    assert check.lucky == {"test_by_example", "test_within", "test_by_rounds"}
    assert not check.passed


def test_the_report_names_what_holds_and_what_does_not(tmp_path: Path) -> None:
    (tmp_path / "test_lucky.py").write_text(EXAMPLE, "utf-8")
    (tmp_path / "results.xml").write_text(RESULTS, "utf-8")
    (check,) = find_checks(tmp_path)
    check.tests = read_results(tmp_path / "results.xml")
    page = report([check], 7, date(2026, 11, 20))
    assert "- Result: failed: test_lucky" in page
    assert "| `test_lucky` | A file that tries its luck. | 2 | 4 | **fails** |" in page
    assert "- by example: holds, 1.5 s" in page
    assert "by rounds[a]: **fails**" in page


def test_this_projects_own_checks_are_among_them() -> None:
    names = {check.name for check in find_checks(Path(__file__).resolve().parents[1])}
    assert {"tracking/ingest/test_exactly_once", "tracking/collector/test_hostile", "core/privacy/test_ledger"} <= names
