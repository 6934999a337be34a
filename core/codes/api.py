"""The door of tracking codes: the only module other features import."""

from core.codes.active import active_codes, forget_codes, settings_for_sending
from core.codes.cache import ConfigCache, Entry
from core.codes.canonical import CANONICAL, CONVERSIONS
from core.codes.config import (
    forget_configs,
    serve,
    tracking_config_for_cart,
    tracking_config_for_event,
    tracking_config_for_organizer,
    tracking_config_for_site,
)
from core.codes.csp import csp_sources
from core.codes.document import adapter_url, content_hash
from core.codes.explain import CodeFact, Explanation, explain
from core.codes.fields import FieldSpec, ProviderView, providers, settings_form
from core.codes.generation import bump_generation, config_generation
from core.codes.history import history
from core.codes.hits import BrowserHit, note_browser_hits
from core.codes.pages import MAX_CART, CartPage, EventPage, OrganizerPage, Page, SitePage
from core.codes.probe import probe_code
from core.codes.queries import get_code, list_codes
from core.codes.resolver import (
    Collapsed,
    Decision,
    OptOut,
    Place,
    Resolution,
    ResolvableCode,
    decide,
    resolve,
    resolve_cart,
)
from core.codes.service import create_code, delete_code, undo, update_code
from core.codes.views import ChangeView, CodeView, FieldChange, ProbeResult

__all__ = [
    "CANONICAL",
    "CONVERSIONS",
    "MAX_CART",
    "BrowserHit",
    "CartPage",
    "ChangeView",
    "CodeFact",
    "CodeView",
    "Collapsed",
    "ConfigCache",
    "Decision",
    "Entry",
    "EventPage",
    "Explanation",
    "FieldChange",
    "FieldSpec",
    "OptOut",
    "OrganizerPage",
    "Page",
    "Place",
    "ProbeResult",
    "ProviderView",
    "Resolution",
    "ResolvableCode",
    "SitePage",
    "active_codes",
    "adapter_url",
    "bump_generation",
    "config_generation",
    "content_hash",
    "create_code",
    "csp_sources",
    "decide",
    "delete_code",
    "explain",
    "forget_codes",
    "forget_configs",
    "get_code",
    "history",
    "list_codes",
    "note_browser_hits",
    "probe_code",
    "providers",
    "resolve",
    "resolve_cart",
    "serve",
    "settings_for_sending",
    "settings_form",
    "tracking_config_for_cart",
    "tracking_config_for_event",
    "tracking_config_for_organizer",
    "tracking_config_for_site",
    "undo",
    "update_code",
]
