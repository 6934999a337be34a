"""Cases about the emulator: it speaks for the vendor's documents, not for the plugin's reading of them."""

from __future__ import annotations

from datetime import datetime

from adrail.platform import SandboxProvider
from adrail.sandbox import FaultError, PlatformSandbox, SandboxRequest
from adrail.testing.bench import Bench
from adrail.testing.declarations import Declarations
from adrail.testing.imports import sandbox_imports
from adrail.testing.verdict import broken, demand


class SandboxCases(Declarations):
    """What a platform's sandbox must be."""

    def test_the_sandbox_is_of_this_platform(self) -> None:
        """It is mounted below the slug."""
        emulator = self._provider().create()
        demand(
            isinstance(emulator, PlatformSandbox) and emulator.slug == self.platform.slug,
            "create() returns a PlatformSandbox with the platform's slug",
            found=f"{type(emulator).__name__} {getattr(emulator, 'slug', None)!r}",
            mend=f'slug: ClassVar[str] = "{self.platform.slug}"',
        )

    def test_every_sandbox_starts_empty(self) -> None:
        """Two installations on one machine must not share a memory."""
        first, second = self._provider().create(), self._provider().create()
        demand(
            first is not second,
            "create() returns a new emulator each time",
            found="the same object twice",
            mend="make the emulator inside create()",
        )

    def test_unknown_faults_are_refused(self, bench: Bench) -> None:
        """A misspelt fault that is armed and never played would prove nothing."""
        try:
            bench.arm("conformance_unheard_of")
        except FaultError:
            return
        broken(
            "The sandbox refuses fault kinds it does not know",
            found="it armed `conformance_unheard_of`",
            mend="name the platform's own kinds in fault_kinds, and nothing else",
        )

    def test_unknown_paths_are_refused(self, bench: Bench) -> None:
        """A wrong address must not look like success."""
        host = bench.server.host
        answers = []
        for endpoint in self.platform.endpoints:
            request = self._request(f"/{endpoint}/conformance/unheard/of", host.now())
            answers.append(host.sandboxes[self.platform.slug].handle(request))
        odd = [answer.status for answer in answers if not 400 <= answer.status < 500]
        demand(
            not odd,
            "A path the vendor does not have is answered with 4xx",
            found=odd,
            mend="match whole paths, and answer the rest as the vendor does",
        )

    def test_the_sandbox_does_not_share_the_plugins_mistakes(self) -> None:
        """An emulator that imports the builders accepts whatever they make."""
        found = sandbox_imports(type(self._provider()))
        demand(
            not found,
            "The sandbox imports nothing of its plugin outside of the sandbox package",
            found="; ".join(found),
            mend="write the rules from the vendor's documents a second time, inside sandbox/",
        )

    def test_resetting_forgets_everything(self, bench: Bench) -> None:
        """Every test starts with an empty platform."""
        if self.platform.conversions is not None:
            bench.send([bench.item()])
            bench.server.host.reset()
            bench.send([bench.item()])
            demand(
                bench.held() == 1 or self.keeps_duplicates,
                "After a reset the platform has not seen any event",
                found=f"it holds {bench.held()} of one event",
                mend="empty the emulator's memory in reset()",
            )
        bench.server.host.reset()
        demand(
            not bench.records(),
            "A reset empties the record",
            found=f"{len(bench.records())} requests",
            mend="leave the record to the sandbox server",
        )

    def _provider(self) -> SandboxProvider:
        if self.platform.sandbox is None:
            raise LookupError("sandbox cases are collected for platforms with a sandbox only")
        return self.platform.sandbox

    @staticmethod
    def _request(path: str, now: datetime) -> SandboxRequest:
        return SandboxRequest("GET", path, {}, {}, b"", now)
