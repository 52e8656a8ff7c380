-- The current version of a document that was uploaded under a name.
--
-- KEYS   documents
-- ARGV   1 name, 2 changed (ms), 3 hash, 4 lifetime (ms), 5 'again' when it may have been stored and
--        replaced by a later one since
--
-- Answers 1 when the name is new or had another hash, 0 otherwise.
local stored = redis.call('HGET', KEYS[1], ARGV[1])
local changed, hash
if stored then
  changed, hash = string.match(stored, '^(%S*) (.*)$')
end
if ARGV[5] ~= 'again' or not changed or tonumber(changed) < tonumber(ARGV[2]) then
  redis.call('HSET', KEYS[1], ARGV[1], ARGV[2] .. ' ' .. ARGV[3])
end
redis.call('PEXPIRE', KEYS[1], ARGV[4])
return hash == ARGV[3] and 0 or 1
