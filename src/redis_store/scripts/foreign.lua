-- The beginning of an append by somebody who does not own the partition.
--
-- KEYS[1]      the partition's owner key
-- ARGV, last   'foreign', who appends (a name of one store object), number of its append, rising
--
-- A repetition (its reply was lost) is recognised by the appender's key, which lives for an hour.
local call = redis.call

local function text(number)
  return string.format('%.0f', number)
end

local owner_key = KEYS[1]
local base = string.sub(owner_key, 1, -6) -- without 'owner'
local appender = base .. 'appender:' .. ARGV[#ARGV - 1]
local done = call('HMGET', appender, 'number', 'answer')
if done[1] and tonumber(done[1]) >= tonumber(ARGV[#ARGV]) then
  return 'OK ' .. done[2]
end
-- Numbers from the clock: beyond any that the owner may have been given and that Redis has lost (the
-- owner writes those calls again, with the numbers they had). No owner takes one a microsecond.
local now = call('TIME')
local next = call('HGET', owner_key, 'next') or '1'
local first = math.max(tonumber(next), tonumber(now[1]) * 1000000 + tonumber(now[2]))

local function finish(answer, used)
  call('HSET', owner_key, 'next', text(first + used))
  call('PEXPIRE', owner_key, ARGV[3], 'NX')
  call('HSET', appender, 'number', ARGV[#ARGV], 'answer', answer)
  call('PEXPIRE', appender, 3600000)
  return 'OK ' .. answer
end
