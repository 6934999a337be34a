"""The class a plugin's tests derive from: it collects the cases that the platform's capabilities call for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from adrail.sandbox import GENERIC_KINDS
from adrail.testing.batch_cases import BatchCases
from adrail.testing.bench import Bench, open_bench
from adrail.testing.fault_cases import FaultCases
from adrail.testing.health_cases import HealthCases
from adrail.testing.payload_cases import PayloadCases
from adrail.testing.pixel_cases import PixelCases
from adrail.testing.platform_cases import PlatformCases
from adrail.testing.privacy_cases import PrivacyCases
from adrail.testing.sandbox_cases import SandboxCases
from adrail.testing.settings_cases import SettingsCases

NEEDS: dict[type, str] = {
    PixelCases: "pixel",
    BatchCases: "conversions",
    PayloadCases: "conversions",
    FaultCases: "conversions",
    PrivacyCases: "conversions",
    HealthCases: "health",
    SandboxCases: "sandbox",
}
"""Group of cases → the capability without which they are not collected."""


class PlatformConformance(
    PlatformCases,
    SettingsCases,
    PixelCases,
    BatchCases,
    PayloadCases,
    FaultCases,
    PrivacyCases,
    HealthCases,
    SandboxCases,
):
    """Derive a class whose name begins with ``Test`` and set ``platform``; `Declarations` lists what else can be said.

    Cases of capabilities that the platform does not have are not collected; a case the platform itself cannot do is
    skipped with the reason that the class declares.
    """

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Drop the cases of capabilities the platform does not have."""
        super().__init_subclass__(**kwargs)
        platform = getattr(cls, "platform", None)
        if platform is None:
            return
        for group, capability in NEEDS.items():
            lacking = getattr(platform, capability) is None
            for name in [name for name in vars(group) if name.startswith("test_")]:
                if lacking or (platform.sandbox is None and "bench" in _parameters(vars(group)[name])):
                    setattr(cls, name, None)

    @pytest.fixture(scope="class")
    @classmethod
    def running_bench(cls) -> Iterator[Bench]:
        """The platform's sandbox, running for all cases of the class."""
        with open_bench(cls.platform, settings=cls.settings, credentials=cls.credentials) as bench:
            yield bench

    @pytest.fixture
    def bench(self, running_bench: Bench) -> Bench:
        """The sandbox without memory of earlier cases."""
        running_bench.server.host.reset()
        return running_bench

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Try every event and every fault the platform names."""
        own = self.platform.sandbox.create().fault_kinds if self.platform.sandbox else ()
        names = sorted(self.platform.conversions.event_names) if self.platform.conversions else ()
        values = {"canonical": names, "own_fault": own, "any_fault": ("none", *GENERIC_KINDS, *own)}
        for parameter, choices in values.items():
            if parameter in metafunc.fixturenames:
                metafunc.parametrize(parameter, choices)


def _parameters(case: Any) -> tuple[str, ...]:
    code = case.__code__
    names: tuple[str, ...] = code.co_varnames[: code.co_argcount]
    return names
