-- A node takes a partition by raising its epoch.
--
-- KEYS   owner
-- ARGV   1 the epoch that was read before ('0': none), 2 node, 3 a token of this claim, 4 lifetime of
--        the partition's keys (ms)
--
-- Answers
--   OK <epoch> <next>   claimed now, or earlier by the same token (its reply was lost)
--   MOVED <epoch>       somebody else claimed it meanwhile; read it again
--
-- The epoch is at least the server's clock in ms, and the next number of a box entry its clock in
-- microseconds: so both rise even when the owner key was lost with everything else.
local call = redis.call

local function text(number)
  return string.format('%.0f', number)
end

local owner = call('HMGET', KEYS[1], 'epoch', 'token', 'next')
if owner[2] == ARGV[3] then
  return 'OK ' .. owner[1] .. ' ' .. owner[3]
end
if (owner[1] or '0') ~= ARGV[1] then
  return 'MOVED ' .. owner[1]
end
local now = call('TIME')
local epoch = text(math.max(tonumber(ARGV[1]) + 1, tonumber(now[1]) * 1000 + math.floor(tonumber(now[2]) / 1000)))
local next = text(math.max(tonumber(owner[3] or '1'), tonumber(now[1]) * 1000000 + tonumber(now[2])))
call('HSET', KEYS[1], 'epoch', epoch, 'node', ARGV[2], 'token', ARGV[3], 'call', '0', 'next', next, 'answer', '')
call('PEXPIRE', KEYS[1], ARGV[4])
return 'OK ' .. epoch .. ' ' .. next
