-- Records of another store, as they are, with their numbers. Follows call.lua.
--
-- KEYS   owner, the sessions' keys, then all other keys touched
-- ARGV   1 how many sessions, 2 lifetime of keys (ms), 3 the least next number of a box entry; seq and
--        created of each session; then commands: name of a key after the partition's base, command,
--        how many words, the words; then the words of call.lua
--
-- Further answer: CONFLICT <index of a session that is there with another seq or time of creation>.
-- The answer of an applied call: how many sessions are new.
local count = tonumber(ARGV[1])
local lifetime = ARGV[2]
local added = 0
for i = 1, count do
  local stored = call('HMGET', KEYS[i + 1], 'seq', 'created')
  if not stored[1] then
    added = added + 1
  elseif stored[1] ~= ARGV[2 + 2 * i] or stored[2] ~= ARGV[3 + 2 * i] then
    return 'CONFLICT ' .. i
  end
end
local from = 4 + 2 * count
while from <= #ARGV - 3 do
  local key = base .. ARGV[from]
  local last = from + 2 + tonumber(ARGV[from + 2])
  call(ARGV[from + 1], key, unpack(ARGV, from + 3, last))
  if ARGV[from + 1] ~= 'PEXPIREAT' then
    call('PEXPIRE', key, lifetime, 'NX')
  end
  from = last + 1
end
first = math.max(first, tonumber(ARGV[3]))
return finish(text(added), 0)
