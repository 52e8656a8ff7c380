-- The owner hands its partition back: it then belongs to nobody, and keeps its epoch. Follows call.lua.
--
-- KEYS   owner
-- ARGV   the words of call.lua
--
-- The answer: 1, or 0 when it belonged to nobody already.
local owned = call('HGET', owner_key, 'node') ~= '0'
call('HSET', owner_key, 'node', '0')
return finish(owned and '1' or '0', 0)
