"""Cases about the platform object: names, endpoints, words for people."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from adrail.platform import SDK_VERSION
from adrail.testing.canonical import CANONICAL_EVENTS
from adrail.testing.declarations import Declarations
from adrail.testing.verdict import demand

SLUG = re.compile(r"[a-z][a-z0-9_]*")
PURPOSES = ("marketing", "analytics")


class PlatformCases(Declarations):
    """What every platform must be, whatever it can do."""

    def test_the_slug_is_a_slug(self) -> None:
        """Slugs stand in addresses, tables and metrics."""
        demand(
            SLUG.fullmatch(self.platform.slug),
            "The slug matches [a-z][a-z0-9_]*",
            found=repr(self.platform.slug),
            mend="choose lower-case letters, digits and underscores, a letter first; never change it afterwards",
        )

    def test_it_was_written_for_this_version_of_the_api(self) -> None:
        """The server refuses to start otherwise."""
        demand(
            self.platform.sdk_version.split(".")[0] == SDK_VERSION.split(".")[0],
            f"The plugin was written for plugin API {SDK_VERSION}",
            found=repr(self.platform.sdk_version),
            mend=f'state sdk_version="{SDK_VERSION}" after reading what changed since the version you state',
        )

    def test_people_can_recognise_it(self) -> None:
        """Lists show the name, and the badge where space is short."""
        demand(
            self.platform.display_name.strip() and 1 <= len(self.platform.badge) <= 2,
            "A platform has a display name and a badge of one or two letters",
            found=f"display_name={self.platform.display_name!r}, badge={self.platform.badge!r}",
            mend="fill both in register_platform()",
        )

    def test_it_can_do_something(self) -> None:
        """A platform without any capability is of no use, and the server refuses it."""
        demand(
            self.platform.capabilities(),
            "A platform offers at least one capability",
            mend="give the Platform a pixel, conversions, health or sandbox",
        )

    def test_what_sends_can_be_tried_locally(self) -> None:
        """Whatever talks to a vendor brings the vendor's emulator."""
        talks = self.platform.conversions or self.platform.health or self.platform.pixel
        demand(
            self.platform.sandbox or not talks,
            "A platform that sends or loads something brings a sandbox",
            mend="write the emulator from the vendor's documents and give the Platform its provider",
        )

    def test_endpoints_are_base_urls_of_the_vendor(self) -> None:
        """Paths belong to the client; only these hosts are ever called."""
        for name, url in self.platform.endpoints.items():
            parts = urlsplit(url)
            demand(
                parts.scheme == "https" and parts.hostname and not (parts.path or parts.query or parts.username),
                "Endpoints are https base URLs without path and trailing slash",
                found=f"{name}: {url}",
                mend="keep scheme and host here, and the path in client.py or pixel.py",
            )

    def test_consent_purposes_are_known(self) -> None:
        """An organiser chooses from them; the first is the default."""
        purposes = self.platform.consent_purposes
        demand(
            purposes and len(set(purposes)) == len(purposes) and set(purposes) <= set(PURPOSES),
            f"consent_purposes are one or more of {', '.join(PURPOSES)}, the default first",
            found=purposes,
            mend='state for example consent_purposes=("marketing", "analytics")',
        )

    def test_every_explanation_tells_what_happened_and_what_to_do(self) -> None:
        """They are shown to organisers as they are."""
        for code, words in self.platform.explain.items():
            demand(
                len(words) == 2 and all(part.strip().endswith(".") for part in words),
                "An explanation is two plain sentences: what happened, and what to do",
                found=f"{code}: {words!r}",
                mend='write explain={"CODE": ("What happened.", "What to do.")}',
            )

    def test_event_names_are_canonical_on_the_left_and_the_platforms_on_the_right(self) -> None:
        """A key that is no canonical conversion would never fire."""
        for side in (self.platform.pixel, self.platform.conversions):
            if side is None:
                continue
            unknown = sorted(set(side.event_names) - CANONICAL_EVENTS)
            empty = sorted(name for name, theirs in side.event_names.items() if not theirs.strip())
            demand(
                side.event_names and not unknown and not empty,
                "event_names maps canonical conversions to the platform's own names",
                found=f"in {type(side).__name__}: unknown {unknown}, without a name {empty}",
                mend=f"use keys out of: {', '.join(sorted(CANONICAL_EVENTS))}",
            )
