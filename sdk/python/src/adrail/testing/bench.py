"""A running sandbox with the platform's emulator, spoken to through the plugin as core would."""

from __future__ import annotations

import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import unquote_plus

from adrail.conversions import ConnectionRef, Conversion, Outcome, SendRequest
from adrail.errors import AdrailError
from adrail.identifiers import Credentials
from adrail.platform import ConversionSender, HealthRequest, Platform
from adrail.sandbox import PlatformSandbox, SandboxServer, endpoints_at
from adrail.sandbox.records import Record
from adrail.testing import trial_settings
from adrail.testing.answers import Answer, check_codes, check_outcomes, outcome_of
from adrail.testing.factories import NOW, conversion
from adrail.testing.verdict import broken
from adrail.transport import Transport

__all__ = ["Answer", "Bench", "open_bench"]

REFUSED = ("rejected", "sandbox error", "fault")


@dataclass(frozen=True, slots=True)
class Bench:
    """One platform and the sandbox that stands in for its vendor; its clock stands still at `NOW`."""

    platform: Platform
    server: SandboxServer
    settings: Mapping[str, Any]
    credentials: Mapping[str, str]

    @property
    def sender(self) -> ConversionSender:
        """The platform's conversion sender."""
        if self.platform.conversions is None:
            broken("This case needs a platform that takes conversions", mend="give the Platform `conversions`")
        return self.platform.conversions

    @property
    def destination(self) -> str:
        """The example of the public id."""
        return trial_settings.public_example(self.platform)

    @property
    def canonical(self) -> str:
        """The conversion that cases are tried with: the purchase where the platform takes it."""
        names = list(self.sender.event_names)
        return "order_completed" if "order_completed" in names else names[0]

    def transport(self, read_timeout: float = 10.0) -> Transport:
        """Return where the plugin finds the sandbox; seconds."""
        endpoints = endpoints_at(self.server.url, self.platform)
        return Transport(endpoints, connect_timeout=5.0, read_timeout=read_timeout)

    def item(self, number: int = 0, **changes: Any) -> Conversion:
        """Return a conversion that the platform should take."""
        return conversion(self.destination, number, **({"canonical": self.canonical} | changes))

    def items(self, count: int) -> list[Conversion]:
        """Return that many different ones."""
        return [self.item(number) for number in range(count)]

    def request(self, items: Sequence[Conversion], *, read_timeout: float = 10.0, **changes: Any) -> SendRequest:
        """Return the request core would make for these items."""
        request = SendRequest(
            connection=ConnectionRef(7, self.destination, self.settings),
            credentials=Credentials(self.credentials),
            items=items,
            test_code=None,
            now=NOW,
            transport=self.transport(read_timeout),
        )
        return replace(request, **changes)

    def send(self, items: Sequence[Conversion], **changes: Any) -> Answer:
        """Send through the plugin, and check what holds for every answer."""
        request = self.request(items, **changes)
        try:
            outcomes: Sequence[Outcome] = self.sender.send(request)
        except AdrailError as error:
            answer = Answer([outcome_of(error)] * len(items), error)
        except Exception as error:  # noqa: BLE001 - whatever a plugin does wrong is to be told in words
            last = traceback.extract_tb(error.__traceback__)[-1]
            broken(
                "Only errors of adrail.errors may leave a plugin",
                found=f"send raised {type(error).__name__} at {last.filename}:{last.lineno}",
                mend="catch it where it arises and raise the adrail error that says what the caller does next",
            )
        else:
            check_outcomes(outcomes, len(items))
            answer = Answer(list(outcomes))
        check_codes(self.platform, answer)
        return answer

    def preview(self, items: Sequence[Conversion], **changes: Any) -> list[Mapping[str, Any]]:
        """Return the payloads as the plugin would send them."""
        return list(self.sender.preview(self.request(items, **changes)))

    def health_request(self, **changes: Any) -> HealthRequest:
        """Return the request core makes to check a connection."""
        connection = ConnectionRef(7, self.destination, self.settings)
        request = HealthRequest(connection, Credentials(self.credentials), self.destination, self.transport())
        return replace(request, **changes)

    def arm(self, kind: str, **wish: Any) -> None:
        """Arm a fault of the sandbox."""
        self.server.host.faults.arm({"platform": self.platform.slug, "kind": kind, **wish})

    def plays(self, kind: str) -> bool:
        """Whether the emulator has this fault of its own."""
        return kind in self.server.host.sandboxes[self.platform.slug].fault_kinds

    def records(self) -> list[Record]:
        """Return what the sandbox received."""
        return self.server.host.log.select(self.platform.slug)

    def wire(self) -> str:
        """Return everything that left the plugin, as readable text, except headers."""
        parts = [
            f"{record.request.path} {dict(record.request.query)} {record.request.body.decode(errors='replace')}"
            for record in self.records()
        ]
        return unquote_plus("\n".join(parts))

    def refused(self) -> list[str]:
        """Return the verdicts of requests that the emulator refused."""
        return [record.verdict for record in self.records() if record.verdict.startswith(REFUSED)]

    def held(self) -> int:
        """Return how many different events the platform holds, by the sandbox's own notes."""
        taken = [record for record in self.records() if record.response and not record.verdict.startswith(REFUSED)]
        notes = [record.response.notes for record in taken if record.response and "events" in record.response.notes]
        if taken and not notes:
            broken(
                "A sandbox notes how many `events` a request brought, and how many of them were `duplicates`",
                found=f"notes of {len(taken)} requests without `events`",
                mend='answer with SandboxResponse(…, notes={"events": n, "duplicates": m})',
            )
        return sum(int(note["events"]) - int(note.get("duplicates", 0)) for note in notes)


@contextmanager
def open_bench(
    platform: Platform,
    *,
    settings: Mapping[str, Any] | None = None,
    credentials: Mapping[str, str] | None = None,
    emulator: PlatformSandbox | None = None,
) -> Iterator[Bench]:
    """Run the platform's emulator, or another one in its place, for as long as the context lasts."""
    if emulator is None:
        if platform.sandbox is None:
            broken("A platform is tried against its own sandbox", mend="give the Platform a `sandbox` provider")
        emulator = platform.sandbox.create()
    with SandboxServer([emulator], clock=lambda: NOW) as server:
        yield Bench(
            platform,
            server,
            {**trial_settings.connection_settings(platform), **(settings or {})},
            {**trial_settings.made_up_credentials(platform), **(credentials or {})},
        )
