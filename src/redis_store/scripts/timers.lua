-- One page of a partition's timers, by due time and number.
--
-- KEYS   timers
-- ARGV   1 and 2 a range of due times (ZRANGEBYSCORE), 3 timers to leave out first, 4 how many
--
-- Answers a list, two elements a timer: member, field of the session's record ('' when it is gone).
local base = string.sub(KEYS[1], 1, -7) -- without 'timers'
local found = redis.call('ZRANGEBYSCORE', KEYS[1], ARGV[1], ARGV[2], 'LIMIT', ARGV[3], ARGV[4])
local page = {}
for at = 1, #found do
  local member = found[at]
  local mark = string.find(member, ':', 1, true)
  local record = base .. 's:' .. string.sub(member, mark + 1)
  page[2 * at - 1] = member
  page[2 * at] = redis.call('HGET', record, 't.' .. string.sub(member, 2, mark - 1)) or ''
end
return page
