-- The beginning of every numbered call: may it be applied?
--
-- KEYS[1]      the partition's owner key; the other keys are the call's own
-- ARGV, last   epoch, number of the call, first number for its box entries ('': the next free one)
--
-- Answers, one line of text:
--   OK <answer>             applied now, or earlier (then the stored answer)
--   FENCED <epoch>          the partition has a newer owner; nothing written
--   BEHIND <epoch> <call>   the stored history lacks calls before this one; nothing written
local call = redis.call
local try = redis.pcall -- for what may fail because its key is gone

-- Lua's own tostring() rounds beyond 14 digits.
local function text(number)
  return string.format('%.0f', number)
end

local owner_key = KEYS[1]
local base = string.sub(owner_key, 1, -6) -- without 'owner'
local epoch = ARGV[#ARGV - 2]
local number = tonumber(ARGV[#ARGV - 1])
local owner = call('HMGET', owner_key, 'epoch', 'call', 'next', 'answer')
if owner[1] ~= epoch then
  if owner[1] and tonumber(owner[1]) > tonumber(epoch) then
    return 'FENCED ' .. owner[1]
  end
  return 'BEHIND ' .. (owner[1] or '0') .. ' ' .. (owner[2] or '0')
end
local stored = tonumber(owner[2])
if stored == number then
  return 'OK ' .. owner[4]
end
if stored ~= number - 1 then
  return 'BEHIND ' .. epoch .. ' ' .. owner[2]
end
-- A call that is made again keeps the numbers it was given at first.
local first = tonumber(ARGV[#ARGV]) or tonumber(owner[3])

-- The last write of a call. `used`: numbers given to box entries.
local function finish(answer, used)
  local next = math.max(tonumber(owner[3]), first + used)
  call('HSET', owner_key, 'call', text(number), 'answer', answer, 'next', text(next))
  return 'OK ' .. answer
end
