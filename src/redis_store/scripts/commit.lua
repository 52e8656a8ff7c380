-- Session commits of one partition, all or none. Follows call.lua.
--
-- KEYS   owner, the key of each session commit's session in order, then all other keys touched
-- ARGV   1 session commits, 2 'mixed' when a session comes twice, 3 lifetime of a session's keys and
--        4 of the partition's keys (ms);
--        for each session commit: expected seq, its new seq, created ('' but for a creation),
--        'ended' or '', of an end the numbers of inbox entries that its owner knows;
--        then, session commit after session commit: its additions, '.', its removals, '.';
--        then removals of no session, '.'; then the words of call.lua.
-- An addition or removal is a letter, a count, and so many words.
--
-- Further answer: CONFLICT <stored seq of each session commit>, nothing written.
-- The answer of an applied call: <first number> [<index of a repeated session commit>...]
--
-- Everything is checked before the first write, because scripts do not roll back. All additions come
-- before all removals: in a slot that is being moved to another node, a command on a key that has
-- just become empty fails, so a removal may fail (its key is gone, which is what it wanted), but no
-- addition can.
local kHeader = 4
local kWords = 5

local count = tonumber(ARGV[1])
local mixed = ARGV[2] ~= ''
local session_ttl = ARGV[3]
local partition_ttl = ARGV[4]

-- Does an end come before an event that somebody was promised, and that its owner has not heard of?
-- A call that is made again was answered before: there was none then.
local is_made_again = ARGV[#ARGV] ~= ''
local function overlooks_a_promise(key, known)
  for _, field in ipairs(is_made_again and {} or call('HKEYS', key)) do
    local entry = string.match(field, '^i%.(%d+)$')
    if entry and not string.find(known, ' ' .. entry .. ' ', 1, true) and call('HGET', key, field) == 'promised' then
      return true
    end
  end
  return false
end

-- Check.
local seqs = {}
local repeated = {}
local conflict = false
local seen = {}
local answer = text(first)
for i = 1, count do
  local at = kHeader + (i - 1) * kWords
  local key = KEYS[i + 1]
  local expected = ARGV[at + 1]
  local seq = mixed and seen[key] or call('HGET', key, 'seq') or '0'
  if seq == expected then
    seqs[i] = expected
    conflict = conflict or (ARGV[at + 4] ~= '' and overlooks_a_promise(key, ARGV[at + 5]))
    if mixed then
      seen[key] = ARGV[at + 2] .. (ARGV[at + 4] ~= '' and ' ended' or '')
      seen['created ' .. key] = ARGV[at + 3]
    end
  else
    seqs[i] = string.match(seq, '^%d+') -- an ended session's: '7 ended'
    local same = seqs[i] == ARGV[at + 2]
    if same and expected == '0' then
      -- A repeated creation is told from another one of the same id by its time.
      local created = mixed and seen['created ' .. key] or call('HGET', key, 'created')
      same = created == ARGV[at + 3]
    end
    if same then
      repeated[i] = true
      answer = answer .. ' ' .. i
    else
      conflict = true
    end
  end
end
if conflict then
  return 'CONFLICT ' .. table.concat(seqs, ' ')
end

-- Write.
local timers = base .. 'timers'
local inbox = base .. 'inbox'
local outbox = base .. 'outbox'
local fresh = {} -- keys of the partition that may have been made now
local used = 0

-- A chain of comparisons, not a table of functions: making that costs more than most calls do.
local function add(letter, key, from, to)
  if letter == 'h' then -- fields and values of the session
    call('HSET', key, unpack(ARGV, from, to))
  elseif letter == 't' then -- due, member of timers
    call('ZADD', timers, unpack(ARGV, from, to))
    fresh[timers] = true
  elseif letter == 'o' then -- outbox entries without their number
    local entries = {}
    for at = from, to do
      local given = text(first + used)
      entries[#entries + 1] = given
      entries[#entries + 1] = given .. ' ' .. ARGV[at]
      used = used + 1
    end
    call('ZADD', outbox, unpack(entries))
    fresh[outbox] = true
  elseif letter == 'i' then -- session and payload of inbox entries
    for at = from, to, 2 do
      local given = text(first + used)
      local target = base .. 's:' .. ARGV[at]
      call('ZADD', inbox, given, given .. ' ' .. ARGV[at] .. ' ' .. ARGV[at + 1])
      call('HSET', target, 'i.' .. given, '')
      call('PEXPIRE', target, session_ttl, 'NX')
      used = used + 1
    end
    fresh[inbox] = true
  elseif letter == 'c' then -- created, id: a new session
    call('PEXPIRE', key, session_ttl)
    call('ZADD', base .. 'sessions', ARGV[from], ARGV[from + 1])
    fresh[base .. 'sessions'] = true
  elseif letter == 'e' then -- id: a session that has ended
    call('ZADD', base .. 'ended', call('HGET', key, 'created'), ARGV[from])
    fresh[base .. 'ended'] = true
  elseif letter == 'a' then -- keys and answers
    call('HSET', base .. 'answers', unpack(ARGV, from, to))
    fresh[base .. 'answers'] = true
  elseif letter == 'x' then -- expires, member of expiry
    call('ZADD', base .. 'expiry', unpack(ARGV, from, to))
    fresh[base .. 'expiry'] = true
  elseif letter == 'j' then -- session, seq, journal record
    local journal = base .. 'j:' .. ARGV[from]
    call('HSET', journal, ARGV[from + 1], ARGV[from + 2])
    call('PEXPIRE', journal, session_ttl, 'NX')
  end
end

-- Deletes fields, a bounded number a command.
local function remove_fields(key, fields)
  for at = 1, #fields, 1000 do
    call('HDEL', key, unpack(fields, at, math.min(at + 999, #fields)))
  end
end

-- All fields of data that are not among the words.
local function remove_other_fields(key, from, to)
  local kept = {}
  for at = from, to do
    kept[ARGV[at]] = true
  end
  local gone = {}
  for _, field in ipairs(call('HKEYS', key)) do
    local data = field == 'meta' or field == 'state' or string.sub(field, 1, 2) == 'd.'
    if data and not kept[field] then
      gone[#gone + 1] = field
    end
  end
  remove_fields(key, gone)
end

-- The session has ended: what stays is the record of its end.
local function remove_session(key, id, expire_at)
  local gone = {}
  for _, field in ipairs(call('HKEYS', key)) do
    local kind = string.sub(field, 1, 2)
    local rest = string.sub(field, 3)
    if kind == 't.' then
      try('ZREM', timers, string.char(96 + #rest) .. rest .. ':' .. id)
    elseif kind == 'i.' then
      try('ZREMRANGEBYSCORE', inbox, rest, rest)
    end
    if kind == 't.' or kind == 'i.' or kind == 'd.' or field == 'state' then
      gone[#gone + 1] = field
    end
  end
  remove_fields(key, gone)
  try('ZREM', base .. 'sessions', id)
  call('PEXPIREAT', key, expire_at)
end

-- An inbox entry of a session that is not known here.
local function remove_entry(given)
  local entry = try('ZRANGEBYSCORE', inbox, given, given)[1]
  local session = entry and string.match(entry, '^%d+ (%w+) ')
  if session then
    try('ZREM', inbox, entry)
    try('HDEL', base .. 's:' .. session, 'i.' .. given)
  end
end

local function remove(letter, key, from, to)
  if letter == 'D' then -- fields of the session
    call('HDEL', key, unpack(ARGV, from, to))
  elseif letter == 'T' then -- members of timers
    try('ZREM', timers, unpack(ARGV, from, to))
  elseif letter == 'I' or letter == 'O' then -- pairs of a first and a last number
    for at = from, to, 2 do
      try('ZREMRANGEBYSCORE', letter == 'I' and inbox or outbox, ARGV[at], ARGV[at + 1])
    end
  elseif letter == 'J' then -- session, seq of a journal record
    try('HDEL', base .. 'j:' .. ARGV[from], ARGV[from + 1])
  elseif letter == 'R' then -- the only fields of a full record
    remove_other_fields(key, from, to)
  elseif letter == 'E' then -- id, when the key may go
    remove_session(key, ARGV[from], ARGV[from + 1])
  elseif letter == 'U' then -- numbers of inbox entries whose session is not known
    for at = from, to do
      remove_entry(ARGV[at])
    end
  end
end

-- Makes changes up to the next '.', or steps over them when there is no `change`; returns what follows.
local function run(change, key, from)
  while ARGV[from] ~= '.' do
    local last = from + 1 + tonumber(ARGV[from + 1])
    if change then
      change(ARGV[from], key, from + 2, last)
    end
    from = last + 1
  end
  return from + 1
end

-- The additions, the removals or both of all session commits; returns what follows them.
local function apply(adding, removing)
  local from = kHeader + count * kWords + 1
  for i = 1, count do
    from = run(not repeated[i] and adding, KEYS[i + 1], from)
    from = run(not repeated[i] and removing, KEYS[i + 1], from)
  end
  return from
end

local rest
if mixed then
  rest = apply(add, remove) -- a later step of a session may add what an earlier one removes
else
  apply(add, nil)
  rest = apply(nil, remove)
end
run(remove, nil, rest)
for key in pairs(fresh) do
  try('PEXPIRE', key, partition_ttl, 'NX')
end
return finish(answer, used)
