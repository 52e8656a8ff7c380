-- A claim that Redis has lost is made again, by the owner itself.
--
-- KEYS   owner
-- ARGV   1 epoch, 2 node, 3 token, 4 next: as they were after the claim; 5 lifetime of the
--        partition's keys (ms)
--
-- Answers: OK, or FENCED <epoch> when another claim came since.
local owner = redis.call('HMGET', KEYS[1], 'epoch', 'next')
local epoch = tonumber(owner[1] or '0')
if epoch > tonumber(ARGV[1]) then
  return 'FENCED ' .. owner[1]
end
if epoch < tonumber(ARGV[1]) then
  local next = math.max(tonumber(owner[2] or '1'), tonumber(ARGV[4]))
  redis.call('HSET', KEYS[1], 'epoch', ARGV[1], 'node', ARGV[2], 'token', ARGV[3], 'call', '0',
    'next', string.format('%.0f', next), 'answer', '')
  redis.call('PEXPIRE', KEYS[1], ARGV[5])
end
return 'OK'
