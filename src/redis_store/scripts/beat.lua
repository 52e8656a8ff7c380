-- A node's record is replaced by the next one, if it is the one that its writer expects.
--
-- KEYS   nodes
-- ARGV   1 name of the record, 2 '<instance> <beat>' that is expected ('': no record), 3 those of the
--        new record, 4 the new record, which starts with them and a line's end, 5 lifetime (ms)
--
-- Answers {1 or 0: accepted, the record as it is now (nil: there is none)}. A repetition is accepted.
local stored = redis.call('HGET', KEYS[1], ARGV[1])
local identity = stored and string.match(stored, '^[^\n]*') or ''
if identity ~= ARGV[3] then
  if identity ~= ARGV[2] then
    return { 0, stored }
  end
  redis.call('HSET', KEYS[1], ARGV[1], ARGV[4])
end
redis.call('PEXPIRE', KEYS[1], ARGV[5])
return { 1, ARGV[4] }
