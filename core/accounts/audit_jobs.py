"""Background jobs of the audit log; they may run twice without harm."""

from __future__ import annotations

import structlog

from core.accounts.audit_anchors import make_anchor
from core.accounts.audit_checking import audited_tenants, check_audit

log = structlog.get_logger(__name__)


def anchor() -> int:
    """Anchor every marketplace's log that grew; returns how many anchors were made."""
    return sum(make_anchor(tenant_id) is not None for tenant_id, _ in audited_tenants())


def check() -> list[str]:
    """Check every marketplace's log; what does not fit is an error in the log of the process. Returns those slugs."""
    broken = []
    for tenant_id, slug in audited_tenants():
        result = check_audit(tenant_id)
        if result.found is not None:
            log.error("audit log broken", tenant=slug, entry=result.found.entry_id, reason=str(result.found))
            broken.append(slug)
    return broken
