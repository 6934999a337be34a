"""The door of the catalogue: the only module other features import."""

from core.accounts.api import OrganizerView, organizers
from core.catalog.bulk import insert_live_events, insert_past_orders, insert_rows
from core.catalog.consequences import Consequences, consequences, next_statuses
from core.catalog.drafts import MAX_ROWS, RowOutcome, may_write
from core.catalog.event_ids import order_event_id
from core.catalog.forms import RowField, form_of
from core.catalog.import_mapping import Shape, read_mapping
from core.catalog.import_orders import ORDER_ROWS
from core.catalog.import_persons import PERSONS as PERSON_ROWS
from core.catalog.import_reading import Row, open_source
from core.catalog.import_rows import catalog_sink
from core.catalog.import_running import Progress, Run, run_import
from core.catalog.import_sinks import Prepared, Reject, Sink, Stored
from core.catalog.kinds import KINDS, Kind, kind_named
from core.catalog.lists import get_row, list_rows, names_of
from core.catalog.order_news import on_order_placed
from core.catalog.order_payments import PaymentFact, emit_payment
from core.catalog.order_queries import get_order, list_orders
from core.catalog.order_states import STATUSES as ORDER_STATUSES
from core.catalog.order_store import is_placed
from core.catalog.order_views import OrderDetail, OrderLineView, OrderView, TransitionView
from core.catalog.orders import OrderResult, change_order, place_order
from core.catalog.person_merging import MergePreview, dismiss_duplicate, merge_persons, preview_merge, unmerge_person
from core.catalog.person_queries import REVEAL as REVEAL_PERSONS
from core.catalog.person_queries import get_person, list_duplicates, list_persons, reveal_person
from core.catalog.person_store import PersonOutcome, upsert_persons
from core.catalog.person_views import PersonDetail, PersonRow, Suggestion
from core.catalog.persons import (
    PersonIdentifiers,
    all_names_of,
    external_ids_of,
    forget_in_archive,
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
from core.catalog.row_service import (
    RowChange,
    Saved,
    StatusEntry,
    change_status,
    create_row,
    row_changes,
    save_row,
    status_history,
    undo_change,
    version_of,
)
from core.catalog.status import NEXT, STATUSES, STOPPED, end_of, refusal
from core.catalog.status_changes import StatusChange, on_status_change
from core.catalog.taste_queries import list_follows, list_interests
from core.catalog.tastes import upsert_follows, upsert_interests
from core.catalog.upsert import upsert_rows
from core.catalog.words import slugify

__all__ = [
    "KINDS",
    "MAX_ROWS",
    "NEXT",
    "ORDER_ROWS",
    "ORDER_STATUSES",
    "PERSON_ROWS",
    "REVEAL_PERSONS",
    "STATUSES",
    "STOPPED",
    "Consequences",
    "Kind",
    "LiveEventRef",
    "LiveEventView",
    "MergePreview",
    "OrderDetail",
    "OrderLineView",
    "OrderResult",
    "OrderView",
    "OrganizerView",
    "PaymentFact",
    "PersonDetail",
    "PersonIdentifiers",
    "PersonOutcome",
    "PersonRow",
    "Prepared",
    "Progress",
    "Reject",
    "Row",
    "RowChange",
    "RowField",
    "RowOutcome",
    "Run",
    "Saved",
    "Shape",
    "Sink",
    "StatusChange",
    "StatusEntry",
    "Stored",
    "Suggestion",
    "TicketTypeView",
    "TransitionView",
    "all_names_of",
    "catalog_sink",
    "change_order",
    "change_status",
    "consequences",
    "create_row",
    "dismiss_duplicate",
    "emit_payment",
    "end_of",
    "external_ids_of",
    "forget_in_archive",
    "form_of",
    "get_live_event",
    "get_live_events",
    "get_order",
    "get_person",
    "get_row",
    "insert_live_events",
    "insert_past_orders",
    "insert_rows",
    "is_placed",
    "kind_named",
    "list_duplicates",
    "list_follows",
    "list_interests",
    "list_live_events",
    "list_orders",
    "list_persons",
    "list_rows",
    "live_event_refs",
    "may_write",
    "merge_persons",
    "names_of",
    "next_statuses",
    "on_order_placed",
    "on_status_change",
    "open_source",
    "order_event_id",
    "organizers",
    "person_identifiers",
    "person_ids_by_external",
    "place_order",
    "preview_merge",
    "read_mapping",
    "refusal",
    "reveal_person",
    "row_changes",
    "run_import",
    "save_row",
    "slugify",
    "status_history",
    "ticket_types",
    "undo_change",
    "unmerge_person",
    "upsert_follows",
    "upsert_interests",
    "upsert_persons",
    "upsert_rows",
    "version_of",
]
