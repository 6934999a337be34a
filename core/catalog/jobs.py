"""Background work of the catalogue: telling of changed statuses, ending what is over, growing older, forgetting."""

from core.catalog import person_aging, status_changes, taste_queries


def tell_status_change(tenant_id: int, change_id: int) -> None:
    """Tell subscribers that a live event's status changed."""
    status_changes.tell(tenant_id, change_id)


def end_live_events() -> None:
    """End live events that are over."""
    status_changes.end_what_is_over()


def age_persons() -> None:
    """Put persons who had a birthday into their new age bands."""
    person_aging.age_everybody()


def forget_expired_interests() -> None:
    """Delete tastes from elsewhere that are over."""
    taste_queries.forget_expired()
