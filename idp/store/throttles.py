"""Counting tries, so that guessing stops: counted before they are judged, atomically.

A counter's key carries the hash tag of its subject; counters that are asked about together
share a tag. Nothing here swallows a failure of Redis: what cannot be counted is refused.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from idp.store.asking import ask
from idp.store.scripts import Script
from idp.store.servers import Command

# All or nothing: a try that one counter refuses is counted by none of them.
_TAKE = Script("""
local used, wait, refused = {}, 0, 0
for i = 1, #KEYS do
  used[i] = tonumber(redis.call('GET', KEYS[i]) or '0')
  if used[i] >= tonumber(ARGV[2 * i - 1]) then
    refused = i
    wait = math.max(wait, redis.call('PTTL', KEYS[i]), 1)
  end
end
if refused > 0 then return {refused, wait, 0} end
local left = nil
for i = 1, #KEYS do
  if redis.call('INCR', KEYS[i]) == 1 then redis.call('PEXPIRE', KEYS[i], ARGV[2 * i]) end
  local mine = tonumber(ARGV[2 * i - 1]) - used[i] - 1
  if left == nil or mine < left then left = mine end
end
return {0, 0, left or 0}
""")

_GIVE_BACK = Script("""
for i = 1, #KEYS do
  if i <= tonumber(ARGV[1]) then redis.call('DEL', KEYS[i])
  elseif tonumber(redis.call('GET', KEYS[i]) or '0') > 0 then redis.call('DECR', KEYS[i]) end
end
return 1
""")


@dataclass(frozen=True, slots=True)
class Counter:
    """At most ``limit`` in ``window``, which begins with the first."""

    key: str
    limit: int
    window: timedelta

    @classmethod
    def of(cls, subject: str, what: str, limit: int, window: timedelta) -> "Counter":
        return cls(f"t:{{{subject}}}:{what}", limit, window)

    @property
    def milliseconds(self) -> int:
        return max(1, int(self.window.total_seconds() * 1000))

    @property
    def question(self) -> Command:
        return ("GET", self.key)


@dataclass(frozen=True, slots=True)
class Members:
    """How many different ones there were in ``window``, which begins with the first."""

    key: str
    window: timedelta

    @classmethod
    def of(cls, subject: str, what: str, window: timedelta) -> "Members":
        return cls(f"t:{{{subject}}}:{what}", window)

    @property
    def milliseconds(self) -> int:
        return max(1, int(self.window.total_seconds() * 1000))

    @property
    def question(self) -> Command:
        return ("SCARD", self.key)


@dataclass(frozen=True, slots=True)
class Answer:
    """``left`` more tries after this one; or refused, by which counter, and for how long."""

    left: int
    refused_by: Counter | None = None
    wait: timedelta = timedelta(0)


def take(counters: Sequence[Counter]) -> Answer:
    """Count one try against every counter, or against none when one of them is full."""
    args: list[Any] = []
    for counter in counters:
        args += [counter.limit, counter.milliseconds]
    refused, wait, left = _TAKE([counter.key for counter in counters], args)
    if refused:
        return Answer(0, counters[int(refused) - 1], timedelta(milliseconds=int(wait)))
    return Answer(int(left))


def count(counters: Sequence[Counter]) -> None:
    """Count something that none of them refuses; they need not share a tag."""
    ask(
        *(
            command
            for counter in counters
            for command in (
                ("INCR", counter.key),
                ("PEXPIRE", counter.key, counter.milliseconds, "NX"),
            )
        )
    )


def everybody(subject: str, limit: int) -> Counter:
    """The counter of all strangers' failures against one account in a day."""
    return Counter.of(subject, "day", limit, timedelta(days=1))


def from_range(subject: str, place: str, limit: int, window: timedelta) -> Counter:
    """The counter of strangers' failures against one account from one address range."""
    return Counter.of(subject, f"p:{place}", limit, window)


def give_back(counters: Sequence[Counter], *, clear: int = 0) -> None:
    """Uncount a try that was right after all; the first ``clear`` of them forget all tries."""
    _GIVE_BACK([counter.key for counter in counters], [clear])


def clear(counter: Counter) -> None:
    ask(("DEL", counter.key))


def used(counters: Sequence[Counter | Members]) -> list[int]:
    """How many tries each counter has seen; counting none. They need not share a tag."""
    return [int(found or 0) for found in ask(*(counter.question for counter in counters))]


def note(
    mine: Counter, groups: Sequence[Members], member: str, others: Sequence[Counter]
) -> list[int]:
    """Count something for ``mine``, and ``member`` in each of ``groups``; what ``mine``, those and
    ``others`` have counted then. One round trip; they need not share a tag.
    """
    counted: list[Counter | Members] = [mine, *groups]
    said = ask(
        ("INCR", mine.key),
        *(("SADD", each.key, member) for each in groups),
        *(("PEXPIRE", each.key, each.milliseconds, "NX") for each in counted),
        *(each.question for each in counted),
        *(each.question for each in others),
    )
    return [int(found or 0) for found in said[-(1 + len(groups) + len(others)) :]]
