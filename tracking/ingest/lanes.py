"""Scripts that take entries from a shard's stream and its tenants' lanes in turn, and finish them."""

from __future__ import annotations

from core.scripts import Script

# Without a lane there is no group, and with the lane the group goes: it is made when it is missing.
_READ = """
local function read(stream, start, most)
  local command = {'XREADGROUP', 'GROUP', ARGV[1], ARGV[2], 'COUNT', most, 'STREAMS', stream, start}
  local answer = redis.pcall(unpack(command))
  if answer and answer.err then
    if not string.find(answer.err, 'NOGROUP') or redis.call('EXISTS', stream) == 0 then return {} end
    redis.call('XGROUP', 'CREATE', stream, ARGV[1], '0')
    answer = redis.call(unpack(command))
  end
  return answer and answer[1] and answer[1][2] or {}
end
"""

# Every stream has its turn, some entries each, until there is enough for a transaction. Readers begin with the lanes
# after the last one that they had, so that none is left out where there are more than fit.
# KEYS: pairs of a shard's stream and its set of lanes. ARGV: group, reader, entries a turn, most entries, most events
# (a kilobyte counts as one more), the last lane. Answers the last lane that had a turn, how many lanes there are, then
# pairs of stream and entries.
TAKE = Script(
    _READ
    + """
local turn, most, enough = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local function weight(fields)
  local found = 1
  for i = 1, #fields, 2 do
    found = found + #fields[i + 1] / 1000
    if fields[i] == 'n' then found = found + tonumber(fields[i + 1]) - 1 end
  end
  return found
end
local own, lanes = {}, {}
for i = 1, #KEYS, 2 do
  own[#own + 1] = KEYS[i]
  for _, lane in ipairs(redis.call('SMEMBERS', KEYS[i + 1])) do lanes[#lanes + 1] = lane end
end
table.sort(lanes)
local first = 1
while lanes[first] and lanes[first] <= ARGV[6] do first = first + 1 end
local streams = own
for i = 0, #lanes - 1 do streams[#streams + 1] = lanes[(first - 1 + i) % #lanes + 1] end
local answer, last, entries, size, found = {ARGV[6], #lanes}, ARGV[6], 0, 0, true
while found and entries < most and size < enough do
  found = false
  for i, stream in ipairs(streams) do
    if i > #KEYS / 2 and (entries >= most or size >= enough) then break end
    local batch = read(stream, '>', math.min(turn, math.max(1, most - entries)))
    if #batch > 0 then
      found = true
      entries = entries + #batch
      for _, entry in ipairs(batch) do
        size = size + weight(entry[2] or {})
      end
      answer[#answer + 1] = stream
      answer[#answer + 1] = batch
    end
    if i > #KEYS / 2 then answer[1] = stream end
  end
end
return answer
"""
)

# What a reader took and did not finish. KEYS and ARGV: streams; group, reader, most entries.
OWN = Script(
    _READ
    + """
local answer = {}
for _, stream in ipairs(KEYS) do
  local batch = read(stream, '0', ARGV[3])
  if #batch > 0 then answer[#answer + 1] = stream; answer[#answer + 1] = batch end
end
return answer
"""
)

_FINISH = """
local function finish(stream, bytes, ids)
  redis.call('XACK', stream, ARGV[1], unpack(ids))
  local gone = redis.call('XDEL', stream, unpack(ids))
  local shard = string.match(stream, '^(.*:%d+):%d+$')
  if not shard or gone == 0 then return end
  redis.call('HINCRBY', shard .. ':held', 'entries', -gone)
  redis.call('HINCRBY', shard .. ':held', 'bytes', -math.floor(bytes * gone / #ids))
  if redis.call('XLEN', stream) > 0 then return end
  redis.call('DEL', stream)
  redis.call('SREM', shard .. ':lanes', stream)
  if redis.call('SCARD', shard .. ':lanes') == 0 then redis.call('DEL', shard .. ':held') end
end
"""

# Acknowledge and remove entries, at once; a lane that holds nothing more is removed with its group.
# KEYS: streams. ARGV: group, then for each stream its entries' bytes, their number, and their ids.
FINISH = Script(
    _FINISH
    + """
local at = 2
for _, stream in ipairs(KEYS) do
  local count = tonumber(ARGV[at + 1])
  finish(stream, tonumber(ARGV[at]), {unpack(ARGV, at + 2, at + 1 + count)})
  at = at + 2 + count
end
"""
)

# The same for one entry that moves to another stream. KEYS: its stream, the other. ARGV: group, bytes, id, fields.
MOVE = Script(
    _FINISH
    + """
redis.call('XADD', KEYS[2], '*', unpack(ARGV, 4))
finish(KEYS[1], tonumber(ARGV[2]), {ARGV[3]})
"""
)
