"""The n-th invented person: a pure function of n, so that nobody has to be looked up."""

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

PASSWORD = "琴台-Lantern-7392"
"""What everybody with a password has; its one Argon2 hash is shared, for 24 ms each is too long."""

_CHANCE = random.Random(20261122)  # noqa: S311 - the same people in every run
_SEGMENTS = (
    (130, 131, 132, 133, 135, 136, 137, 138, 139, 145, 147, 149, 150, 151, 152, 153, 155, 156, 157),
    (158, 159, 166, 171, 172, 173, 175, 176, 177, 178, 180, 181, 182, 183, 184, 185, 186, 187, 188),
    (189, 191, 193, 195, 198, 199),
)
PREFIXES = tuple(str(segment) for row in _SEGMENTS for segment in row)
"""Segments people have; those the node refuses (internet of things, satellite) are not among."""
_LINES = 10**8
_STEP = 61_803_399
"""Prime to ``_LINES``: counting in it visits every line of a segment once."""
MOST = len(PREFIXES) * _LINES

_SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗"
_GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英建国玉兰志红"
_SPELT = ("wang", "li", "zhang", "liu", "chen", "yang", "huang", "zhao", "wu", "zhou")
_WITH_PASSWORD, _WITH_USERNAME, _WITH_NAME = 40, 30, 50
_CONNECTED, _SIGNED_IN = 40, 50
"""Percent of the people; whoever has a user name has a password."""
_PROVEN_WITHIN, _OPENED_WITHIN = 80 * 86_400, 1_000 * 86_400


@dataclass(frozen=True, slots=True)
class Person:
    n: int
    phone: str
    username: str
    has_password: bool
    name: str
    connected: bool
    """Has agreed to tell a portal something."""
    signed_in: bool
    """Has been seen lately, in a browser."""
    proven: timedelta
    opened: timedelta
    """How long ago. Numbers have been proven lately, so that everybody can sign in by message."""


def person(n: int) -> Person:
    if not 0 <= n < MOST:
        raise ValueError(f"there are {MOST} people")
    chance = _mixed(n)
    share, more, rest = chance % 100, chance // 100 % 100, chance // 10_000
    username = f"{_of(_SPELT, rest)}{n:x}" if share < _WITH_USERNAME else ""
    name = _of(_SURNAMES, rest) + _of(_GIVEN, rest // 31) + _of(_GIVEN, rest // 997)
    return Person(
        n=n,
        phone=phone(n),
        username=username,
        has_password=share < _WITH_PASSWORD,
        name=name if more < _WITH_NAME else "",
        connected=rest // 7 % 100 < _CONNECTED,
        signed_in=rest // 11 % 100 < _SIGNED_IN,
        proven=timedelta(seconds=rest % _PROVEN_WITHIN),
        opened=timedelta(seconds=_PROVEN_WITHIN + rest % (_OPENED_WITHIN - _PROVEN_WITHIN)),
    )


def phone(n: int) -> str:
    """In E.164; no two people share one."""
    line, segment = divmod(n, len(PREFIXES))
    return f"+86{PREFIXES[segment]}{line * _STEP % _LINES:08}"


def strangers(accounts: int) -> Iterator[int]:
    """The first ``accounts`` people in no order, nobody twice until all have been."""
    while True:
        seen: set[int] = set()
        while len(seen) < accounts:
            n = _CHANCE.randrange(accounts)
            if n not in seen:
                seen.add(n)
                yield n


def with_password(numbers: Iterable[int]) -> Iterator[Person]:
    return (found for found in map(person, numbers) if found.has_password)


def _of(choices: Sequence[str], number: int) -> str:
    return choices[number % len(choices)]


def _mixed(n: int) -> int:
    """Sixty-three bits that look like chance (splitmix64)."""
    mixed = (n + 1) * 0x9E3779B97F4A7C15 & 0xFFFFFFFFFFFFFFFF
    mixed = (mixed ^ mixed >> 30) * 0xBF58476D1CE4E5B9 & 0xFFFFFFFFFFFFFFFF
    mixed = (mixed ^ mixed >> 27) * 0x94D049BB133111EB & 0xFFFFFFFFFFFFFFFF
    return (mixed ^ mixed >> 31) >> 1
