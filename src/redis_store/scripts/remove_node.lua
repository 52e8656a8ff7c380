-- A node's record is removed by its own instance.
--
-- KEYS   nodes
-- ARGV   1 name of the record, 2 instance
--
-- Answers 1 when it was there and of that instance.
local stored = redis.call('HGET', KEYS[1], ARGV[1])
if not stored or string.match(stored, '^%S*') ~= ARGV[2] then
  return 0
end
redis.call('HDEL', KEYS[1], ARGV[1])
return 1
