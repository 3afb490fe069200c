-- Takes requests out of a key's token bucket, as many of those wanted as there are.
-- KEYS[1] the bucket. ARGV[1] requests an hour, which is also the burst; ARGV[2] how many are wanted.
-- Returns how many were taken and how many are left, the latter in thousandths.
-- A bucket that is not there is full, so it need not be kept any longer than it takes to fill.
local limit = tonumber(ARGV[1])
local clock = redis.call('TIME')
local now = tonumber(clock[1]) + tonumber(clock[2]) / 1000000
local tokens, since = limit, now
-- What is no bucket, whoever put it there, is as good as none.
local kept = redis.pcall('GET', KEYS[1])
local t, s = string.match(type(kept) == 'string' and kept or '', '^([%d.]+) ([%d.]+)$')
if t then
  tokens, since = tonumber(t), tonumber(s)
  -- Redis' clock may be set back; what was passed once is not passed again.
  now = math.max(now, since)
  tokens = math.min(limit, tokens + (now - since) * limit / 3600)
end
local taken = math.min(tonumber(ARGV[2]), math.floor(tokens))
tokens = tokens - taken
local millis = math.ceil((limit - tokens) * 3600000 / limit) + 1000
redis.call('SET', KEYS[1], string.format('%.6f %.6f', tokens, now), 'PX', millis)
return {taken, math.floor(tokens * 1000)}
