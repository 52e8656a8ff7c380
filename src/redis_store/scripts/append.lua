-- Events for sessions of a partition. Follows call.lua when its owner appends, foreign.lua otherwise.
--
-- KEYS   owner, then all other keys touched
-- ARGV   1 the sender's partition or '', 2 lifetime of a session's keys and 3 of the partition's keys
--        (ms); three words a record: the sender's number or '', session, payload; then the words of
--        call.lua or foreign.lua
--
-- The answer: <first number> <a 1 for each record that was appended, a 0 for each repetition>
local sender = ARGV[1]
local session_ttl = ARGV[2]
local partition_ttl = ARGV[3]
local inbox = base .. 'inbox'
local senders = base .. 'senders'

local last = 0
if sender ~= '' then
  last = tonumber(call('HGET', senders, sender) or '0')
end

local used = 0
local taken = {}
for at = 4, #ARGV - 3, 3 do
  local repetition = sender ~= '' and tonumber(ARGV[at]) <= last
  taken[#taken + 1] = repetition and '0' or '1'
  if not repetition then
    local given = text(first + used)
    local target = base .. 's:' .. ARGV[at + 1]
    call('ZADD', inbox, given, given .. ' ' .. ARGV[at + 1] .. ' ' .. ARGV[at + 2])
    call('HSET', target, 'i.' .. given, '')
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
