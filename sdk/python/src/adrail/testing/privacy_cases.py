"""Cases about what must not show: people, secrets, and what nobody agreed to."""

from __future__ import annotations

import json
import logging
import re
from dataclasses import replace

import pytest

from adrail.conversions import ConsentReceipt
from adrail.sandbox.admin import as_item
from adrail.testing.bench import Bench
from adrail.testing.declarations import Declarations
from adrail.testing.factories import CLICK_IDS, NEVER_CLEAR, NOW, PERSON, SOURCE_URL, order_id
from adrail.testing.verdict import demand

DIGEST = re.compile(r"\b[0-9a-fA-F]{64}\b")


class PrivacyCases(Declarations):
    """What reaches logs, errors, outcomes and the wire."""

    def test_nothing_personal_in_logs_errors_and_outcomes(
        self, bench: Bench, caplog: pytest.LogCaptureFixture, any_fault: str
    ) -> None:
        """Whatever goes wrong: messages reach log files, support requests and the delivery page."""
        caplog.set_level(logging.DEBUG)
        if any_fault != "none":
            bench.arm(any_fault, params={"seconds": 20})
        request = bench.request(bench.items(2), read_timeout=0.3)
        answer = bench.send(request.items, read_timeout=0.3)
        text = "\n".join([repr(request), answer.text(), caplog.text])
        found = [name for name, value in self._canaries(bench).items() if value in text]
        demand(
            not found,
            "Logs, exceptions and outcomes hold no identifier, no hash of one, no token and no payload",
            found=f"with the fault {any_fault}: {', '.join(found)}",
            mend="never repeat the vendor's text or the HTTP library's exception; raise your own error outside of the "
            "except block, so that it drags no context along; keep secrets out of addresses that get logged",
        )

    def test_people_are_hashed_on_the_wire(self, bench: Bench) -> None:
        """E-mail address, phone number and names leave hashed or not at all."""
        bench.send([bench.item()])
        wire = f"{bench.wire()} {json.dumps(bench.preview([bench.item()]), default=str)}"
        digits = NEVER_CLEAR["phone"][-9:]
        found = [name for name, value in NEVER_CLEAR.items() if value.lower() in wire.lower()]
        demand(
            not found and digits not in wire,
            "E-mail addresses, phone numbers and names never leave in clear",
            found=", ".join(found) or "the phone number",
            mend="normalise, then HashedIdentifier.of(…).hexdigest(); reveal() only for that",
        )

    def test_a_preview_sends_nothing_and_shows_no_secret(self, bench: Bench) -> None:
        """The delivery page shows it; the caller masks identifiers, not secrets it does not know of."""
        items = bench.items(2)
        previews = bench.preview(items)
        text = json.dumps(previews, default=str)
        secrets = [name for name, value in bench.credentials.items() if value in text]
        demand(
            len(previews) == len(items) and not bench.records() and not secrets,
            "preview returns one payload per item, asks nobody and holds no secret",
            found=f"{len(previews)} payloads of {len(items)} items, {len(bench.records())} requests, secrets {secrets}",
            mend="build the payload with the same pure function as send, and stop there",
        )

    def test_what_is_not_given_is_not_sent(self, bench: Bench) -> None:
        """A visitor withdrew between two calls: core leaves the item out, and no trace of it may leave later."""
        bench.send([bench.item(1), bench.item(2)])
        bench.server.host.reset()
        bench.send([bench.item(3)])
        bench.preview([bench.item(3)])
        wire = bench.wire()
        found = [text for text in (order_id(1), order_id(2), bench.item(1).event_id) if text in wire]
        demand(
            not found and len(bench.records()) > 0,
            "A call sends the items it was given, and nothing of an earlier call",
            found=f"on the wire again: {found}, {len(bench.records())} requests",
            mend="keep no queue and no state in the plugin; core batches and repeats",
        )

    def test_the_payload_knows_what_was_agreed_to(self, bench: Bench) -> None:
        """Analytics alone allows no identifier for advertising; where the platform has a consent field, it differs."""
        if len(self.platform.consent_purposes) == 1:
            self._same_without_ledger(bench)
            return
        shown = {purpose: self._preview_for(bench, purpose) for purpose in self.platform.consent_purposes}
        digests = DIGEST.findall(shown["analytics"]) if "analytics" in shown else []
        demand(
            len(set(shown.values())) == len(shown) and not digests,
            "The consent receipt's purpose decides what the payload holds and says",
            found=f"{len(set(shown.values()))} different payloads for {', '.join(shown)}; "
            f"{len(digests)} hashed identifiers with analytics alone",
            mend="fill the platform's consent field from conversion.consent.purpose, and send hashed identifiers for "
            "marketing only",
        )

    def test_the_sandbox_masks_secrets_in_its_records(self, bench: Bench) -> None:
        """Its records are shown on a page and end in bug reports."""
        bench.send([bench.item()])
        shown = json.dumps([as_item(bench.server.host, record) for record in bench.records()], default=str)
        found = [name for name, value in bench.credentials.items() if value in shown]
        demand(
            not found,
            "Recorded requests show no secret",
            found=", ".join(found),
            mend="name the query parameter, header or body field in the emulator's `secrets`",
        )

    def _same_without_ledger(self, bench: Bench) -> None:
        bare = replace(bench.item(), consent=ConsentReceipt("marketing", None, None, NOW))
        answer = bench.send([bare])
        demand(
            all(answer.taken),
            "A receipt without a ledger row is enough: core checked it",
            found=answer.kinds,
            mend="leave judging consent to core",
        )

    def _preview_for(self, bench: Bench, purpose: str) -> str:
        item = replace(bench.item(), consent=ConsentReceipt(purpose, 41, NOW, NOW))
        return json.dumps(bench.preview([item]), default=str, sort_keys=True)

    def _canaries(self, bench: Bench) -> dict[str, str]:
        digests = DIGEST.findall(json.dumps(bench.preview([bench.item()]), default=str))
        return {
            **PERSON,
            **CLICK_IDS,
            **{f"hash {place}": digest for place, digest in enumerate(digests)},
            **bench.credentials,
            "source_url": SOURCE_URL.rpartition("/")[2],
        }
