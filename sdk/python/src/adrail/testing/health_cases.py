"""Cases about the health check: plain words, no data about people."""

from __future__ import annotations

import logging

import pytest

from adrail.errors import AdrailError
from adrail.identifiers import Credentials
from adrail.platform import HealthCheck, HealthReport
from adrail.testing.bench import Bench
from adrail.testing.declarations import Declarations
from adrail.testing.verdict import demand


class HealthCases(Declarations):
    """What asking a platform about a connection must be like."""

    def test_a_working_connection_is_healthy(self, bench: Bench) -> None:
        """The sandbox takes the made-up credentials."""
        report = self._check(bench)
        demand(
            report.ok and report.summary.strip() and bench.records(),
            "A working connection is reported as healthy, in a sentence, after asking the platform",
            found=f"{report} {bench.refused()[:1]}",
            mend="ask for something harmless that needs the credentials, and say in words what answered",
        )

    @pytest.mark.parametrize("fault", ["http_500", "html_502", "reset"])
    def test_trouble_is_reported_with_a_remedy(self, bench: Bench, fault: str) -> None:
        """An organiser reads it and wants to know what to do."""
        bench.arm(fault, count=None)
        report = self._check(bench)
        demand(
            not report.ok and report.summary.strip() and report.remedy.strip() and report.code in self.platform.explain,
            "Trouble is reported as not ok, with what happened, what to do, and a code that is explained",
            found=report,
            mend="catch AdrailError, and look its code up in the plugin's explanations",
        )

    def test_without_credentials_nobody_is_asked(self, bench: Bench) -> None:
        """There is nothing to check."""
        report = self._check(bench, credentials=Credentials())
        demand(
            not report.ok and report.remedy.strip() and not bench.records(),
            "Without credentials the report says so, and no request leaves",
            found=f"{report}, {len(bench.records())} requests",
            mend="check the secret first; the remedy says where to find a new one",
        )

    def test_a_health_check_leaks_no_secret(self, bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
        """Its words are shown on a page."""
        caplog.set_level(logging.DEBUG)
        reports = [self._check(bench)]
        bench.arm("html_502")
        reports.append(self._check(bench))
        text = f"{reports} {caplog.text}"
        found = [name for name, value in bench.credentials.items() if value in text]
        demand(
            not found,
            "Reports and logs of a health check hold no secret",
            found=", ".join(found),
            mend="keep the secret out of addresses that get logged, and out of messages",
        )

    def _check(self, bench: Bench, **changes: Credentials) -> HealthReport:
        health = self._health()
        try:
            return health.check(bench.health_request(**changes))
        except AdrailError as error:
            happened, remedy = self.platform.explain.get(error.code, (str(error), ""))
            return HealthReport(False, happened, remedy, error.code)

    def _health(self) -> HealthCheck:
        if self.platform.health is None:
            raise LookupError("health cases are collected for platforms with a health check only")
        return self.platform.health
