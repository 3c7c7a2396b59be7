"""How many messages a number, a browser, a place and a day may have; one atomic question."""

from dataclasses import dataclass
from datetime import timedelta

from idp.store.engines import redis
from idp.store.scripts import Script

# Every key carries one tag: the question is atomic, so in a cluster they share a slot.
TAG = "{sms}"
DAY = timedelta(days=1)

# A number's messages are remembered one by one (at most ten), marked p or s for browsers
# that proved the number and strangers: strangers may spend only their share of it.
_TAKE = Script("""
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local day = 86400000
local proven = ARGV[2] == 'p'
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - day)
local sent = redis.call('ZRANGE', KEYS[1], 0, -1, 'WITHSCORES')
local function wait(window, limit, strangers_only)
  local times = {}
  for i = 1, #sent, 2 do
    local at = tonumber(sent[i + 1])
    local counts = not strangers_only or string.sub(sent[i], 1, 1) == 's'
    if at > now - window and counts then times[#times + 1] = at end
  end
  if #times < limit then return 0 end
  return (times[#times - limit + 1] or now) + window - now
end
local function counted(key, limit)
  if tonumber(redis.call('GET', key) or '0') < limit then return 0 end
  return math.max(redis.call('PTTL', key), 1)
end
local function longer(a, b) return math.max(a, b) end
local minute = wait(60000, tonumber(ARGV[3]), false)
if minute > 0 then return {'minute', minute, 0} end
local hour = wait(3600000, tonumber(ARGV[4]), false)
local whole = wait(day, tonumber(ARGV[5]), false)
if not proven then
  hour = longer(hour, wait(3600000, tonumber(ARGV[6]), true))
  whole = longer(whole, wait(day, tonumber(ARGV[7]), true))
end
if whole > 0 then return {'day', whole, 0} end
if hour > 0 then return {'hour', hour, 0} end
local browser = counted(KEYS[2], tonumber(ARGV[8]))
if browser > 0 then return {'browser', browser, 0} end
local place = counted(KEYS[3], tonumber(ARGV[9]))
if place > 0 and not proven then return {'place', place, 0} end
local used = tonumber(redis.call('GET', KEYS[4]) or '0')
if used >= tonumber(ARGV[10]) and not proven then return {'budget', day, used} end
redis.call('ZADD', KEYS[1], now, ARGV[2] .. ARGV[1])
redis.call('PEXPIRE', KEYS[1], day)
if redis.call('INCR', KEYS[2]) == 1 then redis.call('PEXPIRE', KEYS[2], day) end
if redis.call('INCR', KEYS[3]) == 1 then redis.call('PEXPIRE', KEYS[3], 3600000) end
used = redis.call('INCR', KEYS[4])
redis.call('PEXPIRE', KEYS[4], 2 * day)
return {'', 0, used}
""")

_TAKE_NOTICE = Script("""
if tonumber(redis.call('GET', KEYS[1]) or '0') >= tonumber(ARGV[2]) then return 0 end
redis.call('INCR', KEYS[1])
redis.call('EXPIRE', KEYS[1], ARGV[1])
redis.call('INCR', KEYS[2])
redis.call('EXPIRE', KEYS[2], 2 * ARGV[1])
return 1
""")


_TAKE_CALL = Script("""
if tonumber(redis.call('GET', KEYS[1]) or '0') >= tonumber(ARGV[2]) then return 0 end
redis.call('INCR', KEYS[1])
redis.call('EXPIRE', KEYS[1], ARGV[1])
return 1
""")


@dataclass(frozen=True)
class Asking:
    """Who asks for a message to which number, from where; no value is personal in clear."""

    ticket: str
    number: str
    browser: str
    place: str
    day: str
    proven: bool

    @property
    def mark(self) -> str:
        return "p" if self.proven else "s"


@dataclass(frozen=True)
class Limits:
    minute: int
    hour: int
    day: int
    browser_day: int
    place_hour: int
    budget: int


@dataclass(frozen=True)
class Answer:
    """``reason`` is empty when the message may be sent."""

    reason: str
    retry_after: timedelta
    used_today: int


def take(asking: Asking, limits: Limits) -> Answer:
    """Count one message against every limit, or against none when one of them is reached."""
    keys = [
        _number_key(asking.number),
        f"{TAG}:q:browser:{asking.browser}",
        f"{TAG}:q:place:{asking.place}",
        _budget_key(asking.day),
    ]
    args = [
        asking.ticket,
        asking.mark,
        limits.minute,
        limits.hour,
        limits.day,
        strangers_share(limits.hour),
        strangers_share(limits.day),
        limits.browser_day,
        limits.place_hour,
        limits.budget,
    ]
    reason, wait, used = _TAKE(keys, args)
    return Answer(reason.decode(), timedelta(milliseconds=int(wait)), int(used))


def give_back(asking: Asking) -> None:
    """Uncount a message nobody could send, so that its number may ask again at once."""
    redis.zrem(_number_key(asking.number), asking.mark + asking.ticket)


def take_notice(number: str, day: str, limit: int) -> bool:
    """Count one notice to a number, and as one of the day; False when it has had enough today."""
    keys = [f"{TAG}:q:notice:{number}:{day}", _budget_key(day)]
    return bool(_TAKE_NOTICE(keys, [int(DAY.total_seconds()), limit]))


def take_call(asking: Asking, limit: int) -> bool:
    """Count one call to a number; False when it has had enough today, of strangers or at all."""
    limit = limit if asking.proven else strangers_share(limit)
    keys = [f"{TAG}:q:call:{asking.number}:{asking.day}"]
    return bool(_TAKE_CALL(keys, [int(DAY.total_seconds()), limit]))


def strangers_share(limit: int) -> int:
    """What is left of a limit when half is kept for browsers that proved the number."""
    return limit - limit // 2


def _number_key(number: str) -> str:
    return f"{TAG}:q:number:{number}"


def _budget_key(day: str) -> str:
    return f"{TAG}:q:budget:{day}"
