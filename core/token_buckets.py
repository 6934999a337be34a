"""Token buckets in Valkey: how often somebody may do something, counted in one round trip."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from core.scripts import Script

# A bucket of `limit` tokens refills evenly over a minute; its level and when that was stand in one string. Checks every
# bucket before taking from any; returns 0, or the seconds until the fullest lack is filled. One from the future is from
# before the clock was set back: it begins anew, else whoever was active would be refused for as long as the clock went
# back. For scripts that charge and act in one step: `charge(keys, limits, now)`, `now` in seconds.
CHARGE = """
local function charge(keys, limits, now)
  if #keys == 0 then return 0 end
  local levels, wait = {}, 0
  for i, state in ipairs(redis.call('MGET', unpack(keys))) do
    local limit = tonumber(limits[i])
    local level, at = limit, nil
    if state then level, at = string.match(state, '^(%S+) (%S+)$') end
    if at and tonumber(at) <= now then
      level = math.min(limit, tonumber(level) + (now - tonumber(at)) * limit / 60)
    else
      level = limit
    end
    levels[i] = level
    if level < 1 then wait = math.max(wait, (1 - level) * 60 / limit) end
  end
  if wait > 0 then return math.ceil(wait) end
  for i, key in ipairs(keys) do
    redis.call('SET', key, string.format('%.9g %.6f', levels[i] - 1, now), 'EX', 120)
  end
  return 0
end
local function seconds()
  local time = redis.call('TIME')
  return tonumber(time[1]) + tonumber(time[2]) / 1000000
end
"""
TAKE = Script(CHARGE + "return charge(KEYS, ARGV, seconds())")


class Bucket(NamedTuple):
    """One limit: who it counts, and requests per minute."""

    subject: str
    per_minute: int

    @property
    def key(self) -> str:
        """Its key in Valkey. Not the one of versions that kept hashes: while servers are replaced, both are used."""
        return f"adrail:bucket:{self.subject}"


def take(buckets: Sequence[Bucket]) -> int:
    """Take one token from each bucket; returns 0, or the seconds to wait when one is empty (then none is charged)."""
    return int(TAKE([item.key for item in buckets], [item.per_minute for item in buckets]))
