-- One page of a partition's sessions that live, or of those that have ended; oldest first.
--
-- KEYS   sessions or ended
-- ARGV   1 how many, 2 created and 3 id of the session before the page ('' '': from the beginning)
--
-- Answers a list, five elements a session: id, created, seq, meta, state; two more when seq ends with
-- ' ended': end, expires. A session whose record is gone has '' as seq.
local call = redis.call
local base = string.match(KEYS[1], '^(.*:)%l+$') -- without the table's name

-- Place of the first session after the cursor; it may be gone, then its place is searched for.
local function place()
  if ARGV[3] == '' then
    return 0
  end
  local rank = call('ZRANK', KEYS[1], ARGV[3])
  if rank and call('ZSCORE', KEYS[1], ARGV[3]) == ARGV[2] then
    return rank + 1
  end
  local low = call('ZCOUNT', KEYS[1], '-inf', '(' .. ARGV[2])
  local high = call('ZCOUNT', KEYS[1], '-inf', ARGV[2])
  while low < high do
    local middle = math.floor((low + high) / 2)
    if call('ZRANGE', KEYS[1], middle, middle)[1] > ARGV[3] then
      high = middle
    else
      low = middle + 1
    end
  end
  return low
end

local from = place()
local found = call('ZRANGE', KEYS[1], from, from + tonumber(ARGV[1]) - 1, 'WITHSCORES')
local page = {}
local size = 0
for at = 1, #found, 2 do
  local key = base .. 's:' .. found[at]
  local record = call('HMGET', key, 'seq', 'meta', 'state')
  local seq = record[1] or ''
  page[size + 1] = found[at]
  page[size + 2] = found[at + 1]
  page[size + 3] = seq
  page[size + 4] = record[2]
  page[size + 5] = record[3]
  size = size + 5
  if string.sub(seq, -5) == 'ended' then
    local last = call('HMGET', key, 'end', 'expires')
    page[size + 1] = last[1]
    page[size + 2] = last[2]
    size = size + 2
  end
end
return page
