"""When a tracking code was last heard of from the server's side."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import func, select

from core.accounts.api import Actor
from core.db.session import tenant_session
from core.delivery.models import Delivery
from core.delivery.queries import own_rows
from core.delivery.verdicts import ACCEPTED


def last_accepted(actor: Actor, code_ids: Collection[int]) -> dict[int, datetime]:
    """Return when a platform last accepted something for each of these codes; codes without are left out."""
    if not code_ids:
        return {}
    query = (
        select(Delivery.code_id, func.max(Delivery.settled_at))
        .where(*own_rows(actor), Delivery.code_id.in_(code_ids), Delivery.state == ACCEPTED)
        .group_by(Delivery.code_id)
    )
    with tenant_session(actor.tenant_id) as session:
        return {code_id: at for code_id, at in session.execute(query) if at is not None}
