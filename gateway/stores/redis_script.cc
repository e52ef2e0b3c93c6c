// SPDX-License-Identifier: Apache-2.0
#include "gateway/stores/redis_script.h"

#include <openssl/evp.h>

#include <string>

#include "gateway/base/hex.h"

namespace sluice::stores {
namespace {

// Times count from 2026, so that fractions of a microsecond survive in a double. What a charge takes is rounded
// up to one, as a whole: of high rates one request takes less. A bucket holds a microsecond more, or half a
// request, so that what rounding adds to charges that follow each other at once does not cost the last one.
//
// What is kept is never believed beyond what a charge can have left there: the server's clock may have been set
// back, or the limit was another one. As a refusal charges nothing, it is then written as it is believed: else
// it would be as far ahead for ever.
constexpr std::string_view kLimitScript = R"lua(
local t = redis.call('TIME')
local now = (tonumber(t[1]) - 1767225600) * 1000000 + tonumber(t[2])
local cost, most, anyway, since = tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3] == '1', tonumber(ARGV[4])
local n, limits, refused, granted = #KEYS, {}, nil, most
local function keep(key, l)
  if l.kind == 'b' then
    redis.call('SET', key, string.format('%.6f', l.tat), 'PX', math.ceil(l.reset / 1000) + 1)
  else
    redis.call('HSET', key, 'n', string.format('%.0f', l.number), 'b', string.format('%.0f', l.before), 'c', string.format('%.0f', l.current))
    redis.call('PEXPIRE', key, math.ceil(l.reset / 1000) + 1)
  end
end
local function span(l, n)
  return math.ceil(n * l.period / l.count * 64) / 64
end
local function measure(l)
  if l.kind == 'b' then
    l.reset = l.tat - now
    l.left = math.min(math.max(math.floor((l.depth - l.reset) * l.count / l.period), 0), l.burst)
  else
    l.reset = 0
    if l.current > 0 then l.reset = 2 * l.period - l.passed elseif l.before > 0 then l.reset = l.period - l.passed end
    l.left = math.max(l.count - l.current - math.ceil(l.before * (l.period - l.passed) / l.period), 0)
  end
end
local function refund(l, less)  -- nothing that time has given back
  if l.kind == 'b' then
    l.tat = math.max(l.tat - math.max(math.min(span(l, less), l.depth + l.ahead - since), 0), now)
  else
    local ended, taken = l.number - math.floor((now - since) / l.period), 0
    if ended == 0 then taken = math.min(l.current, less) end
    l.current = l.current - taken
    if ended <= 1 then l.before = math.max(l.before - less + taken, 0) end
  end
end
for i = 1, n do
  local a = 5 + (i - 1) * 5
  local l = {kind = ARGV[a], count = tonumber(ARGV[a + 1]), period = tonumber(ARGV[a + 2]),
             burst = tonumber(ARGV[a + 3]), ahead = tonumber(ARGV[a + 4])}
  limits[i] = l
  local wait, room
  if l.kind == 'b' then
    l.depth = span(l, l.burst) + math.min(1, l.period / l.count / 2)
    l.latest = now + 2 * l.depth + l.ahead  -- used up, and as much is owed
    local tat = tonumber(redis.call('GET', KEYS[i]) or 0)
    l.impossible = tat > l.latest
    l.tat = math.max(math.min(tat, l.latest), now)
    measure(l)
    wait = l.reset + span(l, cost) - l.depth - l.ahead
    room = math.floor((l.depth + l.ahead - l.reset) * l.count / l.period)
  else
    local s = redis.call('HMGET', KEYS[i], 'n', 'b', 'c')
    local number, before, current = tonumber(s[1] or 0), tonumber(s[2] or 0), tonumber(s[3] or 0)
    l.number = math.floor(now / l.period)
    l.passed = now - l.number * l.period
    l.impossible = number > l.number
    if number >= l.number then
      l.before, l.current = before, current
    elseif number == l.number - 1 then
      l.before, l.current = current, 0
    else
      l.before, l.current = 0, 0
    end
    l.fullest = 2 * l.count  -- used up, and as much is owed
    l.before, l.current = math.min(l.before, l.fullest), math.min(l.current, l.fullest)
    measure(l)
    room = l.left
    local function faded(b, r) if b <= r then return 0 end return l.period - math.floor(r * l.period / b) end
    wait = 0
    if cost > room then
      if l.current + cost <= l.count then
        wait = faded(l.before, l.count - l.current - cost) - l.passed
      else
        wait = l.period - l.passed + faded(l.current, l.count - cost)
      end
      wait = math.max(wait, 1)
    end
  end
  granted = math.min(granted, room)
  if wait > 0 and not anyway and (not refused or wait > refused[4]) then refused = {0, i - 1, l.left, math.ceil(wait), math.ceil(l.reset)} end
end
if refused then
  for i = 1, n do if limits[i].impossible then keep(KEYS[i], limits[i]) end end
  return refused
end
granted = math.max(granted, cost)
if anyway then granted = cost end
local out = nil
local waits = 0
for i = 1, n do
  local l = limits[i]
  if granted < 0 then
    refund(l, -granted)
  elseif l.kind == 'b' then
    l.tat = math.min(l.tat + span(l, granted), l.latest)
  else
    l.current = math.min(l.current + granted, l.fullest)
  end
  measure(l)
  if l.kind == 'b' then waits = math.max(waits, math.ceil(l.reset - l.depth)) end
  keep(KEYS[i], l)
  if not out or l.left < out[3] then out = {math.max(granted, 1), i - 1, l.left, 0, math.ceil(l.reset)} end
end
out[4] = math.max(waits, 0)
return out
)lua";

constexpr std::string_view kQuotaScript = R"lua(
local anyway = ARGV[1] == '1'
local n, used, refused, longest, out = #KEYS, {}, nil, 0, nil
for i = 1, n do
  used[i] = tonumber(redis.call('GET', KEYS[i]) or 0)
  local cost, left, kept = tonumber(ARGV[3 * i - 1]), math.max(tonumber(ARGV[3 * i]) - used[i], 0), tonumber(ARGV[3 * i + 1])
  if cost > left and not anyway and (not refused or kept > longest) then refused, longest = {0, i - 1, left}, kept end
end
if refused then return refused end
for i = 1, n do
  local more = math.max(tonumber(ARGV[3 * i - 1]), -used[i])
  if more ~= 0 then
    redis.call('INCRBY', KEYS[i], string.format('%.0f', more))
    redis.call('PEXPIRE', KEYS[i], ARGV[3 * i + 1])
  end
  local left = math.max(tonumber(ARGV[3 * i]) - used[i] - more, 0)
  if not out or left < out[3] then out = {1, i - 1, left} end
end
return out
)lua";

}  // namespace

RedisScript::RedisScript(std::string_view text) : text_(text) {
  unsigned char hash[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  EVP_Digest(text.data(), text.size(), hash, &size, EVP_sha1(), nullptr);
  sha_ = base::to_hex({reinterpret_cast<const char*>(hash), size});
}

const RedisScript& limit_script() {
  static const RedisScript script(kLimitScript);
  return script;
}

const RedisScript& quota_script() {
  static const RedisScript script(kQuotaScript);
  return script;
}

}  // namespace sluice::stores
