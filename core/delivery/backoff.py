"""When to try again: exponential back-off with full jitter, and when to give up."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from datetime import timedelta

BASE_SECONDS = 2.0
CAP_SECONDS = 3600.0
GIVE_UP_AFTER = timedelta(days=3)
MAX_PAUSE_SECONDS = 86_400.0


def retry_delay(attempts: int, draw: Callable[[float, float], float] = random.uniform) -> timedelta:
    """Return the wait after ``attempts`` tries: anything between 0 and ``min(1 h, 2 s * 2 ** (attempts - 1))``.

    «Full jitter» of https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/: drawing from the whole
    range spreads the rows that failed together better than adding a little noise to a common time.
    """
    ceiling = min(CAP_SECONDS, BASE_SECONDS * 2.0 ** min(max(attempts - 1, 0), 32))
    return timedelta(seconds=draw(0.0, ceiling))


def pause(seconds: float) -> timedelta:
    """Return the pause a platform asked for, at least a second and at most a day; nonsense counts as a minute."""
    if not math.isfinite(seconds) or seconds < 0:
        seconds = 60.0
    return timedelta(seconds=min(max(seconds, 1.0), MAX_PAUSE_SECONDS))
