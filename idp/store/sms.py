"""What is remembered of codes on their way: challenges, the queue, attempts, receipts."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from redis.exceptions import ResponseError

from idp.store import buckets
from idp.store.asking import ask
from idp.store.engines import redis
from idp.store.ephemeral import digest
from idp.store.scripts import Script

TAG = "{sms}"
QUEUE = f"{TAG}:queue"
GROUP = "workers"
TAKE_OVER_AFTER_MS = 30_000
KEPT = timedelta(hours=1)
BEGUN = "begun"
"""An attempt nobody has written an outcome for: its worker is at it, or died."""
RECEIPTS_KEPT = timedelta(days=1)

# A new code for the same purpose in the same place replaces the one before it.
_OPEN = Script("""
local before = redis.call('GET', KEYS[2])
if before then redis.call('DEL', ARGV[1] .. before) end
redis.call('HSET', KEYS[1], 'purpose', ARGV[4], 'browser', ARGV[5], 'number', ARGV[6],
  'code', ARGV[7], 'tries', 0, 'state', 'queued', 'error', '',
  'pretend', ARGV[8])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
redis.call('SET', KEYS[2], ARGV[2], 'PX', ARGV[3])
redis.call('XADD', KEYS[3], 'MINID', '~', ARGV[9], '*', unpack(ARGV, 10))
return 1
""")

# Every guess is counted before it is compared, so that parallel ones cannot exceed the limit.
_GUESS = Script("""
local found = redis.call('HMGET', KEYS[1], 'purpose', 'browser', 'code', 'number')
if not found[3] or found[1] ~= ARGV[1] or found[2] ~= ARGV[2] then return {} end
return {redis.call('HINCRBY', KEYS[1], 'tries', 1), found[3], found[4]}
""")

# A code nobody was sent can only be guessed: it goes, and says whether anybody did.
_WITHDRAW = Script("""
local tries = redis.call('HGET', KEYS[1], 'tries')
redis.call('HDEL', KEYS[1], 'code')
return tries == '0' and 1 or 0
""")

# A receipt may overtake the worker's own mark: a state is never followed by an earlier one.
_MOVE = Script("""
local rank = {queued = 0, sent = 1, delivered = 2, refused = 2}
local state = redis.call('HGET', KEYS[1], 'state')
if not state or rank[state] >= rank[ARGV[1]] then return 0 end
redis.call('HSET', KEYS[1], 'state', ARGV[1], 'error', ARGV[2])
return 1
""")

_TAKE_OVER = Script("""
local times = redis.call('HINCRBY', KEYS[1], 'taken_over', 1)
redis.call('EXPIRE', KEYS[1], ARGV[1])
return times
""")

_BEGIN = Script("""
local before = redis.call('HGET', KEYS[1], ARGV[1])
if not before then redis.call('HSET', KEYS[1], ARGV[1], ARGV[2]) end
redis.call('EXPIRE', KEYS[1], ARGV[3])
return before or ''
""")

_DONE = Script("""
redis.call('XACK', KEYS[1], ARGV[1], ARGV[2])
return redis.call('XDEL', KEYS[1], ARGV[2])
""")


@dataclass(frozen=True)
class Challenge:
    """A code somebody is asked for. ``number`` is sealed, ``code`` a keyed digest."""

    id: str
    purpose: str
    browser: str
    interaction: str
    number: str
    code: str
    pretend: str = ""
    """For a message nobody gets: the milliseconds at which it will seem sent and delivered."""


@dataclass(frozen=True)
class Guess:
    tries: int
    code: str
    number: str


@dataclass(frozen=True)
class Entry:
    """One job as it lies in the queue."""

    id: str
    fields: Mapping[str, str]


def open_challenge(challenge: Challenge, job: Mapping[str, str], lifetime: timedelta) -> None:
    """Remember ``challenge`` and queue its message, in one step."""
    place = digest(f"{challenge.browser}|{challenge.purpose}|{challenge.interaction}")
    flat = [item for pair in job.items() for item in pair]
    _OPEN(
        [_challenge_key(digest(challenge.id)), f"{TAG}:live:{place}", QUEUE],
        [
            _challenge_key(""),
            digest(challenge.id),
            int(lifetime.total_seconds() * 1000),
            challenge.purpose,
            challenge.browser,
            challenge.number,
            challenge.code,
            challenge.pretend,
            _oldest_kept(),
            *flat,
        ],
    )


def guess(challenge_id: str, purpose: str, browser: str) -> Guess | None:
    """Count a guess and say what it must match; None when there is nothing to guess here."""
    found = _GUESS([_challenge_key(digest(challenge_id))], [purpose, browser])
    if not found:
        return None
    tries, code, number = found
    return Guess(int(tries), code.decode(), number.decode())


def take_challenge(challenge_id: str) -> bool:
    """End a challenge; only one caller is told that it was the one."""
    return bool(ask(("DEL", _challenge_key(digest(challenge_id))))[0])


def withdraw(challenge: str) -> bool:
    """Void the code of a challenge, known by the digest of its id; True: nobody guessed at it."""
    return bool(_WITHDRAW([_challenge_key(challenge)], []))


def state(challenge_id: str, browser: str) -> tuple[str, str] | None:
    """How far the message is, and the code of what went wrong."""
    of = _challenge_key(digest(challenge_id))
    found = ask(("HMGET", of, "browser", "state", "error", "pretend"))[0]
    if found[0] is None or found[0].decode() != browser:
        return None
    if found[3]:
        return _pretended(found[3].decode()), ""
    return found[1].decode(), found[2].decode()


def move(challenge: str, to: str, error: str = "") -> None:
    """Advance the state of a challenge, known by the digest of its id."""
    if challenge:
        _MOVE([_challenge_key(challenge)], [to, error])


def enqueue(job: Mapping[str, str]) -> None:
    redis.xadd(QUEUE, dict(job), minid=_oldest_kept(), approximate=True)  # type: ignore[arg-type]


def read(consumer: str, count: int, block_ms: int) -> list[Entry]:
    """New jobs, waiting for one as long as ``block_ms``."""
    try:
        found: Any = redis.xreadgroup(
            GROUP, consumer, {QUEUE: ">"}, count=count, block=max(1, block_ms)
        )
    except ResponseError as error:
        if not str(error).startswith("NOGROUP"):
            raise
        _make_group()
        return []
    streams = found.values() if isinstance(found, dict) else [item[1] for item in found or ()]
    return [_entry(item) for entries in streams for item in _flat(entries)]


def take_over(consumer: str, count: int) -> list[Entry]:
    """Jobs whose worker has been silent too long."""
    try:
        found: Any = redis.xautoclaim(
            QUEUE, GROUP, consumer, min_idle_time=TAKE_OVER_AFTER_MS, count=count
        )
    except ResponseError as error:
        if not str(error).startswith("NOGROUP"):
            raise
        return []
    return [_entry(item) for item in found[1] if item[1]]


def forget_dead_workers() -> None:
    """Drop the names of workers that left nothing behind and have not asked for an hour."""
    try:
        found: Any = redis.xinfo_consumers(QUEUE, GROUP)
    except ResponseError:
        return
    for consumer in found:
        if not consumer["pending"] and consumer["idle"] > KEPT.total_seconds() * 1000:
            redis.xgroup_delconsumer(QUEUE, GROUP, consumer["name"])


def taken_over_before(job: str) -> bool:
    return int(_TAKE_OVER([_job_key(job)], [int(KEPT.total_seconds())])) > 1


def begin_attempt(job: str, provider: str) -> str:
    """Write down that ``provider`` is about to be asked; what came of it if it was before."""
    found = _BEGIN([_job_key(job)], [f"try:{provider}", BEGUN, int(KEPT.total_seconds())])
    return found.decode() if found else ""


def end_attempt(job: str, provider: str, outcome: str) -> None:
    redis.hset(_job_key(job), f"try:{provider}", outcome)


def done(entry: Entry) -> None:
    """Acknowledge and forget a job."""
    _DONE([QUEUE], [GROUP, entry.id])


def waiting() -> int:
    """Jobs not finished yet."""
    return int(redis.xlen(QUEUE))


def expect_receipt(provider: str, message_id: str, challenge: str) -> None:
    key = _receipt_key(provider, message_id)
    redis.set(key, challenge, px=int(RECEIPTS_KEPT.total_seconds() * 1000))


def take_receipt(provider: str, message_id: str) -> str | None:
    """The challenge a receipt is about; None when it is unknown or has been seen before."""
    found: Any = redis.getdel(_receipt_key(provider, message_id))
    return None if found is None else found.decode()


def append_audit(bucket: str, fields: Mapping[str, Any]) -> None:
    """Add an event to the trail; the worker copies it to SQL. Never trimmed."""
    ask(("XADD", buckets.audit(bucket), "*", *(item for pair in fields.items() for item in pair)))


def _pretended(moments: str) -> str:
    now = time.time() * 1000
    sent, delivered = (int(moment) for moment in moments.split(":"))
    if now < sent:
        return "queued"
    return "sent" if now < delivered else "delivered"


def _make_group() -> None:
    try:
        redis.xgroup_create(QUEUE, GROUP, id="0", mkstream=True)
    except ResponseError as error:
        if not str(error).startswith("BUSYGROUP"):
            raise


def _oldest_kept() -> int:
    """Entries older than any code lives are trimmed, so that no worker means no flood."""
    return int((time.time() - KEPT.total_seconds()) * 1000)


def _flat(entries: Any) -> list[Any]:
    """RESP3 nests the entries of a stream one deeper than RESP2."""
    if entries and isinstance(entries[0], list):
        return [item for nested in entries for item in nested]
    return list(entries)


def _entry(item: Any) -> Entry:
    identifier, fields = item
    return Entry(
        identifier.decode(), {name.decode(): value.decode() for name, value in fields.items()}
    )


def _challenge_key(challenge: str) -> str:
    return f"{TAG}:c:{challenge}"


def _job_key(job: str) -> str:
    return f"{TAG}:j:{job}"


def _receipt_key(provider: str, message_id: str) -> str:
    return f"{TAG}:r:{provider}:{digest(message_id)}"
