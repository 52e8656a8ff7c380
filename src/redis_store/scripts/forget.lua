-- Ended sessions and kept answers whose time is over. Follows call.lua.
--
-- KEYS   owner, expiry, sessions, ended, answers, then the keys of the sessions and of their journals
-- ARGV   1 now (ms), then members of expiry: 's:<session>' or 'a:<key>'; then the words of call.lua
--
-- A member that was given a later time meanwhile stays. Removals come first, so that memory is freed
-- also where Redis is full. The answer: how many were forgotten.
local now = tonumber(ARGV[1])
local expiry = base .. 'expiry'
local forgotten = 0
for at = 2, #ARGV - 3 do
  local member = ARGV[at]
  local expires = try('ZSCORE', expiry, member)
  if type(expires) == 'string' and tonumber(expires) < now then
    local name = string.sub(member, 3)
    if string.sub(member, 1, 1) == 's' then
      try('UNLINK', base .. 's:' .. name)
      try('UNLINK', base .. 'j:' .. name)
      try('ZREM', base .. 'ended', name)
      try('ZREM', base .. 'sessions', name) -- of when there was one table for both
    else
      try('HDEL', base .. 'answers', name)
    end
    try('ZREM', expiry, member)
    forgotten = forgotten + 1
  end
end
return finish(text(forgotten), 0)
