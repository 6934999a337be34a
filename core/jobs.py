"""Background work: named RQ queues with the JSON serializer, jobs by dotted name, and retries."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from rq import Queue, Retry
from rq.job import Job
from rq.serializers import JSONSerializer

from core.valkey import client

CONVERSIONS = "conversions"
DEFAULT = "default"
QUEUES = (CONVERSIONS, "audiences", "campaigns", "features", "exports", DEFAULT)
JOB_TIMEOUT_SECONDS = 180


def queue(name: str) -> Queue:
    """Return a named queue; raises `ValueError` for a name that no worker serves."""
    if name not in QUEUES:
        raise ValueError(f"unknown queue {name!r}; known: {', '.join(QUEUES)}")
    return Queue(name, connection=client(), serializer=JSONSerializer, default_timeout=JOB_TIMEOUT_SECONDS)


def enqueue(queue_name: str, function: str, *args: Any) -> Job:
    """Enqueue ``package.module.function`` with ids (never data); jobs may run twice without harm."""
    return queue(queue_name).enqueue(
        function, args=args, retry=Retry(max=3, interval=[1, 10, 60]), result_ttl=0, failure_ttl=86_400
    )


def enqueue_in(delay: timedelta, queue_name: str, function: str, *args: Any) -> Job:
    """Enqueue after ``delay``; needs a worker started with its scheduler."""
    return queue(queue_name).enqueue_in(delay, function, *args, result_ttl=0, failure_ttl=86_400)
