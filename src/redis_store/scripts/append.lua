-- Events for sessions of a partition. Follows call.lua when its owner appends, foreign.lua otherwise.
--
-- KEYS   owner, then all other keys touched
-- ARGV   1 the sender's partition or '', 2 lifetime of a session's keys and 3 of the partition's keys
--        (ms), 4 'live' to leave out what is for sessions that do not live, 5 key of an answer that
--        makes up for that, or '', 6 'promised' when no session may end without its owner having heard
--        of these; three words a record: the sender's number or '', session,
--        payload; then the words of call.lua or foreign.lua
--
-- The answer: <first number> <a 1 for each record that was appended, a 0 for each repetition, an n
-- for each whose session does not live>
local sender = ARGV[1]
local session_ttl = ARGV[2]
local partition_ttl = ARGV[3]
local only_live = ARGV[4] == 'live'
local inbox = base .. 'inbox'
local senders = base .. 'senders'

local is_answered = ARGV[5] ~= '' and call('HGET', base .. 'answers', ARGV[5])
local function takes(target)
  if not only_live or is_answered then
    return true
  end
  local seq = call('HGET', target, 'seq')
  return seq and not string.find(seq, 'ended', 1, true)
end

local last = 0
if sender ~= '' then
  last = tonumber(call('HGET', senders, sender) or '0')
end

local used = 0
local taken = {}
for at = 7, #ARGV - 3, 3 do
  local target = base .. 's:' .. ARGV[at + 1]
  if sender ~= '' and tonumber(ARGV[at]) <= last then
    taken[#taken + 1] = '0'
  elseif not takes(target) then
    taken[#taken + 1] = 'n'
  else
    taken[#taken + 1] = '1'
    local given = text(first + used)
    call('ZADD', inbox, given, given .. ' ' .. ARGV[at + 1] .. ' ' .. ARGV[at + 2])
    call('HSET', target, 'i.' .. given, ARGV[6])
    call('PEXPIRE', target, session_ttl, 'NX')
    used = used + 1
    if sender ~= '' then
      last = tonumber(ARGV[at])
    end
  end
end
if used > 0 then
  call('PEXPIRE', inbox, partition_ttl, 'NX')
end
if used > 0 and sender ~= '' then
  call('HSET', senders, sender, text(last))
  call('PEXPIRE', senders, partition_ttl, 'NX')
end
return finish(text(first) .. ' ' .. table.concat(taken), used)
