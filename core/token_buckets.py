"""Token buckets in Valkey: how often somebody may do something, counted in one round trip."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass

from redis.commands.core import Script

from core.valkey import client

# A bucket of `limit` tokens refills evenly over a minute. Checks every bucket before taking from any; returns 0, or
# the seconds until the fullest lack is filled. One from the future is from before the clock was set back: it begins
# anew, else whoever was active would be refused for as long as the clock went back. For scripts that charge and act in
# one step: `charge(keys, limits)`.
CHARGE = """
local function charge(keys, limits)
  local time = redis.call('TIME')
  local now = tonumber(time[1]) + tonumber(time[2]) / 1000000
  local levels, wait = {}, 0
  for i, key in ipairs(keys) do
    local limit = tonumber(limits[i])
    local state = redis.call('HMGET', key, 'level', 'at')
    local level = limit
    if state[1] and tonumber(state[2]) <= now then
      level = math.min(limit, tonumber(state[1]) + (now - tonumber(state[2])) * limit / 60)
    end
    levels[i] = level
    if level < 1 then wait = math.max(wait, (1 - level) * 60 / limit) end
  end
  if wait > 0 then return math.ceil(wait) end
  for i, key in ipairs(keys) do
    redis.call('HSET', key, 'level', tostring(levels[i] - 1), 'at', tostring(now))
    redis.call('EXPIRE', key, 120)
  end
  return 0
end
"""
TAKE = CHARGE + "return charge(KEYS, ARGV)"


@dataclass(frozen=True, slots=True)
class Bucket:
    """One limit: who it counts, and requests per minute."""

    subject: str
    per_minute: int

    @property
    def key(self) -> str:
        """Its key in Valkey."""
        return f"adrail:rate:{self.subject}"


def take(buckets: Sequence[Bucket]) -> int:
    """Take one token from each bucket; returns 0, or the seconds to wait when one is empty (then none is charged)."""
    return int(_script()(keys=[item.key for item in buckets], args=[item.per_minute for item in buckets]))


@functools.cache
def _script() -> Script:
    return client().register_script(TAKE)
