"""Background work of the catalogue: telling of changed statuses, ending what is over."""

from core.catalog import status_changes


def tell_status_change(tenant_id: int, change_id: int) -> None:
    """Tell subscribers that a live event's status changed."""
    status_changes.tell(tenant_id, change_id)


def end_live_events() -> None:
    """End live events that are over."""
    status_changes.end_what_is_over()
