-- A partition is handed back by a process that did not claim it: its node's former process did, or it
-- does not know whether its last call was applied. It then belongs to nobody, and keeps its epoch.
--
-- KEYS   owner
-- ARGV   1 epoch
--
-- Answers
--   OK 1, OK 0      handed back; belonged to nobody already
--   FENCED <epoch>  the partition has another epoch
local owner = redis.call('HMGET', KEYS[1], 'epoch', 'node')
if owner[1] ~= ARGV[1] then
  return 'FENCED ' .. (owner[1] or '0')
end
if owner[2] == '0' then
  return 'OK 0'
end
redis.call('HSET', KEYS[1], 'node', '0')
return 'OK 1'
