"""Whether two things take equally long, told from many tries on a busy machine.

Tries of both kinds alternate in a random order; what is compared is the computing time of each
pair, so that a slow minute slows both. A difference counts when all of its interval (five
standard errors: one false alarm in a million) lies beyond what is called equal.
"""

import math
import random
import time
from collections.abc import Callable
from dataclasses import dataclass

SIGMA = 5.0


@dataclass(frozen=True)
class Difference:
    """Of the median, in seconds, and the interval it lies in for certain."""

    median: float
    low: float
    high: float

    def exceeds(self, equal: float) -> bool:
        return self.low > equal or self.high < -equal


def compare(known: Callable[[int], None], unknown: Callable[[int], None], pairs: int) -> Difference:
    """``known`` less ``unknown``; each is told the number of the pair."""
    chance = random.Random(7)
    found = []
    for number in range(pairs):
        both = [(known, 1.0), (unknown, -1.0)]
        chance.shuffle(both)
        found.append(sum(sign * _seconds(call, number) for call, sign in both))
    return interval(found)


def interval(differences: list[float]) -> Difference:
    """The median, and its distribution-free interval: two of the values in order."""
    ordered = sorted(differences)
    count = len(ordered)
    reach = SIGMA * math.sqrt(count) / 2
    low = max(0, math.floor(count / 2 - reach))
    high = min(count - 1, math.ceil(count / 2 + reach))
    return Difference(ordered[count // 2], ordered[low], ordered[high])


def median_of(call: Callable[[], object], times: int = 60) -> float:
    """What one ``call`` costs."""
    return sorted(_seconds(lambda _: call(), number) for number in range(times))[times // 2]


def _seconds(call: Callable[[int], object], number: int) -> float:
    begun = time.thread_time()
    call(number)
    return time.thread_time() - begun
