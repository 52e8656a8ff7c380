-- What the store is: made by the first who opens it.
--
-- KEYS   store
-- ARGV   1 format, 2 partition count, 3 lifetime (ms)
--
-- Answers format and partition count as they are stored now.
if redis.call('EXISTS', KEYS[1]) == 0 then
  redis.call('HSET', KEYS[1], 'format', ARGV[1], 'partitions', ARGV[2])
end
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return redis.call('HMGET', KEYS[1], 'format', 'partitions')
