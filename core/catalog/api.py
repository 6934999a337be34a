"""The door of the catalogue: the only module other features import."""

from core.accounts.api import OrganizerView, organizers
from core.catalog.bulk import insert_live_events
from core.catalog.event_ids import order_event_id
from core.catalog.orders import OrderResult, change_order, place_order
from core.catalog.person_merging import MergePreview, dismiss_duplicate, merge_persons, preview_merge, unmerge_person
from core.catalog.person_store import PersonOutcome, upsert_persons
from core.catalog.persons import (
    PersonIdentifiers,
    all_names_of,
    external_ids_of,
    person_identifiers,
    person_ids_by_external,
)
from core.catalog.queries import (
    LiveEventView,
    TicketTypeView,
    get_live_event,
    get_live_events,
    list_live_events,
    ticket_types,
)
from core.catalog.references import LiveEventRef, live_event_refs

__all__ = [
    "LiveEventRef",
    "LiveEventView",
    "MergePreview",
    "OrderResult",
    "OrganizerView",
    "PersonIdentifiers",
    "PersonOutcome",
    "TicketTypeView",
    "all_names_of",
    "change_order",
    "dismiss_duplicate",
    "external_ids_of",
    "get_live_event",
    "get_live_events",
    "insert_live_events",
    "list_live_events",
    "live_event_refs",
    "merge_persons",
    "order_event_id",
    "organizers",
    "person_identifiers",
    "person_ids_by_external",
    "place_order",
    "preview_merge",
    "ticket_types",
    "unmerge_person",
    "upsert_persons",
]
