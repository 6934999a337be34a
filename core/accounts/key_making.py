"""Writing a key: only its hash and a readable beginning are kept."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from core.accounts.audit import record_audit
from core.accounts.key_kinds import KEY_SCOPES, ORGANIZER, SCANNER, SERVER, default_scopes
from core.accounts.models import ApiKey
from core.accounts.service import Actor, ScannerBinding
from core.security.tokens import key_hash, key_prefix, new_key


@dataclass(frozen=True, slots=True)
class KeyPlan:
    """What a key shall be; without ``scopes`` it gets the usual ones of its kind."""

    kind: str
    name: str
    organizer_id: int | None = None
    scopes: tuple[str, ...] | None = None
    expires_at: datetime | None = None
    binding: ScannerBinding | None = None


def add_key(
    session: Session, actor: Actor, plan: KeyPlan, *, action: str = "key.created", replaces: int | None = None
) -> tuple[ApiKey, str]:
    """Add a key in the caller's transaction; returns its row and the key itself, which nobody can tell again.

    Raises `ValueError` for a plan that makes no sense.
    """
    check_plan(plan)
    key = new_key(plan.kind)
    scopes = plan.scopes or default_scopes(plan.kind)
    row = ApiKey(
        tenant_id=actor.tenant_id,
        kind=plan.kind,
        name=plan.name,
        prefix=key_prefix(key),
        key_hash=key_hash(key),
        organizer_id=plan.organizer_id,
        scopes=[scope for scope in KEY_SCOPES[plan.kind] if scope in scopes],
        expires_at=plan.expires_at,
        created_by=actor.label,
    )
    if plan.binding is not None:
        row.live_event_external_id, row.gate, row.device = (
            plan.binding.live_event,
            plan.binding.gate,
            plan.binding.device,
        )
    session.add(row)
    session.flush()
    session.refresh(row)
    record_audit(session, actor, action, f"key:{row.id}", _told(plan, row, replaces))
    return row, key


def check_plan(plan: KeyPlan) -> None:
    """Raise `ValueError` for a key that would reach too far, or nowhere."""
    if plan.kind not in KEY_SCOPES:
        raise ValueError(f"unknown kind of key {plan.kind!r}; known: {', '.join(KEY_SCOPES)}")
    if plan.kind in {SERVER, ORGANIZER} and (plan.kind == ORGANIZER) != (plan.organizer_id is not None):
        # A key without organiser acts for the whole marketplace.
        raise ValueError("an organizer key needs an organiser, and a server key has none")
    if (plan.kind == SCANNER) != (plan.binding is not None):
        raise ValueError("a scanner key needs live event, gate and device, and no other key has them")
    if plan.scopes and not set(plan.scopes) <= set(KEY_SCOPES[plan.kind]):
        raise ValueError(f"a {plan.kind} key cannot have all of the scopes {', '.join(plan.scopes)}")


def _told(plan: KeyPlan, row: ApiKey, replaces: int | None) -> dict[str, object]:
    detail: dict[str, object] = {"kind": plan.kind, "name": plan.name, "scopes": list(row.scopes)}
    if plan.expires_at is not None:
        detail["expires_at"] = plan.expires_at.isoformat()
    if plan.binding is not None:
        detail["bound_to"] = asdict(plan.binding)
    if replaces is not None:
        detail["replaces"] = replaces
    return detail
