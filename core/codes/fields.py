"""The fields of a code's settings: the plugin's own, from its dataclass, and the ones common to every platform."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, dataclass
from decimal import Decimal
from typing import Any, Literal, get_type_hints

from adrail import Platform
from adrail.settings import SettingInfo, public_id_field, setting_fields
from core.codes.canonical import CONVERSIONS
from core.errors import FieldProblem, InvalidInputError
from core.registry import UnknownPlatformError, registry

Kind = Literal["text", "secret", "bool", "choice", "multi"]
COMMON = ("conversion_events", "consent_purpose", "custom_params")
LIST: Any = tuple[str, ...]
KINDS: Mapping[Any, Kind] = {str: "text", int: "text", Decimal: "text", bool: "bool", LIST: "text"}

CONVERSION_LABELS: Mapping[str, str] = {
    "page_view": "Page opened",
    "event_view": "Live event looked at",
    "search_performed": "Search",
    "add_to_cart": "Ticket put in the cart",
    "checkout_started": "Checkout started",
    "payment_method_selected": "Payment method chosen",
    "order_completed": "Order completed",
}
PURPOSE_LABELS: Mapping[str, str] = {"marketing": "Marketing", "analytics": "Analytics"}


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """One field of the form. ``pattern`` must match in full, a miss of ``usual`` only deserves a warning.

    A ``secret`` is write-only: empty means unchanged. ``choices`` are (value, label). A list setting of a plugin is
    ``text`` with commas.
    """

    name: str
    label: str
    help: str
    kind: Kind
    required: bool
    pattern: str = ""
    usual: str = ""
    example: str = ""
    placeholder: str = ""
    choices: tuple[tuple[str, str], ...] = ()
    default: Any = None
    public_id: bool = False


@dataclass(frozen=True, slots=True)
class PluginField:
    """One declared field of a plugin's settings, with its type; ``default`` is None when it is required."""

    name: str
    type: Any
    info: SettingInfo
    required: bool
    default: Any


@dataclass(frozen=True, slots=True)
class ProviderView:
    """A platform that tracking codes can be made for."""

    slug: str
    display_name: str
    badge: str
    has_pixel: bool
    has_conversions: bool


def providers() -> list[ProviderView]:
    """Every installed platform with a browser pixel or server conversions, by slug."""
    return [
        ProviderView(
            item.slug,
            item.display_name,
            item.badge or item.display_name[:1],
            item.pixel is not None,
            item.conversions is not None,
        )
        for item in registry().all()
        if item.pixel or item.conversions
    ]


def platform_of(provider: str) -> Platform:
    """Return the platform of a provider; raises `InvalidInputError` that lists what there is."""
    try:
        platform = registry().get(provider)
    except UnknownPlatformError:
        platform = None
    if platform is None or not (platform.pixel or platform.conversions):
        known = ", ".join(item.slug for item in providers()) or "none is installed"
        problem = FieldProblem("/provider", "one_of", f"choose one of: {known}")
        raise InvalidInputError(f"there is no platform {provider!r} for tracking codes", errors=[problem])
    return platform


def plugin_fields(platform: Platform) -> list[PluginField]:
    """Return the declared fields in order; raises `TypeError` for one that core cannot handle."""
    hints = get_type_hints(platform.settings)
    found = []
    for item, info in setting_fields(platform.settings):
        if hints[item.name] not in KINDS or item.name in COMMON:
            raise TypeError(f"{platform.slug} settings field {item.name!r} has an unsupported type or a reserved name")
        required = item.default is MISSING
        found.append(PluginField(item.name, hints[item.name], info, required, None if required else item.default))
    return found


def settings_form(provider: str) -> list[FieldSpec]:
    """Return the form of a provider: its own fields, then the common ones; raises `InvalidInputError`."""
    platform = platform_of(provider)
    return [_spec(item) for item in plugin_fields(platform)] + _common_specs(platform)


def _spec(item: PluginField) -> FieldSpec:
    info = item.info
    default = ", ".join(item.default) if isinstance(item.default, tuple) else item.default
    return FieldSpec(
        name=item.name,
        label=info.label,
        help=info.help,
        kind="secret" if info.secret else KINDS[item.type],
        required=item.required,
        pattern=info.pattern or (r"^-?\d+$" if item.type is int else ""),
        usual=info.usual,
        example=info.example,
        placeholder=info.placeholder,
        default=None if info.secret else default,
        public_id=info.public_id,
    )


def _common_specs(platform: Platform) -> list[FieldSpec]:
    # Custom parameters are typed key/values; they are set through the API, the form does not offer them.
    events = FieldSpec(
        name="conversion_events",
        label="What is reported",
        help="Each of these is reported to the platform when it happens. All of them unless you choose.",
        kind="multi",
        required=False,
        choices=tuple((name, CONVERSION_LABELS[name]) for name in fires(platform)),
        default=fires(platform),
    )
    purpose = FieldSpec(
        name="consent_purpose",
        label="Consent it needs",
        help="Nothing is loaded or sent before the visitor agreed to this.",
        kind="choice",
        required=False,
        choices=tuple((name, PURPOSE_LABELS[name]) for name in platform.consent_purposes),
        default=platform.consent_purposes[0],
    )
    return [events, purpose] if len(platform.consent_purposes) > 1 else [events]


def fires(platform: Platform) -> tuple[str, ...]:
    """Return the canonical conversions a platform has a name for, in browsers or from the server."""
    names: set[str] = set()
    for side in (platform.pixel, platform.conversions):
        names.update(side.event_names if side else ())
    return tuple(name for name in CONVERSIONS if name in names)


def public_id_name(platform: Platform) -> str:
    """Return the name of the field that holds the public id."""
    return public_id_field(platform.settings)
