"""Runs the stages between collector and platform in this process, one after the other."""

from __future__ import annotations

import threading

from core.jobs import QUEUES
from server.worker import Worker
from tracking.ingest.reader import Reader
from tracking.relay import relay_once


def relay() -> int:
    """Hand on everything in the outbox; returns how many rows."""
    total = 0
    while count := relay_once():
        total += count
    return total


def ingest() -> int:
    """Store everything on the stream; returns how many entries."""
    reader, total = Reader(threading.Event()), 0
    while count := reader.step(block_ms=1):
        total += count
    return total


def work() -> None:
    """Run every job that waits."""
    Worker(QUEUES).work(burst=True, logging_level=None)


def run_pipeline() -> None:
    """From outbox to platform."""
    relay()
    ingest()
    work()
