"""Settings of one Meta pixel: form, validation, masking and documentation come from here."""

from __future__ import annotations

from dataclasses import dataclass

from adrail import setting


@dataclass(frozen=True, slots=True)
class MetaSettings:
    """One pixel, which Meta also calls dataset, and what may be sent to it."""

    pixel_id: str = setting(
        label="Pixel ID",
        help="Events Manager → Data sources → your pixel; the number stands under its name and in Settings.",
        pattern=r"^[0-9]{5,20}$",
        usual=r"^[0-9]{15,16}$",
        example="123456789012345",
        placeholder="15 or 16 digits",
        public_id=True,
    )
    access_token: str = setting(
        label="Conversions API access token",
        help=(
            "Needed to send conversions from the server. Events Manager → your pixel → Settings → Conversions API → "
            "Generate access token. A token made there belongs to this pixel alone and does not expire."
        ),
        secret=True,
        default="",
    )
    test_event_code: str = setting(
        label="Test event code",
        help=(
            "Events Manager → your pixel → Test events. Shows server events there as they arrive; they still count as "
            "real ones, so empty this field after testing."
        ),
        pattern=r"^[A-Za-z0-9_-]{0,40}$",
        usual=r"^TEST[0-9]+$",
        example="TEST12345",
        default="",
    )
    advanced_matching: bool = setting(
        label="Advanced matching",
        help=(
            "Also send hashed e-mail address, phone number, name, city and country of buyers who agreed to marketing, "
            "so that Meta recognises more of them. Without it only click and browser ids, address and user agent go."
        ),
        default=True,
    )
