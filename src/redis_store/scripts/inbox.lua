-- One page of a partition's inbox, for its owner: durable once WAIT has said so.
--
-- Others append to it, and what they appended a moment ago may not be on a replica yet. An owner that acted upon it
-- would act again when its primary fails and they append it once more. WAIT waits for the last write of a connection;
-- a read is none, so this also writes, when there is something to be sure of.
--
-- KEYS   inbox
-- ARGV   1 the number before the page, 2 how many, 3 lifetime of the partition's keys (ms)
--
-- Answers the entries.
local page = redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. ARGV[1], '+inf', 'LIMIT', 0, ARGV[2])
if #page > 0 then
  redis.call('PEXPIRE', KEYS[1], ARGV[3])
end
return page
