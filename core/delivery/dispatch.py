"""Sending what is due on one connection: prepare a batch, call the platform, write what came of it, and the next one.

The network is never touched inside a transaction. A crash at any point leaves rows whose lease runs out, and they are
sent again under the same event id, by which the platform knows them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import groupby

import orjson
import structlog
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.orm import Session

from adrail import Accepted, Auth, Outcome, Retry, SendRequest, Throttled
from core.connections.api import mark_needs_reconnect, mark_working, throttle
from core.db.session import tenant_session
from core.delivery import claims
from core.delivery.backoff import pause
from core.delivery.models import Delivery
from core.delivery.preparing import Batch, next_look, prepare
from core.delivery.sending import Answer, Courier, stops, unreachable
from core.delivery.settling import Finished, announce, failing_since, record_attempts, settle
from core.delivery.verdicts import FINAL, judge
from core.registry import registry, transport

BUDGET_SECONDS = 100.0
"""A job ends by itself well before its time limit, which would strike anywhere."""
TURN_SECONDS = 0.5
"""Where more is due than a platform takes at once, the next connection's turn comes after this."""
RENEW_SECONDS = 30.0
KEEP_SECONDS = 45.0
"""Longer than a database needs to start again, and short enough for the job's time limit."""
KEEP_PAUSE_SECONDS = 0.5
AWAY = (OperationalError, InterfaceError, PoolTimeoutError)

log = structlog.get_logger(__name__)


def nothing_to_do() -> None:
    """For callers that need no notice."""


def run(
    tenant_id: int,
    connection_id: int,
    *,
    before_claim: Callable[[], None] = nothing_to_do,
    sign_of_life: Callable[[], None] = nothing_to_do,
    budget_seconds: float = BUDGET_SECONDS,
) -> timedelta | None:
    """Send what is due until that is done, others should have their turn or nobody can be reached.

    What comes in meanwhile waits for the next turn: connections in a steady trickle would else keep the worker from
    each other, and by then it is one batch instead of many small ones.

    Returns when to come back, None when nothing waits or a person has to act first.
    """
    started = time.monotonic()
    deadline = started + budget_seconds
    while time.monotonic() < deadline:
        before_claim()
        batch = prepare(tenant_id, connection_id)
        if not isinstance(batch, Batch):
            return batch.wait
        if not batch.rows:
            continue
        outcomes = _send(tenant_id, batch, Lease(tenant_id, batch, sign_of_life, deadline))
        if unreachable(outcomes):
            # Other connections first: as long as the platform is away, every call here may be a time-out waited for.
            break
        if not batch.full or time.monotonic() - started > TURN_SECONDS:
            return next_look(tenant_id, connection_id)
    return timedelta(0)


class Lease:
    """The lease of a batch, prolonged while its calls take their time."""

    def __init__(self, tenant_id: int, batch: Batch, sign_of_life: Callable[[], None], deadline: float) -> None:
        self.until = batch.lease
        self._tenant_id = tenant_id
        self._ids = [row.id for row in batch.rows]
        self._sign_of_life = sign_of_life
        self._deadline = deadline
        self._renewed = time.monotonic()

    def may_go_on(self) -> bool:
        """Whether there is time for one more call and the rows are still ours."""
        if time.monotonic() > self._deadline:
            return False
        if time.monotonic() - self._renewed < RENEW_SECONDS:
            return True
        self._sign_of_life()
        try:
            with tenant_session(self._tenant_id) as session:
                until = claims.renew(session, self._ids, self.until)
        except AWAY:
            return False  # what was answered so far must be written first
        self.until, self._renewed = until or self.until, time.monotonic()
        return until is not None


def _send(tenant_id: int, batch: Batch, lease: Lease) -> list[Outcome]:
    """Send a batch and write what came of it; returns the outcomes of what was tried."""
    provider = batch.connection.provider
    courier = Courier(registry().conversions(provider), provider, registry().origin(provider), lease.may_go_on)
    answers: dict[int, Answer] = {}
    for rows in _groups(batch):
        answered = zip(rows, courier.deliver(_request(batch, rows)), strict=True)
        answers.update((row.id, answer) for row, answer in answered if answer is not None)
        if stops([answer.outcome for answer in answers.values()]):
            break
    announce(_keep(tenant_id, batch, lease, answers))
    return [answer.outcome for answer in answers.values()]


def _groups(batch: Batch) -> Iterator[list[Delivery]]:
    """One request speaks for one destination with one set of settings, and as a whole is a test or is none."""

    def key(row: Delivery) -> tuple[str, str, bytes]:
        settings = orjson.dumps(batch.settings[row.code_id], option=orjson.OPT_SORT_KEYS)
        return row.public_id, row.conversion.get("test_code") or "", settings

    for _, group in groupby(sorted(batch.rows, key=key), key=key):
        yield list(group)


def _request(batch: Batch, rows: Sequence[Delivery]) -> SendRequest:
    return SendRequest(
        connection=replace(batch.connection.ref, settings=batch.settings[rows[0].code_id]),
        credentials=batch.connection.credentials,
        items=[batch.conversions[row.id] for row in rows],
        test_code=rows[0].conversion.get("test_code"),
        now=batch.now,
        transport=transport(registry().get(batch.connection.provider)),
    )


def _keep(tenant_id: int, batch: Batch, lease: Lease, answers: Mapping[int, Answer]) -> list[Finished]:
    """Write what came of a batch, also when the database is away for a moment: else everything would leave again."""
    last_try = time.monotonic() + KEEP_SECONDS
    while True:
        try:
            return _write(tenant_id, batch, lease, answers)
        except AWAY as exc:
            if time.monotonic() > last_try:
                raise
            log.warning("answers of a platform wait for the database", answers=len(answers), reason=type(exc).__name__)
            time.sleep(KEEP_PAUSE_SECONDS)


def _write(tenant_id: int, batch: Batch, lease: Lease, answers: Mapping[int, Answer]) -> list[Finished]:
    """Write outcomes, attempts and the connection's state in one transaction; returns what is final now."""
    tried = [row for row in batch.rows if row.id in answers]
    with tenant_session(tenant_id) as session:
        failed = [row.id for row in tried if isinstance(answers[row.id].outcome, Retry | Throttled)]
        since = failing_since(session, failed)
        verdicts = {
            row.id: judge(
                answers[row.id].outcome, attempts=row.attempts, failing_since=since.get(row.id), now=answers[row.id].at
            )
            for row in tried
        }
        settled = settle(session, lease.until, tried, verdicts, batch.checked)
        record_attempts(session, tried, verdicts, answers)
        claims.release(session, [row.id for row in batch.rows if row.id not in answers], lease.until)
        _tell_connection(session, batch, answers.values())
    return [
        Finished(row, verdicts[row.id], answers[row.id].outcome)
        for row in tried
        if row.id in settled and verdicts[row.id].state in FINAL
    ]


def _tell_connection(session: Session, batch: Batch, answers: Iterable[Answer]) -> None:
    outcomes = [answer.outcome for answer in answers]
    refused = next((outcome for outcome in outcomes if isinstance(outcome, Auth)), None)
    if refused is not None:
        mark_needs_reconnect(session, batch.connection, refused.reason, refused.code)
    elif any(isinstance(outcome, Accepted) for outcome in outcomes):
        mark_working(session, batch.connection)
    waits = [outcome.retry_after for outcome in outcomes if isinstance(outcome, Throttled)]
    if waits:
        throttle(session, batch.connection.ref.id, datetime.now(UTC) + pause(max(waits)))
