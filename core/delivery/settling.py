"""Writing what came of deliveries: states and attempts, set-based, in the caller's transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import insert, text
from sqlalchemy.orm import Session

from adrail import Outcome
from adrail.hookspecs import DeliveryFinished
from core.delivery import metrics
from core.delivery.consent import Checked
from core.delivery.models import Delivery, DeliveryAttempt
from core.delivery.sending import Answer
from core.delivery.verdicts import ACCEPTED, DEAD, FAILING, FINAL, Verdict
from core.registry import registry

# Only the holder of the lease has a say: whoever lost it may not undo what the next one found out.
SETTLE = text("""
UPDATE conversion_deliveries d SET
  state = v.state,
  reason = v.reason,
  detail = v.detail,
  platform_code = v.code,
  platform_ref = coalesce(v.reference, d.platform_ref),
  next_attempt_at = CASE WHEN v.final THEN NULL ELSE now() + make_interval(secs => v.wait) END,
  lease_until = NULL,
  settled_at = CASE WHEN v.final THEN now() END,
  sealed_client = CASE WHEN v.erase THEN NULL ELSE d.sealed_client END,
  consent_receipt = coalesce(v.receipt, d.consent_receipt)
FROM jsonb_to_recordset(cast(:verdicts AS jsonb)) AS v(
  id bigint, state text, reason text, detail text, code text, reference text, wait double precision, final boolean,
  erase boolean, receipt jsonb)
WHERE d.id = v.id AND d.state = 'pending' AND d.lease_until = :lease
RETURNING d.id
""")

FAILING_SINCE = text("""
SELECT a.delivery_id, min(a.at) AS since FROM delivery_attempts a
WHERE a.delivery_id = ANY(:ids) AND a.outcome = ANY(:failing) AND a.at > coalesce(
  (SELECT max(b.at) FROM delivery_attempts b WHERE b.delivery_id = a.delivery_id AND b.outcome <> ALL(:failing)),
  '-infinity')
GROUP BY a.delivery_id
""")


@dataclass(frozen=True, slots=True)
class Finished:
    """One delivery that reached a final state, with the outcome that brought it there."""

    row: Delivery
    verdict: Verdict
    outcome: Outcome | None


def failing_since(session: Session, delivery_ids: Sequence[int]) -> dict[int, datetime]:
    """Return when each delivery's present run of failed attempts began; one without such a run is missing.

    A refusal because of credentials or a replay ends a run: waiting for a person does not use up the three days.
    """
    if not delivery_ids:
        return {}
    rows = session.execute(FAILING_SINCE, {"ids": list(delivery_ids), "failing": list(FAILING)})
    return {row.delivery_id: row.since for row in rows}


def settle(
    session: Session,
    lease: datetime,
    rows: Sequence[Delivery],
    verdicts: Mapping[int, Verdict],
    checked: Mapping[int, Checked],
) -> set[int]:
    """Apply verdicts (by delivery id) to rows leased until ``lease``; returns the ids that were still ours."""
    entries = [_entry(row.id, verdicts[row.id], checked[row.id]) for row in rows if row.id in verdicts]
    if not entries:
        return set()
    return set(session.scalars(SETTLE, {"verdicts": orjson.dumps(entries).decode(), "lease": lease}))


def _entry(delivery_id: int, verdict: Verdict, checked: Checked) -> dict[str, Any]:
    return {
        "id": delivery_id,
        "state": verdict.state,
        "reason": verdict.reason,
        "detail": verdict.detail,
        "code": verdict.code,
        "reference": verdict.reference,
        "wait": (verdict.wait or timedelta(0)).total_seconds(),
        "final": verdict.state in FINAL,
        # A dead letter may be replayed and needs the address once more; the sweep erases it when that is too late.
        "erase": verdict.state in FINAL and verdict.state != DEAD,
        "receipt": checked.as_receipt(),
    }


def record_attempts(
    session: Session, rows: Sequence[Delivery], verdicts: Mapping[int, Verdict], answers: Mapping[int, Answer]
) -> None:
    """Append one attempt per answered delivery, also where the lease was lost: it did leave."""
    entries = [
        {
            "tenant_id": row.tenant_id,
            "delivery_id": row.id,
            "at": answers[row.id].at,
            "duration_ms": answers[row.id].duration_ms,
            "outcome": verdicts[row.id].attempt,
            "code": verdicts[row.id].code,
            "message": verdicts[row.id].detail,
            "reference": answers[row.id].reference or verdicts[row.id].reference,
            "sent": answers[row.id].sent,
        }
        for row in rows
        if row.id in answers
    ]
    if entries:
        session.execute(insert(DeliveryAttempt), entries)


def announce(finished: Sequence[Finished]) -> None:
    """Count final states and tell plugins; call it after the commit."""
    now = datetime.now(UTC)
    for item in finished:
        row, verdict = item.row, item.verdict
        reason = verdict.reason or ""
        metrics.DELIVERIES.labels(platform=row.provider, state=verdict.state, reason=reason).inc()
        if verdict.state == ACCEPTED:
            metrics.LAG_SECONDS.labels(platform=row.provider).observe((now - row.received_at).total_seconds())
        event = DeliveryFinished(row.tenant_id, row.id, row.provider, verdict.state, reason)
        registry().call("delivery_finished", event=event, outcome=item.outcome)
