-- Between call.lua and a call that Redis has refused because its memory is full (OOM), and that is sent once more: it may
-- take from a reserve beyond maxmemory, so that sessions that run go on to their end, which frees memory.
--
-- Further answer: an error OOM when the reserve is used up; nothing written.
local kReserve = 0.05 -- of maxmemory

local memory = call('INFO', 'memory')
local function bytes(name)
  return tonumber(string.match(memory, name .. ':(%d+)') or 0)
end
local limit = bytes('maxmemory')
-- As Redis compares: without buffers for replicas and for its log.
local used = bytes('used_memory') - bytes('mem_not_counted_for_evict')
if limit > 0 and used > limit * (1 + kReserve) then
  return redis.error_reply("OOM used memory > 'maxmemory' and the reserve for sessions that run")
end
